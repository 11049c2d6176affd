"""What every autoencoder can do; the abstract classes and nothing else."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ae_core.models.reconstruction import UNITS, ReconstructionLoss
from ae_core.pictures.pictures import Pictures

Shape = tuple[int, int, int]  # (channels, height, width)


class ShapeError(ValueError):
    """Pictures of a shape that the models do not take."""


def checked_shape(shape: Shape) -> Shape:
    """Return `shape` as a tuple; ShapeError unless it has 1 or 3 channels and sides of 8 to 64 pixels."""
    whole = len(shape) == 3 and all(isinstance(size, numbers.Integral) for size in shape)
    good = whole and shape[0] in (1, 3) and all(8 <= side <= 64 for side in shape[1:])
    if not good:
        raise ShapeError(
            f"Picture shape {tuple(shape)}: must be (channels, height, width) with 1 or 3 channels and sides "
            "from 8 to 64 pixels; resize the pictures."
        )
    return (int(shape[0]), int(shape[1]), int(shape[2]))


class Autoencoder(nn.Module, ABC):
    """A picture goes in, a code of `latent` numbers comes out, and from the code a picture again.

    Pictures are float tensors (n, channels, height, width) in [0, 1]; codes are (n, latent).
    """

    title: ClassVar[str]  # its name on screen
    unit: str  # of the loss: squared error or nats
    ends_in_logits: ClassVar[bool] = False  # whether `decode` is the sigmoid of `decoder`, so never exactly 0 or 1
    progress: float = 1.0  # share of the training that lay behind it in its last step; 1 once training has ended
    encoder: nn.Sequential  # layers from pictures to the code, or to the numbers that describe its distribution
    decoder: nn.Sequential  # layers from codes (n, latent) to what `decode` makes pictures of

    def __init__(self, shape: Shape, latent: int) -> None:
        super().__init__()
        self.shape = checked_shape(shape)
        self.latent = latent

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Codes (n, latent) of pictures (n, channels, height, width); the same every time it is asked."""

    @abstractmethod
    def decode(self, code: Tensor) -> Tensor:
        """Pictures (n, channels, height, width) in [0, 1] from codes (n, latent)."""

    @abstractmethod
    def losses(self, x: Tensor) -> dict[str, Tensor]:
        """The named terms of the training loss, summed over pixels and latents, averaged over images."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """Encode and decode: pictures (n, channels, height, width) in [0, 1]."""
        return self.decode(self.encode(x))


class DataStarted(Autoencoder, ABC):
    """One that wants to see all training pictures once, before the first step, to choose its first weights."""

    _begun: bool = False

    def begin(self, images: Tensor | Pictures) -> None:
        """`start_from(images)` the first time it is called, and nothing after that."""
        if not self._begun:
            self.start_from(images)
        self._begun = True

    @abstractmethod
    def start_from(self, images: Tensor | Pictures) -> None:
        """Set the first weights from images (n, channels, height, width); the same images give the same weights.

        `images[:]` is a tensor of all of them, in either case.
        """


class DeterministicAutoencoder(Autoencoder, ABC):
    """An encoder network, a decoder network that ends in logits, and a reconstruction loss."""

    ends_in_logits = True

    def __init__(
        self, shape: Shape, latent: int, networks: tuple[nn.Sequential, nn.Sequential], loss: ReconstructionLoss
    ) -> None:
        super().__init__(shape, latent)
        self.encoder, self.decoder = networks
        self.reconstruction_loss, self.unit = loss, UNITS[loss]

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code).sigmoid()

    def reconstruction(self, code: Tensor, x: Tensor) -> Tensor:
        """The reconstruction loss of codes (n, latent) against pictures x (n, channels, height, width); a scalar."""
        return self.reconstruction_loss(self.decoder(code), x)


class PlainAutoencoder(DeterministicAutoencoder, ABC):
    """One whose loss is the reconstruction alone."""

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        return {"reconstruction": self.reconstruction(self.encode(x), x)}


class Gaussian(NamedTuple):
    """A diagonal normal distribution over codes; both fields are (n, latent)."""

    mean: Tensor
    log_variance: Tensor

    def at(self, noise: Tensor) -> Tensor:
        """The codes mean + deviation * noise; noise is (n, latent) or (k, n, latent), and so is the answer."""
        return self.mean + (0.5 * self.log_variance).exp() * noise

    def kl(self) -> Tensor:
        """KL(this || Normal(0, I)) of each latent of each image (n, latent), in nats; Kingma and Welling,
        appendix B.
        """
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1 - self.log_variance)

    def log_ratio(self, noise: Tensor) -> Tensor:
        """log p(z) - log q(z | x) at z = `at(noise)` in nats, summed over latents: (n,) or (k, n); p is
        Normal(0, I).
        """
        return 0.5 * (noise.square() - self.at(noise).square() + self.log_variance).sum(-1)


class GenerativeAutoencoder(Autoencoder, ABC):
    """An autoencoder that also says how likely a picture is, so that new pictures can be drawn from it.

    A code z is drawn from the prior p(z) = Normal(0, I) and a picture from p(x | z), whose mean is `decode`.
    """

    @abstractmethod
    def posterior(self, x: Tensor) -> Gaussian:
        """The distribution q(code | picture) of each of n pictures."""

    @abstractmethod
    def log_likelihood(self, code: Tensor, x: Tensor) -> Tensor:
        """log p(x | code) of each picture (n,), in nats, of codes (n, latent) and pictures x (n, c, h, w)."""

    @abstractmethod
    def sample_images(self, code: Tensor) -> Tensor:
        """Draw a picture x from p(x | code) for each of n codes: (n, c, h, w); `decode` gives their mean.

        A draw from a normal distribution may lie outside [0, 1].
        """

    @abstractmethod
    def observed(self, x: Tensor) -> Tensor:
        """The pictures (n, c, h, w) that likelihoods are measured on: x itself, or drawn anew from its grey levels."""

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x).mean

    def log_weights(self, q: Gaussian, x: Tensor, noise: Tensor) -> Tensor:
        """Importance weights log p(x | z) p(z) / q(z | x) in nats (k, n) of n pictures x (n, c, h, w).

        z = q.at(noise), noise (k, n, latent); q is the posterior of x. Burda et al. (2016), eq. 8.
        """
        k, n = noise.shape[:2]
        z = q.at(noise)
        likelihood = self.log_likelihood(z.flatten(0, 1), x.expand(k, *x.shape).flatten(0, 1))
        return likelihood.view(k, n) + q.log_ratio(noise)

    def sample_codes(self, n: int) -> Tensor:
        """Draw n codes (n, latent) from the prior."""
        return torch.randn(n, self.latent, device=next(self.parameters()).device)
