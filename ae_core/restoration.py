"""Methods that clean damaged pictures, measured side by side in small slices of time, so that a page can look on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.baselines import PCA, Filter, pca_filter
from ae_core.corruption import repeatable
from ae_core.datasets import Dataset
from ae_core.exploration import one_of_each
from ae_core.metrics import psnr, reconstructions
from ae_core.models import Autoencoder
from ae_core.slices import InSlices

LEVELS = tuple(round(0.1 * i, 1) for i in range(11))
TUNED_ON, JUDGED_ON = 10, 40  # training pictures a strength is chosen on, test pictures a method is judged on
TIMES = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Method:
    """One way to clean pictures (n, channels, height, width); with more than one strength it has to be tuned first."""

    name: str
    title: str
    apply: Callable[[Tensor, float], Tensor]
    strengths: tuple[float, ...] = (0.0,)
    knob: str = ""


def by_model(name: str, title: str, model: Autoencoder) -> Method:
    """Encode and decode: what an autoencoder makes of a damaged picture."""
    return Method(name, title, lambda images, _: reconstructions(model, images))


def by_filter(name: str, title: str, chosen: Filter) -> Method:
    """A filter that has learned nothing but its one strength."""
    return Method(name, title, chosen.apply, chosen.strengths, chosen.knob)


def by_pca(fitted: PCA) -> Method:
    """Keep the first principal components of the damaged picture and drop the rest."""
    return by_filter("pca", "PCA", pca_filter(fitted))


class Sweep(InSlices):
    """PSNR of one method against the level of one kind of damage; the level somebody looks at comes first.

    The strength is the one with the least squared error on ten training pictures, damaged in the same way; the PSNR is
    that of the mean squared error over forty test pictures, four of each class where there are ten.
    """

    def __init__(self, method: Method, data: Dataset, kind: str) -> None:
        super().__init__()
        split = data.load()
        self.method, self.kind, self.wanted = method, kind, LEVELS[0]
        self.psnr: dict[float, float] = {}
        self._tuning = split.train.images[one_of_each(split.train.labels[:1000], TUNED_ON)]
        self._judged = split.test.images[one_of_each(split.test.labels[:1000], JUDGED_ON)]
        self._errors: dict[float, list[float]] = {}

    @property
    def share(self) -> float:
        return len(self.psnr) / len(LEVELS)

    def strength(self, level: float) -> float | None:
        """The tuned strength at a level; None while it is not known yet."""
        strengths, errors = self.method.strengths, self._errors.get(level, [])
        if len(strengths) == 1:
            return strengths[0]
        return strengths[errors.index(min(errors))] if len(errors) == len(strengths) else None

    def step(self) -> None:
        level = min((level for level in LEVELS if level not in self.psnr), key=lambda level: level != self.wanted)
        strength = self.strength(level)
        if strength is None:
            tried = self._errors.setdefault(level, [])
            tried.append(self._error(self._tuning, level, self.method.strengths[len(tried)]))
        else:
            self.psnr[level] = psnr(self._error(self._judged, level, strength))

    def _error(self, clean: Tensor, level: float, strength: float) -> float:
        damaged = repeatable(clean, self.kind, level)
        return (self.method.apply(damaged, strength) - clean).square().mean().item()


class Again(InSlices):
    """A method applied to its own output a hundred times: what does it converge to?"""

    def __init__(self, method: Method, strength: float, damaged: Tensor) -> None:
        super().__init__()
        self.outputs: dict[int, Tensor] = {}  # after so many times, each (1, channels, height, width)
        self.change = 0.0  # root mean square, between the last two outputs
        self._method, self._strength, self._now, self._times = method, strength, damaged, 0

    @property
    def share(self) -> float:
        return self._times / TIMES[-1]

    def step(self) -> None:
        after = self._method.apply(self._now, self._strength)
        self.change = float((after - self._now).square().mean().sqrt())
        self._now, self._times = after, self._times + 1
        if self._times in TIMES:
            self.outputs[self._times] = after


def damaged_psnr(data: Dataset, kind: str) -> dict[float, float]:
    """PSNR of the damaged pictures themselves at every level: what a method has to beat."""
    test = data.load().test
    clean = test.images[one_of_each(test.labels[:1000], JUDGED_ON)]
    return {level: psnr((repeatable(clean, kind, level) - clean).square().mean().item()) for level in LEVELS}


def quality(clean: Tensor, output: Tensor) -> float:
    """PSNR in dB of one picture against the clean one."""
    return psnr(torch.nn.functional.mse_loss(output, clean).item())
