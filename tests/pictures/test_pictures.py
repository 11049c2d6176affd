"""Pictures that are kept as bytes give the floats that were there before, to the last bit, and those alone."""

from __future__ import annotations

import pytest
import torch

from ae_core.datasets import DATASETS, Images
from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import PixelError

LEVELS = torch.arange(256, dtype=torch.uint8).repeat(3).reshape(12, 1, 8, 8)


@pytest.mark.parametrize("white", [255, 16, 7])
def test_every_level_is_the_float_that_a_division_gives(white):
    kept = LEVELS.clamp(max=white)
    assert torch.equal(Pictures(kept, white)[:], kept.float() / white)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        slice(2, 9),
        slice(None, None, 5),
        [3, 1],
        torch.tensor([5, 5, -2]),
        LEVELS[:, 0, 0, 0] > 100,
        (slice(4), 0),
    ],
    ids=["one", "the last", "a part", "every fifth", "a list", "a tensor", "a mask", "two axes"],
)
def test_an_index_takes_what_it_takes_of_a_tensor(index):
    assert torch.equal(Pictures(LEVELS)[index], (LEVELS.float() / 255)[index])


def test_rows_and_portions_are_those_of_an_index():
    pictures, rows = Pictures(LEVELS), torch.tensor([7, 0, 7])
    assert torch.equal(pictures.at(rows), pictures[rows])
    parts = list(pictures.split(5))
    assert list(map(len, parts)) == [5, 5, 2] and torch.equal(torch.cat(parts), pictures[:])
    passed = [part.clone() for part in pictures.passing(5)]
    assert list(map(len, passed)) == [5, 5, 2] and torch.equal(torch.cat(passed), pictures[:])
    assert torch.equal(torch.cat(list(Pictures(pictures[:]).passing(5))), pictures[:]), "floats pass as they are"


def test_what_is_taken_out_may_be_written_to_and_what_is_kept_stays():
    pictures = Pictures(LEVELS)
    pictures[:4].fill_(0.5)
    pictures.at(torch.arange(4)).zero_()
    assert torch.equal(pictures[:], LEVELS.float() / 255)


def test_floats_that_are_no_grey_levels_are_kept_as_they_are():
    values = torch.rand(3, 1, 8, 8)
    assert Images(values, torch.zeros(3)).images[:].equal(values)
    with pytest.raises(PixelError, match="divide by 255"):
        Images(values * 255, torch.zeros(3))


def test_who_takes_them_for_a_tensor_is_told_the_way():
    with pytest.raises(AttributeError, match=r"kept have no flatten: take tensors of them first: images\[:\]\.flatten"):
        Pictures(LEVELS).flatten(1)


@pytest.mark.parametrize(("name", "pixels"), [("digits", 64), ("handwriting", 784)])
def test_grey_levels_are_kept_in_a_byte_each(name, pixels):
    for part in (DATASETS[name].load().train, DATASETS[name].load().test):
        assert part.images.kept.nbytes == len(part) * pixels
