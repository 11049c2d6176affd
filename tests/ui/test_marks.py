"""Marks of a latent pad in the address: chosen dots and classes there and back, and nothing hostile believed."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from ui.sections.latent import marks


def mask_of(indices, n):
    bits = np.zeros(8 * ((n + 7) // 8), np.uint8)
    bits[list(indices)] = 1
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


@pytest.mark.parametrize("indices, n", [([0], 1), ([3, 359], 360), (range(100, 200), 10_000), ([], 360)])
def test_chosen_dots_go_into_the_address_and_come_back(indices, n):
    mask = mask_of(indices, n)
    assert marks._mask(marks._short(mask), n) == mask
    assert marks._indices(mask, n).tolist() == list(indices)


def test_a_crowd_too_large_for_a_link_stays_out_of_the_address():
    crowd = np.flatnonzero(np.random.default_rng(0).random(100_000) < 0.5)
    assert marks._short(mask_of(crowd, 100_000)) is None
    island = np.flatnonzero(np.random.default_rng(0).random(10_000) < 0.1)
    assert len(marks._short(mask_of(island, 10_000))) <= marks.LONGEST


@pytest.mark.parametrize(
    "text",
    ["", "!", "AAAA", base64.urlsafe_b64encode(zlib.compress(b"\0" * 44)).decode(),
     base64.urlsafe_b64encode(zlib.compress(b"\0" * 10**7)).decode(), "é", "A" * 10_000],
)  # fmt: skip
def test_what_are_no_dots_of_this_map_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="must be dots of this map"):
        marks._mask(text, 360)


def test_classes_are_numbers_without_repetition():
    assert marks._classes("5,3,3") == [3, 5]
    for text in ("", "a", "-1", "1.5", "300", "nan", ",".join(["1"] * 300)):
        with pytest.raises(ValueError, match="must be"):
            marks._classes(text)


@pytest.mark.parametrize("sent", [None, [1, 2], [1, 2, 360], [1, 2, "3"], [-1, 2, 3], [1.0, 2, 3], "123"])
def test_three_pictures_of_a_plane_are_three_of_those_on_the_map(sent):
    assert marks._three(sent, 360) is None
    assert marks._three([1, 2, 359], 360) == (1, 2, 359)
