"""How well a generative model explains pictures it has never seen, and which numbers of its code it uses.

    ELBO            E[log p(x | z)] - KL(q(z | x) || p(z)),   z ~ q(z | x): a bound from below on log p(x)
    log p(x)        about log 1/k sum over k codes z ~ q(z | x) of p(x | z) p(z) / q(z | x)
    active units    numbers of the code whose posterior mean varies over the pictures by more than 0.01

The second, importance sampling, is again a bound from below, which rises with k and is tight in the limit: 500 codes
are usual, 5000 for a number that is published. All in nats a picture, for the likelihood that the model was trained
with: a probability for black or white pixels, a density for grey ones; never compare the two.

Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders, arXiv:1509.00519, eq. 8 and section
5.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.chance import seeded
from ae_core.measures.metrics import BATCH
from ae_core.models import GenerativeAutoencoder
from ae_core.models.base import Gaussian
from ae_core.models.likelihoods import Bernoulli
from ae_core.pictures.pixels import checked_pictures

AT_ONCE = 2**20  # pixels that are decoded together: 4 MB, which stays in the cache
ACTIVE = 0.01  # variance of a posterior mean; Burda et al. (2016), section 5.2


class Estimate(NamedTuple):
    """A mean over pictures and its standard error, both in nats a picture."""

    mean: float
    standard_error: float


class Elbo(NamedTuple):
    """The two parts of -ELBO, means over pictures in nats, whatever beta or bound the model was trained with."""

    reconstruction: float  # -E[log p(x | z)]
    kl: float

    @property
    def elbo(self) -> float:
        """The bound on log p(x), in nats a picture."""
        return -self.reconstruction - self.kl


def log_likelihoods(
    model: GenerativeAutoencoder, images: Tensor, samples: int = 500, seed: int = 0
) -> Iterator[Tensor]:
    """Estimates of log p(x) in nats, (m,) for the next m of the images (n, c, h, w), until all have had their turn.

    `samples` codes are drawn for each image. Draws depend on `seed` and on the number of the portion only.
    """
    images, device = checked_pictures(images, model), next(model.parameters()).device
    portion = max(1, AT_ONCE // (samples * images[0].numel()))
    for number, batch in enumerate(images.split(portion)):
        with torch.inference_mode(), seeded(seed * 1_000_003 + number, device):
            x = model.observed(batch.to(device))
            q = model.posterior(x)
            noise = torch.randn(samples, *q.mean.shape, dtype=x.dtype, device=device)
            parts = noise.split(max(1, AT_ONCE // x.numel()))
            weights = torch.cat([model.log_weights(q, x, part) for part in parts])
            estimates = weights.double().logsumexp(0) - math.log(samples)
        yield estimates.to(images.device)


def log_likelihood(model: GenerativeAutoencoder, images: Tensor, samples: int = 500, seed: int = 0) -> Estimate:
    """log p(x) of images (n, c, h, w) by importance sampling: mean over images and its standard error, in nats.

    The error is the spread over images (and what sampling adds to it); that the estimate lies below the truth, the more
    the fewer `samples`, is not in it. 10 000 MNIST digits with 500 samples take minutes; `log_likelihoods` goes step by
    step and can be watched.
    """
    each = torch.cat(list(log_likelihoods(model, images, samples, seed)))
    spread = each.std().item() if len(each) > 1 else math.nan
    return Estimate(each.mean().item(), spread / math.sqrt(len(each)))


@torch.inference_mode()
def remark(model: GenerativeAutoencoder, images: Tensor) -> str:
    """What kind of number log p(x) of images (n, c, h, w) in [0, 1] is, in a sentence, to stand wherever it is
    printed.
    """
    if not isinstance(getattr(model, "likelihood", None), Bernoulli):
        return (
            "elbo and log_likelihood are logarithms of a density: they may be positive, and depend on the unit of the "
            "pixels."
        )
    images = checked_pictures(images, model)
    with seeded(0, images.device):
        x = model.observed(images[:BATCH])
    if bool(((x > 0) & (x < 1)).any()):
        return (
            "elbo and log_likelihood are not of a probability: these pixels are grey, and a coin (bernoulli) is black "
            "or white; compare them on the same pictures only, or train with binarise."
        )
    return "elbo and log_likelihood are logarithms of a probability: every pixel is black or white."


@torch.inference_mode()
def elbo(model: GenerativeAutoencoder, images: Tensor, seed: int = 0) -> Elbo:
    """The parts of -ELBO on images (n, c, h, w), one code for each."""
    images, device = checked_pictures(images, model), next(model.parameters()).device
    sums = torch.zeros(2, dtype=torch.float64)
    with seeded(seed, device):
        for batch in images.split(BATCH):
            x = model.observed(batch.to(device))
            q = model.posterior(x)
            reconstruction = -model.log_likelihood(q.at(torch.randn_like(q.mean)), x)
            sums += torch.stack([reconstruction, q.kl().sum(1)], 1).double().sum(0).cpu()
    return Elbo(*(sums / len(images)).tolist())


@torch.inference_mode()
def kl_per_dimension(model: GenerativeAutoencoder, images: Tensor, seed: int = 0) -> Tensor:
    """KL(q(z | x) || p(z)) of each number of the code (latent,), mean over images (n, c, h, w), in nats."""
    return _posteriors(model, images, seed).kl().mean(0)


@torch.inference_mode()
def active_units(model: GenerativeAutoencoder, images: Tensor, seed: int = 0) -> int:
    """How many numbers of the code have a posterior mean whose variance over images (n, c, h, w) is above 0.01."""
    return int((_posteriors(model, images, seed).mean.var(0) > ACTIVE).sum())


def _posteriors(model: GenerativeAutoencoder, images: Tensor, seed: int) -> Gaussian:
    """The posteriors of all images, in double precision."""
    images, device = checked_pictures(images, model), next(model.parameters()).device
    with seeded(seed, device):
        parts = [model.posterior(model.observed(batch.to(device))) for batch in images.split(BATCH)]
    return Gaussian(*(torch.cat(field).double().to(images.device) for field in zip(*parts, strict=True)))
