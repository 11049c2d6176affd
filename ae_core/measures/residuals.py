"""What is left over when a structured VAE has rebuilt a picture, and three ways to say how wrong it may be.

    one variance         the same for all pixels: mean squared error of the training pictures
    variance per pixel   the same for all pictures: mean squared error of each pixel over the training pictures
    predicted            what the model says for each picture

All three are measured on the same errors x - y(z), z ~ q(z | x), with the same least deviation, so only the shape of
the Gaussian differs. What is predicted by a model with neighbourhood 1x1 is a variance for each pixel and picture;
trained with the same seed and plan, it has the same encoder and the same mean, bit for bit, as one with 3x3, 5x5 or
7x7. So the four steps isotropic, diagonal, predicted diagonal, structured come from two trainings.

Source: Dorta et al. (2018), Structured uncertainty prediction networks, arXiv:1802.07079, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.chance import seeded
from ae_core.models import StructuredVAE
from ae_core.models.structured_gaussian import StructuredGaussian, autocorrelation
from ae_core.pictures.pixels import checked_pictures

BATCH = 250  # pictures at a time
AT_FLOOR = 0.1  # a deviation that is within a tenth of the least one is called the least one


class Errors(NamedTuple):
    """How well one Gaussian explains the errors of test pictures."""

    nats_per_pixel: float  # -log p(x | z) / pixels, mean over pictures; channels count as pixels; white is 1
    right: float  # correlation, in [-1, 1], of the whitened error of a pixel with its right neighbour's; 0 is explained
    down: float  # the same with the pixel below
    variance: (
        float  # of the whitened error, mean over pixels that are not at the floor; 1 is explained, less is too sure
    )
    at_floor: float  # share of pixels whose deviation is the least allowed: their errors are smaller than may be said


@torch.inference_mode()
def explained_errors(model: StructuredVAE, train: Tensor, test: Tensor, seed: int = 0) -> dict[str, Errors]:
    """The three Gaussians of this module's text, fitted on `train` and measured on `test`, both (n, c, h, w)."""
    train, test = (checked_pictures(part, model, name=name) for part, name in ((train, "train"), (test, "test")))
    device = next(model.parameters()).device
    with seeded(seed, device):
        squares = torch.stack([(x - p.mean).square().double().sum(0) for x, p in _predicted(model, train)]).sum(0)
        per_pixel = (squares / len(train)).clamp(min=model.floor**2).to(train.dtype).log()
        one = (squares.mean() / len(train)).clamp(min=model.floor**2).to(train.dtype).log()
        densities: dict[str, list[Tensor]] = {}
        floored: dict[str, list[Tensor]] = {}
        whitened: dict[str, list[Tensor]] = {}
        for x, p in _predicted(model, test):
            gaussians = {
                "one variance": StructuredGaussian.isotropic(p.mean, one),
                "variance per pixel": StructuredGaussian.diagonal(p.mean, per_pixel.expand_as(p.mean)),
                "predicted": p,
            }
            for name, gaussian in gaussians.items():
                densities.setdefault(name, []).append(gaussian.log_prob(x).double())
                whitened.setdefault(name, []).append(gaussian.whiten(x))
                floored.setdefault(name, []).append(gaussian.log_diagonal >= -math.log(model.floor) - AT_FLOOR)
    nats = {name: -torch.cat(parts).mean().item() / test[0].numel() for name, parts in densities.items()}
    return {name: _errors(nats[name], torch.cat(whitened[name]), torch.cat(floored[name])) for name in nats}


def _errors(nats: float, whitened: Tensor, floored: Tensor) -> Errors:
    """The measures of whitened errors (n, c, h, w), with a mark (n, c, h, w) for the pixels at the floor."""
    across, down = autocorrelation(whitened), autocorrelation(whitened, (1, 0))
    free = whitened[~floored]
    variance = free.double().square().mean().item() if len(free) else math.nan
    return Errors(nats, across, down, variance, floored.double().mean().item())


def _predicted(model: StructuredVAE, images: Tensor) -> Iterator[tuple[Tensor, StructuredGaussian]]:
    """Portions of the images and p(x | z) at a code z ~ q(z | x) for each."""
    device = next(model.parameters()).device
    for batch in images.split(BATCH):
        x = batch.to(device)
        q = model.posterior(x)
        yield x, model.distribution(q.at(torch.randn_like(q.mean)))
