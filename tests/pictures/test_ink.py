"""Ink and paper of any lightness: what is transparent, deep or grey comes out visible, and dark ink is turned by
itself.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib

import numpy as np
import pytest
import torch
from app_page import open_page, words
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits

from ae_core.datasets import DATASETS
from ae_core.pictures.shaping import (
    FITS,
    FLAT,
    contrast,
    dark_on_light,
    fitted,
    of_more_contrast,
    on_dark,
    with_channels,
)
from ae_core.pictures.upload import read_upload

DIGITS = load_digits().images[:50]


def masks(size=56, side=72, wider=0):
    """Real digits as masks of ink (n, side, side) in [0, 1], somewhere on a page; `wider` pixels thicker."""
    found = []
    for k, digit in enumerate(DIGITS):
        ink = Image.fromarray((digit * 15).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
        ink = ink.point(lambda value: max(0, min(255, (value - 80) * 4)))
        ink = ink.filter(ImageFilter.MaxFilter(2 * wider + 1)) if wider else ink
        page, room = Image.new("L", (side, side)), side - size
        page.paste(ink, (k * 7 % (room + 1), k * 11 % (room + 1)))
        found.append(np.asarray(page) / 255)
    return np.stack(found)


def light(kind, side):
    """How much light falls on each place of a page (side, side)."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    return {
        "even": np.ones((side, side)), "vignette": 1 - 0.25 * (x**2 + y**2), "from one side": 0.75 + 0.25 * x,
        "shadow": np.where(x + 0.3 * y > 0.2, 0.6, 1.0),
    }[kind]  # fmt: skip


def turned(pages):
    """Which of the pages (n, h, w) in [0, 255] are taken for dark ink on light paper."""
    noisy = pages + np.random.default_rng(0).normal(0, 2, pages.shape)
    return [dark_on_light(torch.from_numpy(page.clip(0, 255) / 255).float()[None]) for page in noisy]


@pytest.mark.parametrize("shape", [{}, {"size": 72}, {"wider": 4}, {"size": 24}], ids=["on a page", "to the border", "thick", "small"])  # fmt: skip
@pytest.mark.parametrize("paper", range(0, 256, 51))
def test_ink_on_paper_of_any_grey_is_known_for_what_it_is(paper, shape):
    mask = masks(**shape)[::3]
    for ink in range(0, 256, 51):
        if ink != paper:
            assert turned(mask * ink + (1 - mask) * paper) == [ink < paper] * len(mask), ink


@pytest.mark.parametrize("falls", ["vignette", "from one side", "shadow"])
@pytest.mark.parametrize(("ink", "paper"), [(20, 120), (20, 200), (60, 240), (200, 40), (240, 110)])
def test_neither_a_shadow_nor_a_vignette_changes_that(falls, ink, paper):
    mask = masks()
    found = turned((mask * ink + (1 - mask) * paper) * light(falls, 72))
    assert found.count(ink < paper) >= 38  # of 50; the edge alone throws a coin under a vignette


def test_strokes_that_cover_more_than_half_of_the_page_are_still_ink():
    mask = masks(wider=10)
    fat = mask[mask.mean((1, 2)) > 0.5]
    assert len(fat) > 5
    assert all(turned(fat * 20 + (1 - fat) * 120)) and not any(turned(fat * 200 + (1 - fat) * 90))


def test_data_sets_that_are_no_ink_on_black_are_told_from_those_that_are():
    assert on_dark(DATASETS["digits"]) and on_dark(DATASETS["shapes"])
    photographs = torch.rand(200, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.1
    entry = DATASETS["digits"]

    train = dataclasses.replace(entry.load().train, images=photographs)
    split = dataclasses.replace(entry.load(), train=train)
    assert not on_dark(dataclasses.replace(entry, load=lambda: split))


# --- what is transparent, what is deep --------------------------------------------------------------------------------


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def seen(data):
    """The picture of a file as grey (h, w) in 0..255."""
    (picture,) = read_upload(data).pictures
    return np.asarray(with_channels(picture, 1)[0]) * 255


MASK = Image.fromarray((masks()[3] * 255).astype(np.uint8))


def inked(colour, alpha=255):
    """Ink of one colour on nothing."""
    image = Image.new("RGBA", MASK.size, (*colour, 0))
    image.putalpha(MASK.point(lambda value: value * alpha // 255))
    return image


def follows(grey, mask=MASK):
    """How closely a picture follows the mask of its ink, from -1 (dark ink) to 1 (light ink)."""
    return float(np.corrcoef(grey.ravel(), np.asarray(mask, float).ravel())[0, 1])


INKS = {
    "white": ((255, 255, 255), 1), "light grey": ((200, 200, 200), 1), "yellow": ((250, 230, 40), 1), "black": ((0, 0, 0), -1),
    "dark blue": ((20, 20, 120), -1), "red": ((200, 30, 30), -1), "the middle": ((128, 128, 128), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", INKS)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_ink_on_a_transparent_background_is_seen_whatever_its_colour(name, kind):
    colour, sign = INKS[name]
    grey = seen(saved(inked(colour), kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert sign * follows(grey) > 0.98 and np.ptp(grey) > 120


@pytest.mark.parametrize("mode", ["LA", "P", "half", "large"])
def test_so_it_is_in_a_palette_in_grey_with_alpha_half_transparent_and_made_small(mode):
    image = inked((255, 255, 255), 128 if mode == "half" else 255)
    if mode == "P":
        hard = MASK.point(lambda value: 255 * (value > 127))
        palette = hard.convert("P")
        palette.putpalette([255] * 768)
        palette.info["transparency"] = 0
        data = saved(Image.composite(Image.new("P", MASK.size, 1), Image.new("P", MASK.size, 0), hard), transparency=0)
        palette = Image.open(io.BytesIO(data))
        palette.putpalette([9, 9, 9, 255, 255, 255])
        data = saved(palette, transparency=0)
    else:
        data = saved(image.convert("LA") if mode == "LA" else image.resize((1440, 1440)) if mode == "large" else image)
    grey = seen(data)
    mask = MASK.resize(grey.shape[::-1], Image.Resampling.BOX)
    assert follows(grey, mask) > 0.9 and np.ptp(grey) > 100


def test_paper_goes_on_where_it_ends_and_is_not_taken_for_ink():
    for ink, paper in ((0, 255), (255, 30), (20, 120)):
        page = Image.composite(Image.new("L", MASK.size, ink), Image.new("L", MASK.size, paper), MASK).convert("RGBA")
        sheet = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
        sheet.paste(page, (14, 14))
        grey = seen(saved(sheet))
        assert abs(float(grey[2, 2]) - paper) < 2 and np.sign(follows(grey[14:86, 14:86])) == np.sign(ink - paper)


def test_what_is_all_transparent_or_not_at_all_stays_as_it_was():
    assert (seen(saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0)))) == 255).all()
    opaque = Image.effect_noise((40, 40), 60)
    grey = seen(saved(Image.merge("RGBA", (opaque, opaque, opaque, Image.new("L", (40, 40), 255)))))
    assert np.abs(grey - np.asarray(opaque)).max() < 1


def png16(values):
    """A PNG of 16 bits a channel from whole numbers (h, w, channels): 1 grey, 2 with alpha, 3 RGB, 4 with alpha."""
    values = np.asarray(values, np.uint16)
    height, width, channels = values.shape

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_ramp_of_any_depth_in_16_bits_is_a_ramp(bits, channels):
    top = 2**bits - 1
    ramp = np.linspace(0, top, 256).round().astype(np.uint16)[None, :, None].repeat(8, 0)
    colours = ramp.repeat(3 if channels > 2 else 1, 2)
    opaque = np.full((8, 256, 1), 65535, np.uint16)
    grey = seen(png16(np.concatenate([colours, opaque], 2) if channels in (2, 4) else colours))
    assert np.abs(grey[4] - np.arange(256)).max() <= 1.6


def test_a_gamma_chunk_changes_nothing_and_one_bit_is_black_and_white():
    values = (masks()[3] > 0.5).astype(np.uint8)
    one_bit = saved(Image.fromarray(values * 255).convert("1"))
    assert set(np.unique(seen(one_bit)).round()) == {0, 255} and follows(seen(one_bit)) > 0.9
    plain = saved(MASK)
    gamma = struct.pack(">I", 100_000)
    chunk = struct.pack(">I", 4) + b"gAMA" + gamma + struct.pack(">I", zlib.crc32(b"gAMA" + gamma))
    assert (seen(plain[:33] + chunk + plain[33:]) == seen(plain)).all()


# --- what is left of it for a network ---------------------------------------------------------------------------------


def test_a_picture_of_one_grey_is_found_and_so_is_the_switch_that_helps():
    data = DATASETS["mnist"]
    corner = torch.full((1, 60, 120), 0.9)
    corner[0, 10:50, 3:12] = 0.1  # outside the square in the middle
    assert contrast(fitted(corner, data, "crop", False)) < FLAT
    assert of_more_contrast(corner, data, FITS, turned=True) == ("whole", True)
    page = torch.full((1, 60, 60), 0.6)
    page[0, 10:50, 20:30] = 0.55  # faint ink
    assert of_more_contrast(page, data, FITS, turned=False) == ("framed", True)
    assert of_more_contrast(torch.full((1, 9, 9), 0.5), data, FITS, turned=True) is None


@pytest.mark.parametrize("wide", [True, False])
def test_the_page_says_so_beside_the_switch(wide):
    app = open_page("reconstruct", section="upload")
    image = Image.new("L", (200, 60), 230)
    if wide:
        image.paste(10, (2, 10, 30, 50))
    app.file_uploader(key="upload").upload("p.png", saved(image), "image/png").run()
    said = [warning.value for warning in app.warning]
    assert said[0].startswith("For the network your picture is nearly of one grey: ") and len(said) == 1
    assert ('choose "Whole, with bars" as the fit' in said[0]) == wide
    assert ("choose one with more contrast" in said[0]) != wide


def test_grey_paper_is_turned_on_the_page_and_said_so():
    app = open_page("reconstruct", section="upload")
    mask = masks()[3]
    page = Image.fromarray((mask * 20 + (1 - mask) * 120).astype(np.uint8))
    app.file_uploader(key="upload").upload("p.png", saved(page), "image/png").run()
    assert "dark ink on lighter paper" in words(app) and not app.warning
    assert "What lies around it is grey" in words(app)
    app.selectbox(key="fit").set_value("framed").run()
    assert "dark ink on lighter paper" in words(app) and "What lies around it is grey" not in words(app)
