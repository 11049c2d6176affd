"""Ways to damage a picture; all take pictures (n, channels, height, width) in [0, 1] and give the same back.

    gaussian         x + level * e,  e ~ Normal(0, 1) for every pixel, cut to [0, 1]
    salt_and_pepper  each pixel becomes black or white, by a fair coin, with probability `level`
    masking          each pixel becomes black with probability `level`
    block            a square that covers the share `level` of the picture becomes black, somewhere; its side is a whole
                     number of pixels, so on 8x8 pictures level 0.1 is a square of 3x3, which covers 0.141

A pixel's channels are damaged together. Chance comes from torch's global state, so a seed repeats it.

Source: Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked denoising autoencoders, JMLR 11, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ae_core.chance import seeded
from ae_core.pictures.pixels import checked_pictures

Corruption = Callable[[Tensor, float], Tensor]


def gaussian(x: Tensor, level: float) -> Tensor:
    """Add noise of standard deviation `level` and cut to [0, 1]."""
    return (x + level * torch.randn_like(x)).clamp(0, 1)


def salt_and_pepper(x: Tensor, level: float) -> Tensor:
    """Turn a share `level` of the pixels black or white."""
    coin = torch.rand_like(x[:, :1])
    return torch.where(coin < level, (coin < level / 2).to(x.dtype), x)


def masking(x: Tensor, level: float) -> Tensor:
    """Turn a share `level` of the pixels black."""
    return x * (torch.rand_like(x[:, :1]) >= level)


def block(x: Tensor, level: float) -> Tensor:
    """Turn one square with about the share `level` of the picture's area black, at a random place; its side is
    rounded.
    """
    n, _, height, width = x.shape
    side = round(math.sqrt(min(level, 1.0) * height * width))
    tall, wide = min(side, height), min(side, width)
    top = torch.rand(n, 1, device=x.device).mul(height - tall + 1).floor()
    left = torch.rand(n, 1, device=x.device).mul(width - wide + 1).floor()
    row, column = torch.arange(height, device=x.device), torch.arange(width, device=x.device)
    in_rows = (row >= top) & (row < top + tall)  # (n, height)
    in_columns = (column >= left) & (column < left + wide)  # (n, width)
    return x * ~(in_rows[:, None, :, None] & in_columns[:, None, None, :])


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian": gaussian,
    "salt_and_pepper": salt_and_pepper,
    "masking": masking,
    "block": block,
}


def repeatable(x: Tensor, kind: str, level: float, seed: int = 0) -> Tensor:
    """Damage pictures by a kind in CORRUPTIONS, the same for the same seed; the caller's chance is left as it was."""
    x = checked_pictures(x)
    with seeded(seed):
        return CORRUPTIONS[kind](x, level)
