"""A picture from anywhere becomes a picture of a data set's shape: cut, resized, grey or colour, light on dark."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.datasets.framing import resized
from ae_core.models.base import Shape

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in every grey picture made from a colour one
FITS = {"crop": "Middle, cut to shape", "whole": "Whole, with bars", "framed": "As the data set places its ink"}
SEEN = 40  # pixels a side that tell ink from paper
OF_THE_EDGE = 3.0  # what the edge says counts, in standard deviations; narrow strokes say between -1 and 1
NEARLY_BLACK = 0.2
FLAT = 0.1  # a picture with less contrast shows next to nothing
PAPER = 0.25  # of the way from the background to the brightest ink: anything fainter is paper, not ink


def with_channels(picture: np.ndarray, channels: int) -> Tensor:
    """A picture uint8 (height, width, 1 or 3) as (channels, height, width) in [0, 1], grey or RGB as asked."""
    values = torch.from_numpy(picture.astype(np.float32)).movedim(-1, 0) / 255
    if channels == 1 and len(values) == 3:
        return (values * torch.tensor(LUMA)[:, None, None]).sum(0, keepdim=True)
    return values.expand(channels, -1, -1)


def dark_on_light(picture: Tensor) -> bool:
    """Whether a picture (channels, height, width) in [0, 1] is dark ink on lighter paper, however light or dark both
    are.

    Two things speak for it: the edge, which is mostly paper, is lighter than the whole; and what is narrow is dark,
    which still holds under a shadow or a vignette: closing fills narrow dark strokes, opening takes narrow light ones
    away.
    """
    grey = _small(picture.mean(0, keepdim=True))
    edge = (_edge(grey).mean() - grey.mean()) / grey.std().clamp_min(1e-6)
    dark, light = ((_closed(one) - one).square().sum() for one in (grey, -grey))
    return bool(OF_THE_EDGE * edge + (dark - light) / (dark + light).clamp_min(1e-9) > 0)


def _small(grey: Tensor) -> Tensor:
    """A picture (1, height, width), no side longer than `SEEN` pixels."""
    _, height, width = grey.shape
    return F.adaptive_avg_pool2d(grey, (min(SEEN, height), min(SEEN, width)))


def _closed(grey: Tensor) -> Tensor:
    """A picture (1, height, width) without what is dark and narrower than a fifth of its shorter side."""
    reach = max(1, min(grey.shape[1:]) // 10)
    return -_widened(-_widened(grey, reach), reach)


def _widened(grey: Tensor, reach: int) -> Tensor:
    """The largest value within `reach` pixels along both axes; beyond the edge it goes on as it ends."""
    around = F.pad(grey[None], (reach,) * 4, mode="replicate")
    return F.max_pool2d(F.max_pool2d(around, (2 * reach + 1, 1), 1), (1, 2 * reach + 1), 1)[0]


def on_dark(data: Dataset) -> bool:
    """Whether the pictures of a data set are light on dark: most of what lies along their edges is nearly black."""
    return around(data.load().train.images[:200].flatten(0, 1)) < NEARLY_BLACK


def around(picture: Tensor) -> float:
    """The value of most of what lies along the edges of a picture (channels, height, width)."""
    return float(_edge(picture).median())


def contrast(picture: Tensor) -> float:
    """How far the lightest and the darkest value of a picture are apart, from 0 to 1."""
    return float(picture.max() - picture.min())


def of_more_contrast(picture: Tensor, data: Dataset, hows: Iterable[str], turned: bool) -> tuple[str, bool] | None:
    """The fit among `hows`, and whether dark and light are exchanged, with which a picture (channels, height, width) is
    not nearly of one grey; the ones at hand (`turned`) first. None where none helps.
    """
    for how, invert in [(how, invert) for invert in (turned, not turned) for how in hows]:
        if contrast(fitted(picture, data, how, invert)) >= FLAT:
            return how, invert
    return None


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


def turned(picture: np.ndarray, data: Dataset, how: str, invert: str) -> tuple[Tensor, bool]:
    """A picture uint8 (height, width, 1 or 3) as one of a data set (1, channels, height, width), and whether dark and
    light were exchanged: `yes`, `no`, or `auto`, where it is dark on light and the data set is not.
    """
    values = with_channels(picture, data.shape[0])
    exchanged = dark_on_light(values) and on_dark(data) if invert == "auto" else invert == "yes"
    return fitted(values, data, how, exchanged), exchanged


def shaped(picture: Tensor, shape: Shape, how: str) -> Tensor:
    """A picture (channels, height, width) in [0, 1] as (1, *shape): its middle (`crop`), or whole with bars
    (`whole`).
    """
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
