"""A drawing is placed and scaled as the makers of each data set did it: real pictures, drawn again, come back."""

import pytest
import torch
import torch.nn.functional as F

from ae_core.datasets import DATASETS
from ae_core.datasets.framing import ink_box, resized


def enlarged(picture, factor, mode="nearest"):
    """A picture (h, w) as a drawing `factor` times as large."""
    options = {} if mode == "nearest" else {"align_corners": False}
    return F.interpolate(picture[None, None], scale_factor=factor, mode=mode, **options)[0, 0].clamp(0, 1)


def on_a_page(drawing, top, left, side=400):
    """The drawing somewhere on a large dark page."""
    page = torch.zeros(side, side)
    page[top : top + drawing.shape[0], left : left + drawing.shape[1]] = drawing
    return page


def test_real_mnist_pictures_are_fixed_points_wherever_and_however_large_they_are_drawn(mnist):
    data = DATASETS["mnist"]
    for picture in mnist.test.images[:40, 0]:
        for factor, top, left in ((4, 0, 0), (10, 0, 0), (7, 150, 20)):
            again = data.frame(on_a_page(enlarged(picture, factor), top, left))[0, 0]
            assert (again - picture).abs().mean() < 1e-4


def test_mnist_has_its_ink_in_a_box_of_twenty_and_its_mass_in_the_middle():
    stroke = torch.zeros(280, 280)
    stroke[5:105, 200:240] = 1.0  # a tall bar in a corner
    picture = DATASETS["mnist"].frame(stroke)[0, 0]
    top, bottom, left, right = ink_box(picture)
    assert (bottom - top, right - left) == (20, 8)
    row, column = (picture.sum(1 - axis) @ torch.arange(28.0) / picture.sum() for axis in (0, 1))
    assert abs(row - 14) <= 0.5 and abs(column - 14) <= 0.5


def test_real_digits_nearly_return_and_place_and_size_do_not_matter():
    data = DATASETS["digits"]
    pictures = data.load().test.images[:, 0]
    drawings = [enlarged(picture, 12, "bicubic") for picture in pictures]
    again = torch.stack([data.frame(drawing)[0, 0] for drawing in drawings])
    moved = torch.stack([data.frame(on_a_page(drawing, 170, 31))[0, 0] for drawing in drawings])
    one_pixel_off = (pictures.roll(1, 2) - pictures).abs().mean()
    assert (again - pictures).abs().mean() < one_pixel_off / 3
    assert (moved - again).abs().mean() < 0.02


def test_digits_count_ink_in_blocks_of_four_by_four():
    bar = torch.zeros(96, 96)
    bar[10:90, 40:60] = 1.0  # four times as high as wide: 32 rows and 8 columns of the bitmap
    assert DATASETS["digits"].frame(bar)[0, 0].equal(torch.tensor([0.0, 0, 0, 1, 1, 0, 0, 0]).expand(8, 8))
    wide = torch.zeros(96, 96)
    wide[40:60, 5:90] = 1.0
    assert DATASETS["digits"].frame(wide)[0, 0].sum(1).eq(5).all()  # never wider than 20 of 32 columns


def test_clothes_fill_the_longer_side_and_characters_fill_the_square():
    drawing = torch.zeros(112, 112)
    drawing[20:90, 30:65] = 1.0  # twice as high as wide
    assert ink_box(DATASETS["fashion_mnist"].frame(drawing)[0, 0]) == (0, 28, 7, 21)
    assert ink_box(DATASETS["kmnist"].frame(drawing)[0, 0]) == (0, 28, 0, 28)


def test_shapes_keep_place_and_size():
    data = DATASETS["shapes"]
    for picture in data.load().test.images[:20, 0]:
        assert torch.allclose(data.frame(enlarged(picture, 4))[0, 0], picture, atol=1e-6)


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_frames_an_empty_and_a_full_drawing_and_a_single_dot(name):
    dot = torch.zeros(112, 112)
    dot[3, 100] = 1.0
    for drawing in (torch.zeros(112, 112), torch.ones(112, 112), dot, 0.01 * torch.rand(112, 112)):
        picture = DATASETS[name].frame(drawing)
        assert picture.shape == (1, *DATASETS[name].shape)
        assert picture.isfinite().all() and picture.min() >= 0 and picture.max() <= 1
    assert DATASETS[name].frame(torch.zeros(112, 112)).sum() == 0


def test_resizing_keeps_the_mean():
    drawing = torch.rand(37, 61, generator=torch.Generator().manual_seed(0))
    for size in ((28, 28), (8, 50), (100, 90)):
        assert float(resized(drawing, *size).mean()) == pytest.approx(float(drawing.mean()), abs=1e-5)
