"""Pictures of codes that no picture had: drawn, taken from holes, from ways between codes, and from sums of codes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.looks.codes import codes
from ae_core.looks.look import look
from ae_core.models.base import GenerativeAutoencoder
from ae_core.runs.opened import Opened
from ae_core.space.sampling import (
    Mixture,
    Prior,
    Sampler,
    drawn_images,
    in_holes,
    neighbours_near,
    normal_quantiles,
    spherical,
    straight,
)

SIDE = 15  # pictures along each side of the manifold


class Drawn(NamedTuple):
    """Pictures (n, channels, height, width) of codes that no picture had."""

    pictures: Tensor  # the mean that the decoder gives
    drawn: Tensor | None  # one drawn around that mean, where the model has a likelihood to draw from


@torch.inference_mode()
def decoded(run: Opened, z: Tensor) -> Tensor:
    """Pictures (n, channels, height, width) of codes z (n, latent), cut to [0, 1]."""
    return run.model.decode(z).clamp(0, 1)


@look("Fitting to the codes")
def fitted(run: Opened, components: int) -> Mixture:
    """A mixture of normal distributions fitted to the codes of the test pictures."""
    return Mixture.fit(codes(run).codes, components)


@look()
def drawn(run: Opened, components: int, n: int, temperature: float, seed: int) -> Drawn:
    """Pictures of n codes drawn from a mixture that is fitted to the codes; of no components: from the prior."""
    source: Sampler = fitted(run, components) if components else Prior(run.model.latent)
    return _drawn(run, source.draw(n, temperature, torch.Generator().manual_seed(seed)), seed)


@look()
def from_holes(run: Opened, n: int, seed: int) -> Drawn:
    """Pictures of places between the codes, as far as possible from all of them."""
    return _drawn(run, in_holes(codes(run).codes, n, torch.Generator().manual_seed(seed)), seed)


def _drawn(run: Opened, z: Tensor, seed: int) -> Drawn:
    model = run.model
    return Drawn(decoded(run, z), drawn_images(model, z, seed) if isinstance(model, GenerativeAutoencoder) else None)


@look()
def manifold(run: Opened, across: int, up: int) -> Tensor:
    """SIDE x SIDE pictures, the highest row first: two numbers of the code run through the quantiles of their normal.

    For a generative model that is the prior; otherwise a normal distribution fitted to each of the two numbers.
    """
    found = codes(run).codes
    own = isinstance(run.model, GenerativeAutoencoder)
    mean, spread = (
        (torch.zeros(2), torch.ones(2)) if own else (found[:, [across, up]].mean(0), found[:, [across, up]].std(0))
    )
    q = normal_quantiles(SIDE)
    z = (torch.zeros(found.shape[1]) if own else found.mean(0)).repeat(SIDE * SIDE, 1)
    z[:, across] = mean[0] + spread[0] * q.repeat(SIDE)
    z[:, up] = mean[1] + spread[1] * q.flip(0).repeat_interleave(SIDE)
    return decoded(run, z)


class Way(NamedTuple):
    """Pictures (steps, channels, height, width) on a way from one code to another, how many codes lie near each step,
    and what near means.
    """

    pictures: Tensor
    near: list[int]
    radius: float


WAYS = {"straight": straight, "spherical": spherical}


@look()
def way(run: Opened, kind: str, first: int, second: int, steps: int) -> Way:
    """One of `WAYS` between the codes of two test pictures."""
    found = codes(run).codes
    path = WAYS[kind](found[first], found[second], steps)
    near, radius = neighbours_near(path, found)
    return Way(decoded(run, path), near.tolist(), radius)


@look()
def film(run: Opened, kind: str, first: int, second: int, steps: int) -> Tensor:
    """The pictures of a way alone, of more steps."""
    found = codes(run).codes
    return decoded(run, WAYS[kind](found[first], found[second], steps))


@look()
def faded(run: Opened, first: int, second: int, steps: int) -> Tensor:
    """Two test pictures faded into each other, pixel by pixel, without any model; DatasetError without pictures."""
    ends = run.data.load().test.images[[first, second]]
    return torch.stack([torch.lerp(ends[0], ends[1], k / (steps - 1)) for k in range(steps)])


@look()
def moved(
    run: Opened, picture: int, minus: tuple[int, ...], plus: tuple[int, ...], amounts: tuple[float, ...]
) -> Tensor:
    """A test picture, moved by some amounts along the direction from the mean code of one group of test pictures to
    that of another: (amounts, channels, height, width).
    """
    found = codes(run).codes
    direction = found[list(plus)].mean(dim=0) - found[list(minus)].mean(dim=0)
    return decoded(run, found[picture] + torch.tensor(amounts)[:, None] * direction)
