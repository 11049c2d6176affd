"""Back and forth in a real browser: a step leads to another page, which is as it was left."""

from __future__ import annotations

import re

import pytest
from browser import JOURNEY, expect, settled

pytestmark = JOURNEY


def go(page, name):
    """Open a page by the links above it."""
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    settled(page)


def stands(page, name, *parts):
    """Wait until this page is open, with these parts in its address."""
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    for part in parts:
        expect(page).to_have_url(re.compile(re.escape(part)))
    settled(page)


def test_a_step_back_leads_to_the_page_before_whatever_was_moved_on_this_one(visit):
    page = visit("runs")
    settled(page)
    go(page, "Denoise")
    level = page.get_by_role("slider", name="Level")
    for place in ("0.6", "0.7"):
        level.press("ArrowRight")
        page.wait_for_url(re.compile(f"level={place}"))
    page.get_by_text("× 100").click()
    page.wait_for_url(re.compile("applied=hundred"))
    go(page, "Generate")
    page.get_by_text("Manifold", exact=True).click()
    page.wait_for_url(re.compile("section=manifold"))
    go(page, "Latent space")
    pad = page.locator("canvas.marks").first
    for x in (60, 120):
        pad.click(position={"x": x, "y": 80})
    page.wait_for_url(re.compile("pins=.*%3B"))
    settled(page)
    page.go_back()
    stands(page, "Generate", "section=manifold")
    expect(page.locator(".ae-mosaic")).to_be_visible()
    page.go_back()
    stands(page, "Denoise", "level=0.7", "applied=hundred")
    expect(page.get_by_role("slider", name="Level")).to_have_attribute("aria-valuetext", "0.7")
    page.go_back()
    stands(page, "Runs")
    page.go_forward()
    stands(page, "Denoise", "level=0.7", "applied=hundred")
    page.go_forward()
    stands(page, "Generate", "section=manifold")
    page.go_forward()
    stands(page, "Latent space", "pins=")


@pytest.mark.slow
def test_a_training_is_left_by_one_step_back(visit):
    page = visit("runs")
    settled(page)
    go(page, "Train")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile("run="))
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("stopped").first).to_be_visible()
    page.go_back()
    stands(page, "Runs")
    page.go_forward()
    stands(page, "Train", "run=")


# The new page is asked for, and a moment later, before the old one is gone, a part of the old one.
LEAVE = """([slider, link]) => {
    link.click();
    for (const kind of ["input", "change"]) slider.dispatchEvent(new Event(kind, { bubbles: true })); }"""


def test_a_page_that_is_opened_while_a_knob_of_the_last_one_moves_is_whole(visit):
    page = visit("denoise?applied=hundred")  # there the server hears of a dial at once
    for name in ("Runs", "Denoise", "Compare", "Denoise", "Generate"):
        settled(page)
        slider = page.get_by_role("slider", name="Level")
        link = page.get_by_role("link", name=name, exact=True)
        if slider.count():
            page.evaluate(LEAVE, [slider.element_handle(), link.element_handle()])
        else:
            link.click()
        expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    settled(page)
    expect(page.locator("[data-testid=stMain] .ae-sheet img").first).to_be_visible()
