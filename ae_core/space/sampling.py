"""Codes for pictures that nobody drew: where to draw them from, and ways from one code to another.

A generative model says itself where codes come from: its prior. A plain autoencoder does not; for it a normal
distribution, or a mixture of several, is fitted to the codes of real pictures. Ghosh et al. (2020), From variational
to deterministic autoencoders, arXiv:1903.12436, sec. 4.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.chance import seeded
from ae_core.models.base import GenerativeAutoencoder
from ae_core.pictures.pixels import checked_pictures
from ae_core.space.nearest import nearest

COMPONENTS = 10  # of a mixture, as many as most data sets have classes
FITTED = 2000  # codes at most that a distribution is fitted to
FULL = 16  # largest code for which a component of a mixture has a full covariance
DEAD = 0.01  # nats: a number of the code with less says nothing about the picture


class Sampler(ABC):
    """Where codes are drawn from."""

    @abstractmethod
    def draw(self, n: int, temperature: float, generator: torch.Generator) -> Tensor:
        """Codes (n, latent); `temperature` scales how far they lie from the middle, 1 is the distribution itself."""


@dataclass(frozen=True)
class Prior(Sampler):
    """The standard normal prior of a generative model."""

    latent: int

    def draw(self, n: int, temperature: float, generator: torch.Generator) -> Tensor:
        return temperature * torch.randn(n, self.latent, generator=generator)


@dataclass(frozen=True)
class Mixture(Sampler):
    """A mixture of normal distributions; with one component a normal distribution."""

    weights: Tensor  # (components,)
    means: Tensor  # (components, latent)
    roots: Tensor  # (components, latent, latent): covariance = root @ root.T

    @classmethod
    def fit(cls, codes: Tensor, components: int = COMPONENTS) -> Mixture:
        """Fit to codes (n, latent): moments, or expectation maximisation by scikit-learn, always with the same
        start.
        """
        from sklearn.mixture import GaussianMixture

        rows = codes[torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))[:FITTED]].double()
        floor = 1e-6 + 1e-4 * rows.var(dim=0).mean().item()
        if components == 1:
            covariance = torch.cov(rows.T).reshape(rows.shape[1], -1) + floor * torch.eye(rows.shape[1])
            root = torch.linalg.cholesky(covariance)
            return cls(torch.ones(1), rows.mean(dim=0, keepdim=True).float(), root[None].float())
        kind = "full" if rows.shape[1] <= FULL else "diag"
        fitted = GaussianMixture(
            min(components, len(rows)),
            covariance_type=kind,
            reg_covar=floor,
            max_iter=30,
            tol=1e-2,
            init_params="k-means++",
            random_state=0,
        ).fit(rows.numpy())
        spread = torch.from_numpy(fitted.covariances_)
        roots = torch.linalg.cholesky(spread) if kind == "full" else torch.diag_embed(spread.sqrt())
        return cls(torch.from_numpy(fitted.weights_), torch.from_numpy(fitted.means_).float(), roots.float())

    def draw(self, n: int, temperature: float, generator: torch.Generator) -> Tensor:
        which = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.means.shape[1], generator=generator)
        return self.means[which] + temperature * (self.roots[which] @ noise[:, :, None])[:, :, 0]


def straight(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes (steps, latent) on the line between two codes (latent,), both ends included."""
    return torch.lerp(start, end, torch.linspace(0, 1, steps)[:, None])


def spherical(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes (steps, latent) that turn from one code (latent,) to another at an even rate, both ends included.

    sin((1 - t) w) / sin w * start + sin(t w) / sin w * end, with w the angle between the two: Shoemake (1985). Codes of
    a normal prior with many numbers all lie about sqrt(latent) from zero; the straight way leaves that shell, this one
    does not. Straight where the angle is no use: almost 0 or almost 180 degrees, or a code at zero.
    """
    lengths = start.norm() * end.norm()
    cosine = (start @ end / lengths).clamp(-1, 1) if lengths > 1e-12 else torch.tensor(1.0)
    angle = torch.arccos(cosine)
    if not 1e-3 < angle < math.pi - 1e-3:
        return straight(start, end, steps)
    t = torch.linspace(0, 1, steps)[:, None]
    return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle)


def neighbours_near(path: Tensor, codes: Tensor) -> tuple[Tensor, float]:
    """How many of the codes (n, latent) lie near each code of a path (m, latent), (m,); and what near means.

    Near is within twice the median distance from a code to its nearest neighbour, measured on 500 of them.
    """
    some = torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))[:500]
    radius = 2 * nearest(codes[some], codes, besides=some).distance.median().item()
    return (torch.cdist(path, codes) <= radius).sum(dim=1), radius


def normal_quantiles(side: int) -> Tensor:
    """`side` numbers that cut the standard normal distribution into parts of equal probability; Kingma and Welling,
    fig. 4.
    """
    return torch.special.ndtri((torch.arange(side, dtype=torch.double) + 0.5) / side).float()


@torch.inference_mode()
def kl_by_dimension(model: GenerativeAutoencoder, images: Tensor) -> Tensor:
    """KL(q || Normal(0, 1)) of each number of the code (latent,), in nats, mean over images (n, channels, height,
    width).
    """
    return model.posterior(checked_pictures(images, model)).kl().mean(dim=0)


@torch.inference_mode()
def aggregate_posterior(model: GenerativeAutoencoder, images: Tensor, generator: torch.Generator) -> Tensor:
    """One code (n, latent) drawn from the posterior of each image: all of them together are the aggregate posterior."""
    q = model.posterior(checked_pictures(images, model))
    return q.at(torch.randn(q.mean.shape, generator=generator))


@torch.inference_mode()
def drawn_images(model: GenerativeAutoencoder, codes: Tensor, seed: int) -> Tensor:
    """A picture drawn from p(x | code) for each code (n, latent), in [0, 1]; the caller's random state is kept."""
    with seeded(seed):
        return model.sample_images(codes).clamp(0, 1)


def in_holes(codes: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """n places (n, latent) drawn evenly from the range of the codes, of which nine tenths lie nearer to some code."""
    low, high = codes.min(dim=0).values, codes.max(dim=0).values
    places = low + (high - low) * torch.rand(max(500, 20 * n), codes.shape[1], generator=generator)
    known = codes[torch.randperm(len(codes), generator=generator)[:FITTED]]
    lonely = nearest(places, known).distance[:, 0]
    return places[lonely >= lonely.quantile(0.9)][:n]
