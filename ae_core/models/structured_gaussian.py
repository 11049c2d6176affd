"""A Gaussian over pictures whose errors are correlated: neighbouring pixels may be wrong together.

A decoder with an independent error in each pixel knows how wrong it is, but not that a stroke which is too thick is too
thick everywhere; its samples look like snow. The covariance of N values has N (N + 1) / 2 numbers, too many to predict.
The precision (its inverse) may be sparse, and a triangular factor of it makes everything cheap:

    residual   r = x - mean,   r ~ Normal(0, inverse of Lambda)
    precision  Lambda = L L^T,   L lower triangular: Lambda is positive definite whatever the network says
               L[i, i] = exp(a_i),   L[j, i] = b_ij for the later neighbours j of pixel i, 0 elsewhere
    whiten     w_i = (L^T r)_i = exp(a_i) r_i + sum over later neighbours j of b_ij r_j,   w ~ Normal(0, I)
    density    log p(x) = sum over i of a_i - 1/2 sum over i of w_i^2 - N/2 log 2 pi,   in nats
    sample     solve L^T r = e, e ~ Normal(0, I), from the last pixel to the first; x = mean + r

Pixels are in raster order. The later neighbours are the half of an f x f neighbourhood that comes after its centre:
(f^2 - 1) / 2 weights a pixel, so 1 + (f^2 - 1) / 2 outputs instead of N; f = 1 has none and is the diagonal Gaussian.
Read backwards, w is a prediction error: the later neighbours predict pixel i, with error exp(-a_i). Weights that point
outside the picture multiply zero and get no gradient. Channels are independent of each other.

Units: pictures and mean in the unit of the pixels, exp(-log_diagonal) too; w has none. `log_prob` is the logarithm of
a density, so it may be positive and depends on that unit: for pixels in [0, 255] it is N log 255 less than in [0, 1].

Source: Dorta, Vicente, Agapito, Campbell and Simpson (2018), Structured Uncertainty Prediction Networks,
arXiv:1802.07079. The order of the solve is ours: pixels with equal (f + 1) / 2 y + x do not depend on each
other (the widest reach back is one row down and (f - 1) / 2 to the left), so each such wavefront is one step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

DENSE_PIXELS = 16 * 16  # a dense precision has the square of it: 65 536 numbers a channel


class StructureError(ValueError):
    """Tensors that do not describe a structured Gaussian, or a question that it does not answer."""


def neighbours(size: int) -> list[tuple[int, int]]:
    """Steps (dy, dx) to the later half, in raster order, of a `size` x `size` neighbourhood; size is odd.

    They are (size^2 - 1) / 2, none for size 1, and the weights `off_diagonal` are in this order.
    """
    if size < 1 or size % 2 == 0:
        raise StructureError(
            f"Neighbourhood {size}: must be an odd number such as 3, 5 or 7; it needs a central pixel."
        )
    reach = size // 2
    steps = [(dy, dx) for dy in range(reach + 1) for dx in range(-reach, reach + 1)]
    return [step for step in steps if step > (0, 0)]


@dataclass(frozen=True, eq=False)
class StructuredGaussian:
    """Normal(mean, inverse of L L^T) for each of n pictures; see the file's lesson.

    StructureError where the shapes do not fit together. Under autocast give float32: the density is a long sum.
    """

    mean: Tensor  # (n, c, h, w)
    log_diagonal: Tensor  # (n, c, h, w): a, the logarithm of the diagonal of L
    off_diagonal: Tensor  # (n, c, k, h, w): b at pixel i for its k = (f^2 - 1) / 2 later neighbours

    def __post_init__(self) -> None:
        shape, weights = tuple(self.mean.shape), tuple(self.off_diagonal.shape)
        fits = len(shape) == 4 and len(weights) == 5 and tuple(self.log_diagonal.shape) == shape
        if not fits or weights[:2] + weights[3:] != shape:
            raise StructureError(
                f"Shapes mean {shape}, log_diagonal {tuple(self.log_diagonal.shape)}, off_diagonal {weights}: must be "
                "(n, c, h, w) twice and (n, c, k, h, w); reshape what the network gives."
            )
        if self.size % 2 == 0 or self.size**2 != 2 * weights[2] + 1:
            raise StructureError(f"{weights[2]} weights a pixel: must be (f^2 - 1) / 2 with f odd, 4, 12 or 24.")

    @classmethod
    def isotropic(cls, mean: Tensor, log_variance: Tensor | float) -> StructuredGaussian:
        """The same variance, one number or tensor (), in all pixels of `mean` (n, c, h, w)."""
        value = torch.as_tensor(log_variance, dtype=mean.dtype, device=mean.device)
        if value.numel() != 1:
            raise StructureError(f"log_variance {tuple(value.shape)}: must be one number; use `diagonal` for more.")
        return cls.diagonal(mean, value.reshape(()).expand_as(mean))

    @classmethod
    def diagonal(cls, mean: Tensor, log_variance: Tensor) -> StructuredGaussian:
        """A variance for each pixel, no correlations; mean and log_variance (n, c, h, w)."""
        none = mean.new_zeros(*mean.shape[:2], 0, *mean.shape[2:])
        return cls(mean, -0.5 * log_variance, none)

    @property
    def size(self) -> int:
        """The side f of the neighbourhood; 1 is diagonal."""
        return math.isqrt(2 * self.off_diagonal.shape[2] + 1)

    def whiten(self, x: Tensor) -> Tensor:
        """w = L^T (x - mean) (n, c, h, w) of pictures x of that shape: Normal(0, I) if x comes from here."""
        residual = self._checked(x) - self.mean
        height, width = residual.shape[2:]
        reach = self.size // 2
        padded = F.pad(residual, (reach, reach, 0, reach))  # (n, c, h + reach, w + 2 reach)
        whitened = self.log_diagonal.exp() * residual
        for weight, (dy, dx) in zip(self.off_diagonal.unbind(2), neighbours(self.size), strict=True):
            left = reach + dx
            whitened = torch.addcmul(whitened, weight, padded[:, :, dy : dy + height, left : left + width])
        return whitened

    def log_prob(self, x: Tensor) -> Tensor:
        """Exact log density (n,) of pictures x (n, c, h, w), in nats a picture, differentiable in everything."""
        constant = 0.5 * math.log(2 * math.pi)
        return (self.log_diagonal - 0.5 * self.whiten(x).square() - constant).flatten(1).sum(1)

    @torch.no_grad()
    def sample(self, noise: Tensor) -> Tensor:
        """The picture x (n, c, h, w) with whiten(x) = noise (n, c, h, w); random if the noise is, without gradient."""
        n, c, h, w = self._checked(noise).shape
        reach = self.size // 2
        stride = w + 2 * reach  # of a picture with a frame of zeros, where all neighbours exist
        steps = torch.tensor([dy * stride + dx for dy, dx in neighbours(self.size)], dtype=torch.long).to(noise.device)
        scale, weights = (-self.log_diagonal).exp(), self.off_diagonal
        scale, right = (t.permute(2, 3, 0, 1).reshape(h * w, n * c) for t in (scale, noise))
        weights = weights.permute(3, 4, 2, 0, 1).reshape(h * w, -1, n * c)
        residual = right.new_zeros((h + reach) * stride, n * c)
        for front in _wavefronts(h, w, reach):
            pixels = front.to(noise.device)
            place = torch.div(pixels, w, rounding_mode="floor") * stride + pixels % w + reach
            later = residual[place[:, None] + steps]  # (pixels, k, n * c)
            residual[place] = scale[pixels] * (right[pixels] - (weights[pixels] * later).sum(1))
        inside = residual.view(h + reach, stride, n, c)[:h, reach : reach + w]
        return self.mean + inside.permute(2, 3, 0, 1)

    def dense_precision(self) -> Tensor:
        """Lambda = L L^T (n, c, h * w, h * w), to look at or to check; StructureError above 256 pixels (16 x 16)."""
        h, w = self.mean.shape[2:]
        if h * w > DENSE_PIXELS:
            raise StructureError(
                f"Pictures of {h} x {w}: a dense precision is for at most {DENSE_PIXELS} pixels (16 x 16); "
                "use log_prob, whiten and sample, which never build it."
            )
        factor = torch.diag_embed(self.log_diagonal.exp().flatten(2))  # (n, c, h * w, h * w)
        y, x = torch.meshgrid(*(torch.arange(side, device=factor.device) for side in (h, w)), indexing="ij")
        for weight, (dy, dx) in zip(self.off_diagonal.unbind(2), neighbours(self.size), strict=True):
            inside = (y + dy < h) & (x + dx >= 0) & (x + dx < w)
            column = (y * w + x)[inside]
            factor[:, :, column + dy * w + dx, column] = weight[:, :, inside]
        return factor @ factor.mT

    def _checked(self, x: Tensor) -> Tensor:
        if x.shape != self.mean.shape:
            raise StructureError(
                f"Pictures {tuple(x.shape)}: must have the shape of the mean {tuple(self.mean.shape)}."
            )
        return x


def _wavefronts(height: int, width: int, reach: int) -> Iterator[Tensor]:
    """Pixels y * width + x (m,) that can be solved together, the last pixel first; each tensor needs only
    earlier ones.
    """
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    when = ((reach + 1) * y + x).flatten()
    fronts = when.argsort(stable=True).split(when.bincount().tolist())
    return (front for front in reversed(fronts) if len(front))


def autocorrelation(residuals: Tensor, lag: tuple[int, int] = (0, 1)) -> float:
    """Correlation, in [-1, 1], of pixels with those `lag` = (down, right) away, pooled over images and channels.

    residuals (n, c, h, w) or whitened residuals, for which it is near 0 if the Gaussian explains the errors. Pearson's:
    the mean is taken away. StructureError where the lag leaves no pair or the pixels do not vary.
    """
    down, right = lag if lag >= (0, 0) else (-lag[0], -lag[1])
    h, w = residuals.shape[-2:]
    if down >= h or abs(right) >= w:
        raise StructureError(f"Lag {lag}: must be smaller than the picture, {h} x {w}.")
    start, end = max(0, -right), w - max(0, right)
    first = residuals.detach()[..., : h - down, start:end].double().flatten()
    second = residuals.detach()[..., down:, start + right : end + right].double().flatten()
    first, second = first - first.mean(), second - second.mean()
    scale = float(first.norm() * second.norm())
    if not scale > 0:
        raise StructureError("Residuals that do not vary, or are not numbers, have no correlation; check the model.")
    return float(first @ second) / scale
