"""Which pictures lie nearest: by their codes, by those of PCA, or pixel by pixel."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.looks.baseline import pca
from ae_core.looks.codes import COMPARED, training_codes
from ae_core.looks.look import look
from ae_core.looks.maps import View, code_of, mapped
from ae_core.measures.metrics import codes as encode
from ae_core.runs.opened import Opened
from ae_core.space.nearest import Index, nearest


class InBoth(NamedTuple):
    """Indices of test pictures that are nearest in the codes of a run (...), and in those of PCA."""

    ours: Tensor
    theirs: Tensor


@look()
def other_test_pictures(run: Opened, view: View, chosen: tuple[int, ...]) -> InBoth:
    """For each chosen test picture the nearest other one (m,), in what is mapped and in PCA codes of that size."""
    ours = mapped(run, view).codes
    theirs = pca(run.data).codes(run.data.load().test.images[: len(ours)], run.model.latent)
    return InBoth(_nearest_other(ours, chosen), _nearest_other(theirs, chosen))


def _nearest_other(codes: Tensor, chosen: tuple[int, ...]) -> Tensor:
    which = torch.tensor(chosen)
    return nearest(codes[which], codes, besides=which).which[:, 0]


@look()
def test_pictures(run: Opened, view: View, x: Tensor, count: int, skip: int = 0) -> InBoth:
    """The test pictures (count,) nearest to x (1, channels, height, width), in what is mapped and in PCA codes of that
    size; `skip` leaves out so many: a test picture is its own nearest.
    """
    known, fitted = mapped(run, view).codes, pca(run.data)
    images = run.data.load().test.images[: len(known)]
    pairs = (
        (code_of(run, view.layer, x), known),
        (fitted.codes(x, run.model.latent), fitted.codes(images, run.model.latent)),
    )
    return InBoth(*(nearest(own, others, count + skip).which[0, skip:] for own, others in pairs))


@look()
def by_code(run: Opened, x: Tensor, count: int) -> Tensor:
    """The training pictures (count,), of the first ones, whose codes are nearest to that of x (1, ...)."""
    return nearest(encode(run.model, x), training_codes(run), count).which[0]


@look()
def by_pixels(data: Dataset, x: Tensor, count: int) -> Tensor:
    """The training pictures (count,), of the first ones, with the least squared distance to x (1, channels, height,
    width): of the same ones that `by_code` looks among.
    """
    return nearest(x.flatten(1), data.load().train.images[:COMPARED].flatten(1), count).which[0]


class Found(NamedTuple):
    """Training pictures (n, channels, height, width), and how far each is: squared error (n,), summed over pixels."""

    pictures: Tensor
    errors: Tensor


@look("Sorting the training pictures")
def among_training(data: Dataset) -> Index:
    """A search among the training pictures of a data set."""
    return Index.among(data.load().train.images, pca(data))


@look()
def of_training(data: Dataset, pictures: Tensor) -> Found:
    """The training picture nearest to each of `pictures` (n, channels, height, width)."""
    known = data.load().train.images
    index, errors = among_training(data).find(pictures, known)
    return Found(known[index], errors)
