"""Latent space in a real browser: dots chosen by hand and brought back by the address, planes by click, a drawn dot."""

from __future__ import annotations

import re

import numpy as np
from browser import JOURNEY, expect, settled
from pad import opened, spot

from ae_core.baselines import PCA
from ae_core.runs.store import Store
from ae_core.space.planes import box

pytestmark = JOURNEY
PLANE, WIDE = "vae-digits-2d", "multilayer-digits"
BASE = "c => c.toDataURL()"


def place_of_dot(run_id, index):
    """Share of the way to the right and up of the dot of a test picture on the PCA map, the second one."""
    split = Store.default().find(run_id).recipe().data.load()
    points = PCA.fit(split.train.images).codes(split.test.images, 2)
    left, right, bottom, top = box(points)
    u, v = points[index].tolist()
    return (u - left) / (right - left), (v - bottom) / (top - bottom)


def chosen_words(page):
    return page.get_by_text(re.compile(r"\d+ chosen:")).first


def test_chosen_dots_and_classes_come_back_with_the_address_on_both_maps(visit):
    page = opened(visit, f"latent?run={PLANE}", still=True)
    page.get_by_role("button", name="Class 3").click()
    page.get_by_role("button", name="Class 7").click()
    page.wait_for_url(re.compile(r"classes=3%2C7"))
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(*spot(page, 0.02, 0.02))
    page.mouse.down()
    for a, b in ((0.98, 0.02), (0.98, 0.6), (0.02, 0.6)):
        page.mouse.move(*spot(page, a, b))
    page.mouse.up()
    page.wait_for_url(re.compile("chosen="))
    told = chosen_words(page).inner_text()
    page.mouse.move(5, 5)
    settled(page)
    drawn = [page.locator("canvas.dots").nth(k).evaluate(BASE) for k in (0, 1)]
    page.reload()
    settled(page)
    expect(chosen_words(page)).to_have_text(told)
    expect(page.get_by_role("button", name="Class 3")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Class 4")).to_have_attribute("aria-pressed", "false")
    assert [page.locator("canvas.dots").nth(k).evaluate(BASE) for k in (0, 1)] == drawn
    page.locator(".tools .clear").click()
    page.wait_for_url(re.compile(r"^(?!.*chosen=)"))
    page.get_by_role("button", name="all").click()
    page.wait_for_url(re.compile(r"^(?!.*classes=)"))


def test_a_click_chooses_a_picture_that_the_plane_goes_through(visit):
    page = opened(visit, f"latent?run={WIDE}&map=three&plane=1,2,3", still=True)
    expect(page.get_by_alt_text(re.compile(r"test pictures \[1, 2, 3\]"))).to_be_visible()
    page.get_by_role("button", name="Set B").click()
    page.mouse.click(*spot(page, *place_of_dot(WIDE, 40), nth=1))
    page.wait_for_url(re.compile(r"plane=1%2C40%2C3"))
    expect(page.get_by_alt_text(re.compile(r"test pictures \[1, 40, 3\]"))).to_be_visible()
    page.reload()
    expect(page.get_by_alt_text(re.compile(r"test pictures \[1, 40, 3\]"))).to_be_visible()


def test_what_is_drawn_is_a_dot_on_both_maps_and_goes_when_the_sheet_is_cleared(visit):
    page = opened(visit, f"latent?run={PLANE}", still=True)
    before = [page.locator("canvas.marks").nth(k).evaluate(BASE) for k in (0, 1)]
    page.get_by_role("button", name="Example").click()
    expect(page.get_by_text("nearest PCA codes").first).to_be_visible()
    page.wait_for_function("() => window.latentGuest !== null")
    guest = page.evaluate("() => window.latentGuest.places")
    assert len(guest) == 2 and np.isfinite(guest).all()
    after = [page.locator("canvas.marks").nth(k).evaluate(BASE) for k in (0, 1)]
    assert all(a != b for a, b in zip(after, before, strict=True))
    page.locator(".row .clear").click()
    page.wait_for_function("() => window.latentGuest === null")
    assert [page.locator("canvas.marks").nth(k).evaluate(BASE) for k in (0, 1)] == before


def test_a_map_of_neighbours_shows_progress_and_appears(visit):
    page = opened(visit, f"latent?run={PLANE}&map=tsne", still=True)
    page.get_by_role("button", name="Compute this map").click()
    expect(page.get_by_role("heading", name="t-SNE of the code of 2")).to_be_visible()
    expect(page.get_by_text("Here only who lies beside whom means something")).to_be_visible()
    page.reload()  # kept: nothing to wait for, and nothing to ask
    expect(page.get_by_role("heading", name="t-SNE of the code of 2")).to_be_visible()
