"""A picture from anywhere becomes a picture of a data set's shape: cut, resized, grey or colour, light on dark."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.datasets.framing import resized
from ae_core.models.base import Shape

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in every grey picture made from a colour one
FITS = {"crop": "Middle, cut to shape", "whole": "Whole, with bars", "framed": "As the data set places its ink"}
PAPER = 0.25  # of the way from the background to the brightest ink: anything fainter is paper, not ink


def with_channels(picture: np.ndarray, channels: int) -> Tensor:
    """A picture uint8 (height, width, 1 or 3) as (channels, height, width) in [0, 1], grey or RGB as asked."""
    values = torch.from_numpy(picture.astype(np.float32)).movedim(-1, 0) / 255
    if channels == 1 and len(values) == 3:
        return (values * torch.tensor(LUMA)[:, None, None]).sum(0, keepdim=True)
    return values.expand(channels, -1, -1)


def dark_on_light(picture: Tensor) -> bool:
    """Whether the edge of a picture (channels, height, width) is lighter than its inside: dark ink on light paper."""
    return float(_edge(picture).mean()) > 0.5 and float(_edge(picture).mean()) > float(picture.mean())


def on_dark(data: Dataset) -> bool:
    """Whether the pictures of a data set are light on dark: their edges are nearly black."""
    return float(_edge(data.load().train.images[:200].mean(0)).mean()) < 0.4


def _edge(picture: Tensor) -> Tensor:
    """The values along the four sides of (channels, height, width)."""
    return torch.cat([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], 1)


def crop_box(height: int, width: int, shape: Shape) -> tuple[int, int, int, int]:
    """Top, left, height, width of the largest part in the middle that has the proportions of `shape`."""
    scale = min(height / shape[1], width / shape[2])
    tall, wide = max(1, round(shape[1] * scale)), max(1, round(shape[2] * scale))
    return (height - tall) // 2, (width - wide) // 2, tall, wide


def fitted(picture: Tensor, data: Dataset, how: str, invert: bool) -> Tensor:
    """A picture (channels, height, width) in [0, 1] as (1, channels, height, width) of the data set's shape.

    `how` is a name in FITS; `invert` turns dark on light into light on dark first.
    """
    picture = 1 - picture if invert else picture
    return data.frame(_ink(picture.mean(0))) if how == "framed" else shaped(picture, data.shape, how)


def shaped(picture: Tensor, shape: Shape, how: str) -> Tensor:
    """A picture (channels, height, width) in [0, 1] as (1, *shape): its middle (`crop`), or whole with bars (`whole`)."""
    if how == "whole":
        picture = _with_bars(picture, shape)
    top, left, tall, wide = crop_box(picture.shape[1], picture.shape[2], shape)
    part = picture[:, top : top + tall, left : left + wide]
    return resized(part, *shape[1:])[None]


def _ink(grey: Tensor) -> Tensor:
    """A picture (height, width) without its paper: the median of the edge becomes black, the brightest value white."""
    paper = float(_edge(grey[None]).median())
    ink = (grey - paper) / max(1e-6, float(grey.max()) - paper)
    return torch.where(ink < PAPER, 0.0, ink).clamp(0, 1)


def _with_bars(picture: Tensor, shape: Shape) -> Tensor:
    """The picture in the middle of a canvas of the proportions of `shape`, the rest in the colour of its edge."""
    _, height, width = picture.shape
    scale = max(height / shape[1], width / shape[2])
    tall, wide = max(height, round(shape[1] * scale)), max(width, round(shape[2] * scale))
    canvas = _edge(picture).median(1).values[:, None, None].repeat(1, tall, wide)
    top, left = (tall - height) // 2, (wide - width) // 2
    canvas[:, top : top + height, left : left + width] = picture
    return canvas
