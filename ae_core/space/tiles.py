"""A sheet of decoded pictures over a part of a plane of codes: between them one can blend where decoding takes too
long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.models import Autoencoder
from ae_core.pictures.pixels import as_bytes
from ae_core.space.planes import Plane

SIDE = 24  # tiles along each side of a sheet
CHECKED = 48  # places between tiles at which the blend is compared with the decoder
PORTION = 64  # pictures decoded at a time
Corners = tuple[float, float, float, float]  # left, right, bottom, top


@dataclass(frozen=True)
class Tiles:
    """Decoded pictures (side, side, channels, height, width) uint8, lowest row first, and how far blending them is off.

    `error` is the mean absolute error per pixel of the bilinear blend against the decoder, measured between tiles.
    """

    pixels: Tensor
    error: float


@torch.inference_mode()
def tiles(
    model: Autoencoder,
    plane: Plane,
    corners: Corners,
    side: int = SIDE,
    report: Callable[[float], None] = lambda share: None,
) -> Tiles:
    """Decode side x side pictures on a regular lattice over a box of the plane, the corners included.

    `report` hears the share that is done.
    """
    left, right, bottom, top = corners
    u, v = torch.linspace(left, right, side), torch.linspace(bottom, top, side)
    lattice = torch.stack([u.repeat(side), v.repeat_interleave(side)], dim=1)  # row by row, upwards
    decoded: list[Tensor] = []
    for part in plane.codes(lattice).split(PORTION):
        decoded.append(model.decode(part))
        report(PORTION * len(decoded) / (len(lattice) + PORTION))
    sheet = as_bytes(torch.cat(decoded)).reshape(side, side, *model.shape)
    where = torch.rand(CHECKED, 2, generator=torch.Generator().manual_seed(0)) * (side - 1)
    points = torch.tensor([left, bottom]) + where / (side - 1) * torch.tensor([right - left, top - bottom])
    error = (blend(sheet.float() / 255, where) - model.decode(plane.codes(points)).clamp(0, 1)).abs().mean().item()
    return Tiles(sheet, error)


def blend(sheet: Tensor, where: Tensor) -> Tensor:
    """Bilinear blend (n, channels, height, width) of a sheet (side, side, ...) at lattice positions (n, 2) = (u, v)."""
    cell = where.floor().clamp(0, len(sheet) - 2).long()
    share = (where - cell).clamp(0, 1)
    (i, j), (a, b) = (cell[:, 0], cell[:, 1]), (part[:, None, None, None] for part in (share[:, 0], share[:, 1]))
    low = (1 - a) * sheet[j, i] + a * sheet[j, i + 1]
    high = (1 - a) * sheet[j + 1, i] + a * sheet[j + 1, i + 1]
    return (1 - b) * low + b * high
