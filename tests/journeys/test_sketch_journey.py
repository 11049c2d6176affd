"""Draw, damage, upload and move the level, in a real browser on a real server."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from browser import JOURNEY, PATIENCE_MS, expect, settled
from PIL import Image, ImageDraw

pytestmark = JOURNEY
THREE = [
    (0.35, 0.25),
    (0.5, 0.18),
    (0.65, 0.28),
    (0.62, 0.42),
    (0.48, 0.5),
    (0.62, 0.58),
    (0.66, 0.72),
    (0.5, 0.82),
    (0.33, 0.75),
]
INK = (
    "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 0 && v > 40).length"
)


def grey_of(address):
    """The picture of a data address, (height, width) from 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("L")).astype(int)


def stroke(page, points=THREE, steps=8, lift=True):
    """Pull the pointer over the sheet."""
    sheet = page.locator(".pad canvas.ink")
    sheet.wait_for()
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=steps)
    if lift:
        page.mouse.up()


def inked(page, least):
    """Wait until so many points of the sheet are inked; it is drawn a frame or two after it is there."""
    for _ in range(PATIENCE_MS // 100):
        if page.locator(".pad canvas.ink").evaluate(INK) >= least:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"fewer than {least} points are inked")


def first_output(page):
    return page.locator(".ae-answer img").nth(2).get_attribute("src")


def test_a_digit_that_is_drawn_is_rebuilt_while_it_is_drawn_and_stays_in_the_address(visit):
    page = visit("reconstruct?section=drawing")
    expect(page.get_by_text("Draw something on the sheet")).to_be_visible()
    expect(page.locator(".ae-answer")).to_have_count(5)  # a test picture, and the answers of four networks
    stroke(page, lift=False)
    expect(page.get_by_text(", your drawing ·")).to_have_count(4)
    expect(page.locator(".ae-answer")).to_have_count(5)
    while_drawing = first_output(page)
    box = page.locator(".pad canvas.ink").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.9 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("drawn=28x28"))
    page.wait_for_function("old => document.querySelectorAll('.ae-answer img')[2]?.src !== old", arg=while_drawing)
    inked(page, 300)
    seen = page.locator(".ae-answer img").first.get_attribute("src")
    page.reload()
    expect(page.locator(".ae-answer")).to_have_count(5)
    inked(page, 300)
    again = page.locator(".ae-answer img").first.get_attribute("src")
    assert np.abs(grey_of(again) - grey_of(seen)).max() <= 255 / 15 / 2 + 1  # sixteen greys of the address


@pytest.mark.slow
def test_the_ink_is_never_slowed_and_the_server_hears_of_it_seldom(visit):
    page = visit("reconstruct?section=drawing")
    page.locator(".pad canvas.ink").wait_for()
    settled(page)
    began = page.evaluate("performance.now()")
    stroke(page, THREE * 3, steps=6)
    seconds = (page.evaluate("performance.now()") - began) / 1000
    page.wait_for_url(re.compile("drawn="))
    sends = int(page.locator(".pad").get_attribute("data-sends"))
    assert 1 <= sends <= seconds / 0.15 + 2


def test_the_pad_works_by_keys_alone(visit):
    page = visit("reconstruct?section=drawing")
    sheet = page.locator(".pad canvas.ink")
    sheet.focus()
    page.keyboard.press("Space")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    expect(page.locator(".pad [role=status]")).to_have_text("Brush lifted")
    page.wait_for_url(re.compile("drawn="))
    drawn = sheet.evaluate(INK)
    assert drawn > 20
    page.locator(".pad [data-tool=draw]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".pad [data-tool=erase]")).to_have_attribute("aria-checked", "true")
    page.get_by_role("button", name="Clear", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Draw something on the sheet")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text(", your drawing ·").first).to_be_visible()
    inked(page, drawn)


@pytest.mark.slow
def test_an_example_is_taken_as_it_is_and_can_be_damaged(visit):
    page = visit("reconstruct?section=drawing")
    page.get_by_role("button", name="Example").click()
    page.wait_for_url(re.compile("drawn="))
    expect(page.get_by_text(re.compile(r"nearest by pixels: 0"))).to_be_visible()
    whole = page.locator(".ae-answer img").first.get_attribute("src")
    sheet = page.locator(".pad canvas.ink")
    before = sheet.evaluate(INK)
    page.get_by_role("radio", name="Black out").click()
    stroke(page, [(0.05, 0.05), (0.95, 0.55)])
    page.wait_for_function("old => document.querySelector('.ae-answer img')?.src !== old", arg=whole)
    assert sheet.evaluate(INK) < 0.7 * before
    blacked = page.locator(".ae-answer img").first.get_attribute("src")
    page.get_by_role("radio", name="Noise").click()
    stroke(page, [(0.2, 0.2), (0.8, 0.3)])
    page.wait_for_function("old => document.querySelector('.ae-answer img')?.src !== old", arg=blacked)


def test_touch_draws_and_does_not_scroll(visit):
    page = visit("reconstruct?section=drawing", has_touch=True)
    sheet = page.locator(".pad canvas.ink")
    sheet.wait_for()
    assert sheet.evaluate("c => getComputedStyle(c.parentElement).touchAction") == "none"
    box = sheet.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(re.compile("drawn="))
    assert sheet.evaluate(INK) > 20


def test_a_picture_is_uploaded_turned_and_rebuilt_and_a_wrong_file_gets_a_sentence(visit, tmp_path):
    paper = Image.new("RGB", (300, 200), (236, 233, 226))
    ImageDraw.Draw(paper).line([(110, 40), (190, 40), (140, 160)], fill=(20, 20, 60), width=20)
    paper.save(tmp_path / "seven.png")
    (tmp_path / "fake.png").write_bytes(b"<html>not a picture</html>")
    page = visit("reconstruct?section=upload")
    page.set_input_files("input[type=file]", tmp_path / "seven.png")
    expect(page.get_by_text("dark ink on lighter paper")).to_be_visible()
    expect(page.locator(".ae-tiles img")).to_have_count(2)
    expect(page.get_by_text(", your picture ·")).to_have_count(4)
    expect(page.locator(".ae-answer")).to_have_count(5)
    page.set_input_files("input[type=file]", tmp_path / "fake.png")
    expect(page.get_by_text("This file is not a picture of a kind that is taken here")).to_be_visible()


@pytest.mark.slow
def test_the_level_moves_by_key_and_the_pictures_and_the_address_follow(visit):
    page = visit("denoise")
    expect(page.locator(".ae-tiles figure")).to_have_count(8)
    damaged = page.locator(".ae-tiles img").nth(1)
    before = damaged.get_attribute("src")
    page.get_by_role("slider", name="Level").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("level=0.4"))
    page.wait_for_function("old => document.querySelectorAll('.ae-tiles img')[1]?.src !== old", arg=before)
    expect(page.get_by_text("Still measuring")).to_be_hidden()
    expect(page.get_by_text("being tuned")).to_be_hidden()
    page.get_by_text("× 100").click()
    expect(page.locator(".ae-sheet .ae-row")).to_have_count(7)
    expect(page.get_by_text("last change")).to_have_count(6)


@pytest.mark.parametrize(
    "path",
    [
        "denoise?source=drawing&applied=hundred",
        *(
            pytest.param(f"reconstruct?section={section}", marks=pytest.mark.slow)
            for section in ("drawing", "sizes", "path")
        ),
    ],
)
def test_no_section_is_wider_than_the_screen(visit, path):
    page = visit(path)
    expect(page.get_by_text("What to notice")).to_be_visible()
    for width in (390, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        settled(page)
        page.wait_for_function(f"() => document.querySelector('[data-testid=stMain]').scrollWidth <= {width}")
