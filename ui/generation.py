"""What the Generate page shows, computed once for all visitors."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets import DatasetError, dataset
from ae_core.generation import (
    Mixture,
    Prior,
    Sampler,
    aggregate_posterior,
    drawn_images,
    in_holes,
    neighbours_near,
    normal_quantiles,
    spherical,
    straight,
)
from ae_core.models.base import GenerativeAutoencoder
from ae_core.nearest import Nearest
from ae_core.runs import Run
from ui import cached, latent
from ui.remembered import remembered

SAMPLERS = {
    "prior": "The prior of the model",
    "mixture": "A mixture fitted to the codes",
    "normal": "A normal distribution fitted to the codes",
}
SIDE = 15  # pictures along each side of the manifold


class Found(NamedTuple):
    """Training pictures (n, channels, height, width), and how far each is: squared error (n,), summed over pixels."""

    pictures: Tensor
    errors: Tensor


class Drawn:
    """Pictures (n, channels, height, width) of codes that no picture had."""

    def __init__(self, run: Run, codes: Tensor, seed: int) -> None:
        model = latent.network(run)
        self._dataset = run.recipe().dataset
        self.pictures = decoded(run, codes)  # the mean that the decoder gives
        # One picture drawn around that mean, where the model has a likelihood to draw from.
        self.drawn = drawn_images(model, codes, seed) if isinstance(model, GenerativeAutoencoder) else None

    @functools.cached_property
    def nearest(self) -> Found | None:
        """The training picture nearest to each; None where they are not on this computer. Found when first asked for, so
        that the pictures need not wait for it."""
        try:
            known = training_pictures(self._dataset)
        except DatasetError:
            return None
        index, errors = known.find(self.pictures)
        return Found(known.known[index].reshape(self.pictures.shape), errors)


def samplers(run: Run) -> dict[str, str]:
    """Where codes for this model can come from: name -> text on screen, the model's own prior first."""
    own = isinstance(latent.network(run), GenerativeAutoencoder)
    return SAMPLERS if own else {name: text for name, text in SAMPLERS.items() if name != "prior"}


def sampler(run: Run, name: str) -> Sampler:
    """The sampler of a run by its name in `samplers`."""
    return Prior(latent.network(run).latent) if name == "prior" else _fitted(run, cached.version(run), name)


@remembered(64, "Fitting to the codes …")
def _fitted(_run: Run, version: str, name: str) -> Mixture:
    found = latent.codes(_run).codes
    return Mixture.fit(found, components=1) if name == "normal" else Mixture.fit(found)


@torch.inference_mode()
def decoded(run: Run, codes: Tensor) -> Tensor:
    """Pictures (n, channels, height, width) of codes (n, latent)."""
    return latent.network(run).decode(codes).clamp(0, 1)


def samples(run: Run, name: str, n: int, temperature: float, seed: int) -> Drawn:
    """Pictures of codes drawn from a sampler."""
    return _samples(run, cached.version(run), name, n, temperature, seed)


@remembered(64)
def _samples(_run: Run, version: str, name: str, n: int, temperature: float, seed: int) -> Drawn:
    drawn = sampler(_run, name).draw(n, temperature, torch.Generator().manual_seed(seed))
    return Drawn(_run, drawn, seed)


def from_holes(run: Run, n: int, seed: int) -> Drawn:
    """Pictures of places between the codes, as far as possible from all of them."""
    return _from_holes(run, cached.version(run), n, seed)


@remembered(64)
def _from_holes(_run: Run, version: str, n: int, seed: int) -> Drawn:
    return Drawn(_run, in_holes(latent.codes(_run).codes, n, torch.Generator().manual_seed(seed)), seed)


@remembered(4)
def training_pictures(dataset_name: str) -> Nearest:
    """A search among the training pictures of a data set."""
    return Nearest.among(dataset(dataset_name).load().train.images, cached.pca(dataset_name))


@remembered(32)
def manifold(_run: Run, version: str, across: int, up: int) -> np.ndarray:
    """SIDE x SIDE pictures, the highest row first: two numbers of the code run through the quantiles of their normal.

    For a generative model that is the prior; otherwise a normal distribution fitted to each of the two numbers.
    """
    found = latent.codes(_run).codes
    own = isinstance(latent.network(_run), GenerativeAutoencoder)
    mean, spread = (
        (torch.zeros(2), torch.ones(2)) if own else (found[:, [across, up]].mean(0), found[:, [across, up]].std(0))
    )
    q = normal_quantiles(SIDE)
    codes = (torch.zeros(found.shape[1]) if own else found.mean(0)).repeat(SIDE * SIDE, 1)
    codes[:, across] = mean[0] + spread[0] * q.repeat(SIDE)
    codes[:, up] = mean[1] + spread[1] * q.flip(0).repeat_interleave(SIDE)
    return decoded(_run, codes).numpy()


class Ways(NamedTuple):
    """Codes (steps, latent) of the straight and of the spherical way, and how many codes lie near each step."""

    straight: Tensor
    spherical: Tensor
    near: tuple[list[int], list[int]]
    radius: float


def ways(run: Run, first: int, second: int, steps: int) -> Ways:
    """Both ways between the codes of two test pictures."""
    found = latent.codes(run).codes
    paths = [way(found[first], found[second], steps) for way in (straight, spherical)]
    counted = [neighbours_near(path, found) for path in paths]
    return Ways(paths[0], paths[1], (counted[0][0].tolist(), counted[1][0].tolist()), counted[0][1])


@remembered(32)
def spread_codes(_run: Run, version: str) -> np.ndarray:
    """One code (n, latent) of each test picture: drawn from the posterior of a generative model, else the code itself."""
    model = latent.network(_run)
    if isinstance(model, GenerativeAutoencoder):
        images = _run.recipe().data.load().test.images[:2000]
        return aggregate_posterior(model, images, torch.Generator().manual_seed(0)).numpy()
    return latent.codes(_run).codes.numpy()
