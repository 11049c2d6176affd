"""Planes through the space of codes, so that a code of any size can be looked at on a flat map.

    code = origin + u * across + v * up + sum over further directions of s_d * direction_d

A map shows (u, v); sliders move the s_d. All numbers are in units of the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_FURTHER = 24  # sliders that a person can still tell apart


@dataclass(frozen=True)
class Direction:
    """A further direction of a plane: its name, vector (latent,), where it starts, and the range of the data."""

    name: str
    vector: Tensor
    start: float
    low: float
    high: float


@dataclass(frozen=True)
class Plane:
    """A flat map of the space of codes; `axes` (2, latent) are orthonormal, or the second is zero for a code of one."""

    origin: Tensor  # (latent,)
    axes: Tensor  # (2, latent)
    names: tuple[str, str]
    further: tuple[Direction, ...] = ()

    def coordinates(self, codes: Tensor) -> Tensor:
        """Where codes (n, latent) lie on the map, (n, 2): their projection onto the plane."""
        return (codes - self.origin) @ self.axes.T

    def codes(self, points: Tensor) -> Tensor:
        """Codes (n, latent) of points (n, 2) of the map, with every further direction at its start."""
        start = sum((d.start * d.vector for d in self.further), self.origin)
        return start + points @ self.axes


def of_dimensions(codes: Tensor, across: int, up: int, order: Sequence[int] = ()) -> Plane:
    """The plane of two numbers of the code (n, latent); the others, in `order`, become further directions.

    Numbers beyond the twenty-fourth of `order` stay at their mean.
    """
    latent = codes.shape[1]
    unit = torch.eye(latent)
    if latent == 1:
        return Plane(torch.zeros(1), torch.stack([unit[0], torch.zeros(1)]), ("z1", ""))
    rest = [d for d in order if d not in (across, up)][:MOST_FURTHER]
    origin = codes.mean(dim=0)
    origin[[across, up, *rest]] = 0.0
    further = tuple(_direction(f"z{d + 1}", unit[d], codes[:, d], codes[:, d].mean().item()) for d in rest)
    return Plane(origin, unit[[across, up]], (f"z{across + 1}", f"z{up + 1}"), further)


def all_numbers(codes: Tensor, order: Sequence[int]) -> Plane:
    """No plane at all: every number of `order` is a further direction, at most twenty-four; the rest stays at
    its mean.
    """
    unit, mean = torch.eye(codes.shape[1]), codes.mean(dim=0)
    shown = list(order)[:MOST_FURTHER]
    origin = mean.clone()
    origin[shown] = 0.0
    further = tuple(_direction(f"z{d + 1}", unit[d], codes[:, d], mean[d].item()) for d in shown)
    return Plane(origin, torch.zeros(2, codes.shape[1]), ("", ""), further)


def principal(codes: Tensor) -> Plane:
    """The plane in which codes (n, latent) vary most: their first two principal components; further ones follow."""
    origin = codes.mean(dim=0)
    _, _, components = torch.linalg.svd(codes - origin, full_matrices=False)
    # The sign of a component is free; this one puts its largest entry above zero, the same every time.
    largest = components.gather(1, components.abs().argmax(dim=1, keepdim=True))
    components = components * largest.sign()
    along = (codes - origin) @ components.T
    further = tuple(
        _direction(f"component {k + 1}", components[k], along[:, k], 0.0)
        for k in range(2, min(len(components), 2 + MOST_FURTHER))
    )
    return Plane(origin, components[:2], ("component 1 of the codes", "component 2 of the codes"), further)


def through(codes: Tensor) -> Plane:
    """The plane through three codes (3, latent): the first is the origin, the second lies to its right.

    Raises
        ValueError: where the three lie on a line, so that there is no one plane through them.
    """
    first, second, third = codes
    across = second - first
    up = third - first
    across = across / across.norm().clamp_min(1e-12)
    up = up - (up @ across) * across
    if not up.norm() > 1e-4 * (third - first).norm().clamp_min(1e-12) or not (second - first).norm() > 1e-9:
        raise ValueError("The three pictures have codes on one line: choose three that differ.")
    return Plane(first, torch.stack([across, up / up.norm()]), ("towards the second picture", "towards the third"))


def _direction(name: str, vector: Tensor, values: Tensor, start: float) -> Direction:
    low, high = torch.quantile(values, torch.tensor([0.005, 0.995], dtype=values.dtype)).tolist()
    pad = 0.1 * max(high - low, 1e-3)
    return Direction(name, vector, start, min(low - pad, start), max(high + pad, start))


def box(points: Tensor, margin: float = 0.08) -> tuple[float, float, float, float]:
    """A square (left, right, bottom, top) around points (n, 2), without the outermost half per cent of each side.

    The same scale on both axes, so that distances on the map are distances between codes.
    """
    ends = torch.quantile(points.double(), torch.tensor([0.005, 0.995], dtype=torch.double), dim=0)  # (2, 2)
    middle = ends.mean(dim=0)
    half = max((ends[1] - ends[0]).max().item() / 2, 1e-3) * (1 + 2 * margin)
    x, y = middle.tolist()
    return (x - half, x + half, y - half, y + half)
