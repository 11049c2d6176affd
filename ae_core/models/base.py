"""What every autoencoder can do; the abstract classes and nothing else."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from ae_core.models.reconstruction import UNITS, ReconstructionLoss

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

    @abstractmethod
    def start_from(self, images: Tensor) -> None:
        """Set the first weights from images (n, channels, height, width); the same images give the same weights."""


class DeterministicAutoencoder(Autoencoder, ABC):
    """An encoder network, a decoder network that ends in logits, and a reconstruction loss."""

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


class GenerativeAutoencoder(Autoencoder, ABC):
    """An autoencoder that also says how likely a code is, so that new pictures can be drawn from it."""

    @abstractmethod
    def posterior(self, x: Tensor) -> Gaussian:
        """The distribution q(code | picture) of each of n pictures."""

    @abstractmethod
    def sample_codes(self, n: int) -> Tensor:
        """Draw n codes (n, latent) from the prior."""
