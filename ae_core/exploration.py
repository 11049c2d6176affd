"""Choosing and looking: which images to show, and what a model makes of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.knobs import declared
from ae_core.models import Autoencoder

SHOWN = 8  # images of the live view


def one_of_each(labels: Tensor, n: int) -> Tensor:
    """Indices (n,) of images taken in turn from every class: the first of each, then the second of each, and so on."""
    by_class, sizes = labels.argsort(stable=True), labels.bincount()
    turn = torch.empty_like(labels)
    turn[by_class] = torch.arange(len(labels)) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    return (turn * len(sizes) + labels).argsort()[:n]


def as_bytes(images: Tensor) -> Tensor:
    """Images in [0, 1], of any shape, as uint8 from 0 to 255."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)


def starting_latent(kind: type[Autoencoder], data: Dataset) -> int:
    """A size of the code to start from: the model's default, or where that is no bottleneck, a quarter of the pixels.

    The quarter is rounded down to a power of two: a stop of every slider, and for the 64 pixels or more that a picture
    has a multiple of the 16 that a 4x4 map needs.
    """
    default, quarter = declared(kind)["latent"].default, math.prod(data.shape) // 4
    return default if default <= quarter else 1 << (quarter.bit_length() - 1)
