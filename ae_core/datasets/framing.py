"""A drawing of any size becomes a picture the way the makers of a data set made theirs; else a network sees strange
ink.

A framing takes one drawing (height, width) in [0, 1], light ink on dark, and gives (height, width) in [0, 1] of the
data set's own size. Each data set names its framing beside its shape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Framing = Callable[[Tensor], Tensor]
INK = 0.02  # a pixel brighter than this belongs to the drawing
BLOCK = 4  # the digits: 32x32 bitmaps, counted in blocks of 4x4


def ink_box(drawing: Tensor, least: float = INK) -> tuple[int, int, int, int] | None:
    """Top, bottom, left, right of the pixels brighter than `least` in a drawing (height, width); None where it is
    empty.
    """
    rows, columns = (drawing > least).any(1).nonzero(), (drawing > least).any(0).nonzero()
    if not len(rows):
        return None
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def resized(drawing: Tensor, height: int, width: int) -> Tensor:
    """A drawing (..., h, w) at (height, width): each new pixel is the mean of the area it covers."""
    rows, columns = _shares(drawing.shape[-2], height), _shares(drawing.shape[-1], width)
    return (rows @ drawing @ columns.T).clamp(0, 1)


@functools.lru_cache(maxsize=128)
def _shares(old: int, new: int) -> Tensor:
    """How much of each of `new` equal intervals lies in each of `old` equal ones; rows of (new, old) sum to one."""
    edges, pixels = torch.arange(new + 1, dtype=torch.float64) * (old / new), torch.arange(old, dtype=torch.float64)
    ends = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (ends.clamp_min(0) * (new / old)).float()


def mnist_framing(drawing: Tensor) -> Tensor:
    """28x28: the ink fits a box of 20x20, its proportions kept, and its centre of mass lies in the middle.

    Source: LeCun, Cortes and Burges (1998), the page of the MNIST database.
    """
    box = ink_box(drawing)
    if box is None:
        return torch.zeros(28, 28)
    top, bottom, left, right = box
    tall, wide = bottom - top, right - left
    scale = 20 / max(tall, wide)
    small = resized(drawing[top:bottom, left:right], max(1, round(tall * scale)), max(1, round(wide * scale)))
    return _by_mass(small, 28)


def _by_mass(small: Tensor, side: int) -> Tensor:
    """A small picture in a black square, moved by whole pixels so that its centre of mass is nearest to the middle."""
    mass = small.sum().clamp_min(1e-9)
    page = torch.zeros(side, side)
    corner = []
    for axis, size in enumerate(small.shape):
        centre = (small.sum(1 - axis) * torch.arange(size)).sum() / mass  # whole numbers are the middles of pixels
        corner.append(min(max(0, round(side / 2 - float(centre))), side - size))
    page[corner[0] : corner[0] + small.shape[0], corner[1] : corner[1] + small.shape[1]] = small
    return page


def digits_framing(drawing: Tensor) -> Tensor:
    """8x8: the ink fills all 32 rows and at most 20 columns of a bitmap of 32x32; a value is the share of ink in 4x4
    pixels.

    Source: Alpaydin and Kaynak (1998), Optical recognition of handwritten digits; the box of 20x32 is that of NIST's
    form- based handprint recognition system (Garris et al. 1994, NISTIR 5469).
    """
    brightest = float(drawing.max())
    box = ink_box(drawing, 0.5 * brightest)
    if box is None or brightest <= INK:
        return torch.zeros(8, 8)
    top, bottom, left, right = box
    wide = min(20, max(1, round(32 * (right - left) / (bottom - top))))
    bitmap = (resized(drawing[top:bottom, left:right], 32, wide) >= 0.5 * brightest).float()
    page = F.pad(bitmap, ((32 - wide) // 2, 32 - wide - (32 - wide) // 2))
    return F.avg_pool2d(page[None, None], BLOCK)[0, 0]


def fashion_framing(drawing: Tensor) -> Tensor:
    """28x28: the longer side of the ink fills the picture, the shorter one is centred.

    Source: Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747, section 2.
    """
    box = ink_box(drawing)
    if box is None:
        return torch.zeros(28, 28)
    top, bottom, left, right = box
    scale = 28 / max(bottom - top, right - left)
    tall, wide = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
    page = torch.zeros(28, 28)
    y, x = (28 - tall) // 2, (28 - wide) // 2
    page[y : y + tall, x : x + wide] = resized(drawing[top:bottom, left:right], tall, wide)
    return page


def kuzushiji_framing(drawing: Tensor) -> Tensor:
    """28x28: the box around the character is resized to the whole picture, its proportions not kept.

    Source: Clanuwat et al. (2018), arXiv:1812.01718: characters were cut out of the page and resized.
    """
    box = ink_box(drawing)
    if box is None:
        return torch.zeros(28, 28)
    top, bottom, left, right = box
    return resized(drawing[top:bottom, left:right], 28, 28)
