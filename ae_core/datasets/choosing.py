"""Which pictures of a data set are shown: some of each class."""

from __future__ import annotations

import torch
from torch import Tensor

SHOWN = 8  # images of the live view


def one_of_each(labels: Tensor, n: int) -> Tensor:
    """Indices (n,) of images taken in turn from every class: the first of each, then the second of each, and so on."""
    by_class, sizes = labels.argsort(stable=True), labels.bincount()
    turn = torch.empty_like(labels)
    turn[by_class] = torch.arange(len(labels)) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    return (turn * len(sizes) + labels).argsort()[:n]
