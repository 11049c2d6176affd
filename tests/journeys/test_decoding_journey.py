"""A large zip in a real browser: others go on meanwhile, it is stopped, and decoded after all."""

from __future__ import annotations

import io

import pytest
from browser import JOURNEY, expect, settled
from own_zips import zipped
from PIL import Image, ImageDraw

pytestmark = JOURNEY


@pytest.fixture
def large(tmp_path):
    """A zip of 100 pictures of 16 megapixels, in 4 MB."""
    image = Image.new("L", (4000, 4000), 230)
    ImageDraw.Draw(image).ellipse((500, 500, 3000, 3500), outline=10, width=400)
    file = io.BytesIO()
    image.save(file, "PNG")
    (tmp_path / "large.zip").write_bytes(zipped([(f"{k}.png", file.getvalue()) for k in range(100)]))
    return str(tmp_path / "large.zip")


def test_a_large_zip_is_decoded_beside_the_pages_with_a_bar_and_a_stop(visit, large):
    page, other = visit("reconstruct?section=upload"), visit("runs")
    settled(other)
    page.locator("input[type=file]").set_input_files(large)
    expect(page.get_by_text("of 100 pictures")).to_be_visible()
    other.get_by_role("link", name="Denoise", exact=True).click()
    other.wait_for_url("**/denoise")
    settled(other)
    expect(page.get_by_text("Until then, a test picture stands here.")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Decoding: stopped.")).to_be_visible()
    page.get_by_role("button", name="Decode it").click()
    expect(page.get_by_text("of 100 pictures")).to_be_visible()
    expect(page.get_by_text("Picture of the zip")).to_be_visible()
    expect(page.get_by_role("img", name="Your picture, as the network sees it").first).to_be_visible()
