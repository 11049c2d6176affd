"""Simple shapes drawn from known factors, so that a code can be compared with what the picture was made from.

Every picture is decided by five numbers: shape, size, rotation, x, y. A pixel's value is the share of it that the
shape covers, read off the signed distance to the outline (anti-aliasing).
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from ae_core.datasets.base import Dataset, Images, Program, Split
from ae_core.pictures.pictures import Pictures

SIDE = 32
CLASSES = ("square", "ellipse", "triangle")
TRAIN, TEST, SEED = 6000, 1500, 0
PROGRAM = f"train, test = draw(draw_factors({TRAIN + TEST}, {SEED})).split([{TRAIN}, {TEST}])"


def draw_factors(n: int, seed: int) -> dict[str, Tensor]:
    """Factors of n pictures, each (n,): shape 0-2 in equal share, size and position in pixels, rotation in radians."""
    random = torch.Generator().manual_seed(seed)
    shape = torch.arange(n) % len(CLASSES)
    size = 5 + 5 * torch.rand(n, generator=random)
    # A square looks the same after a quarter turn, an ellipse after a half, a triangle after a third.
    symmetry = torch.tensor([math.pi / 2, math.pi, 2 * math.pi / 3])[shape]
    rotation = symmetry * torch.rand(n, generator=random)
    middle, reach = SIDE / 2, SIDE / 2 - 10
    x = middle + reach * (2 * torch.rand(n, generator=random) - 1)
    y = middle + reach * (2 * torch.rand(n, generator=random) - 1)
    return {"shape": shape, "size": size, "rotation": rotation, "x": x, "y": y}


def draw(factors: dict[str, Tensor]) -> Tensor:
    """Pictures (n, 1, 32, 32) in [0, 1] of n sets of factors; `size` is the distance from centre to corner."""
    pixel = torch.arange(SIDE) + 0.5
    dx = pixel[None, None, :] - factors["x"][:, None, None]  # (n, 1, side)
    dy = pixel[None, :, None] - factors["y"][:, None, None]  # (n, side, 1)
    cos, sin = factors["rotation"].cos()[:, None, None], factors["rotation"].sin()[:, None, None]
    u, v = cos * dx + sin * dy, cos * dy - sin * dx  # (n, side, side), in the frame of the shape
    size = factors["size"][:, None, None]
    distances = torch.stack([_to_polygon(u, v, size, 4), _to_ellipse(u, v, size), _to_polygon(u, v, size, 3)])
    distance = distances.gather(0, factors["shape"][None, :, None, None].expand(1, -1, SIDE, SIDE))[0]
    return (0.5 - distance).clamp(0, 1).unsqueeze(1)


def _to_polygon(u: Tensor, v: Tensor, size: Tensor, corners: int) -> Tensor:
    """Distance in pixels to the nearest side line of a regular polygon, negative inside."""
    angles = [2 * math.pi * (k + 0.5) / corners for k in range(corners)]
    inradius = size * math.cos(math.pi / corners)
    return torch.stack([u * math.cos(a) + v * math.sin(a) for a in angles]).amax(0) - inradius


def _to_ellipse(u: Tensor, v: Tensor, size: Tensor) -> Tensor:
    """Distance to an ellipse twice as long as wide, to first order: level function over length of its gradient."""
    a, b = size, size / 2
    level = (u / a).square() + (v / b).square()
    slope = 2 * ((u / a.square()).square() + (v / b.square()).square()).sqrt()
    return (level - 1) / slope.clamp_min(1e-6)


@functools.cache
def load(seed: int = SEED) -> Split:
    """The shapes, drawn anew and always the same for one seed."""
    factors = draw_factors(TRAIN + TEST, seed)
    images = draw(factors)

    def part(rows: slice) -> Images:
        return Images(Pictures(images[rows]), factors["shape"][rows], {name: f[rows] for name, f in factors.items()})

    return Split(part(slice(0, TRAIN)), part(slice(TRAIN, None)))


SHAPES = Dataset(
    name="shapes",
    title="Shapes 32×32",
    shape=(1, SIDE, SIDE),
    classes=CLASSES,
    about=("7,500 squares, ellipses and triangles, drawn from five known numbers: shape, size, rotation, x, y."),
    source="drawn by this program (seed 0)",
    licence="MIT, as this program",
    epochs=20,
    load=load,
    program=Program(PROGRAM, {"draw": __name__, "draw_factors": __name__}),
)
