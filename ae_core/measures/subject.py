"""What is measured: a network, PCA, the mean picture or any outputs, and what it makes of the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from torch import Tensor

from ae_core.baselines import PCA, mean_image
from ae_core.datasets import Images, Split
from ae_core.measures.metrics import (
    codes,
    cross_entropy,
    cross_entropy_of_logits,
    reconstructions,
    squared_errors,
)
from ae_core.measures.representation import Sparsity, sparsity
from ae_core.models import Autoencoder
from ae_core.pictures.pictures import Pictures

READ = 1000  # pictures of each part in `from_all_over`


@dataclass(frozen=True, eq=False)
class Subject:
    """One thing to measure. What several metrics need is computed once, for the first that asks.

    Metrics of the group `code` ask for `read` and `encode`, all others do without.
    """

    given: Tensor | Pictures  # (n, channels, height, width): `images`, perhaps kept as bytes
    rebuild: Callable[[Tensor], Tensor]  # images -> outputs of the same shape, in [0, 1]
    encode: Callable[[Tensor], Tensor] | None = None  # images (m, channels, height, width) -> codes (m, latent)
    read: Split | None = None  # pictures whose codes are read: classifiers learn from `train` and answer for `test`
    model: Autoencoder | None = None  # where it is a network
    latent: int = 0  # numbers in a code
    parameters: int = 0
    seconds: float | None = None  # of training, where it took any
    known_errors: Tensor | None = None  # (n,): `errors`, where somebody has measured them

    @classmethod
    def of_model(
        cls,
        model: Autoencoder,
        images: Tensor | Pictures,
        read: Split | None = None,
        *,
        seconds: float | None = None,
        errors: Tensor | None = None,
    ) -> Subject:
        """A network, on images (n, channels, height, width); `errors` (n,) where they are known."""
        parameters = sum(values.numel() for values in model.parameters())
        rebuild, encode = (lambda x: reconstructions(model, x)), (lambda x: codes(model, x))
        return cls(images, rebuild, encode, read, model, model.latent, parameters, seconds, errors)

    @classmethod
    def of_pca(
        cls,
        pca: PCA,
        latent: int,
        images: Tensor | Pictures,
        read: Split | None = None,
        *,
        errors: Tensor | None = None,
    ) -> Subject:
        """PCA with `latent` components, or as many as there are, on images (n, channels, height, width)."""
        size = min(latent, len(pca.components))
        rebuild, encode = (lambda x: pca.reconstruct(x, size)), (lambda x: pca.codes(x, size))
        parameters = len(pca.mean) * (size + 1)
        return cls(images, rebuild, encode, read, None, size, parameters, None, errors)

    @classmethod
    def of_mean(cls, train: Tensor | Pictures, images: Tensor | Pictures) -> Subject:
        """The mean of training pictures as the answer to all images; both (n, channels, height, width)."""
        mean = mean_image(train)
        return cls(images, mean.expand_as, parameters=mean.numel())

    @cached_property
    def images(self) -> Tensor:
        """The pictures (n, channels, height, width) that are to be rebuilt, float32."""
        return self.given[:]

    @property
    def pixels(self) -> int:
        """Values of a picture."""
        return self.given[0].numel()

    @cached_property
    def outputs(self) -> Tensor:
        """What the images (n, channels, height, width) become."""
        return self.rebuild(self.images)

    @cached_property
    def errors(self) -> Tensor:
        """Squared error of each image (n,), summed over pixels."""
        return squared_errors(self.images, self.outputs) if self.known_errors is None else self.known_errors

    @cached_property
    def cross_entropy(self) -> float | None:
        """Cross-entropy in nats per pixel; None where it is infinite (see `metrics.NO_CROSS_ENTROPY`)."""
        found = cross_entropy(self.images, self.outputs)
        if not isfinite(found) and self.model is not None and self.model.ends_in_logits:
            found = cross_entropy_of_logits(self.model, self.images)
        return found if isfinite(found) else None

    @cached_property
    def learned_codes(self) -> Tensor:
        """Codes (m, latent) of the pictures of `read` that classifiers learn from."""
        assert self.encode and self.read, "a subject without codes"
        return self.encode(self.read.train.images[:])

    @cached_property
    def codes(self) -> Tensor:
        """Codes (m, latent) of the test pictures of `read`."""
        assert self.encode and self.read, "a subject without codes"
        return self.encode(self.read.test.images[:])

    @cached_property
    def sparsity(self) -> Sparsity:
        """How much of the codes speaks."""
        return sparsity(self.codes)


def from_all_over(split: Split, most: int = READ) -> Split:
    """At most so many pictures of either part of a split, evenly from all over it: quick to encode, always the same."""
    return Split(_evenly(split.train, most), _evenly(split.test, most))


def _evenly(part: Images, most: int) -> Images:
    every = max(1, len(part.labels) // most)
    return Images(Pictures(part.images[::every][:most]), part.labels[::every][:most])
