"""Latent space in a real browser: dots chosen by hand and brought back by the address, planes by click, a drawn dot."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browser import CHROMIUM, FLAGS, Server

from ae_core.execution import execute
from ae_core.recipe import recipe
from ae_core.store import Store

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: install it, or name it in the variable CHROMIUM"),
]
BASE = "c => c.toDataURL()"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server with two small finished runs, and a browser."""
    folder = tmp_path_factory.mktemp("marks") / "runs"
    store = Store(folder, None)
    runs = {
        "plane": store.create(recipe("vae", "digits", {"latent": 2, "hidden": [64]}, {"epochs": 10}), origin="test"),
        "wide": store.create(recipe("multilayer", "digits", {"latent": 6}, {"epochs": 3}), origin="test"),
    }
    for run in runs.values():
        assert execute(run).state == "done"
    server = Server(folder)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield server, browser, runs
        browser.close()
    server.kill()


@pytest.fixture
def visit(world):
    """Open a path with the pad on it; what goes wrong in the page is held against the test."""
    server, browser, _ = world
    contexts, trouble = [], []

    def opened(path):
        context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(f"{server.url}/{path}")
        settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


def settled(page):
    page.locator("canvas.marks").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def spot(page, a, b, nth=0):
    frame = page.locator("canvas.marks").nth(nth).bounding_box()
    return frame["x"] + a * frame["width"], frame["y"] + (1 - b) * frame["height"]


def place_of_dot(page, world, name, index):
    """Share of the way to the right and up of the dot of a test picture on the PCA map, the second one."""
    from ae_core.baselines import PCA
    from ae_core.planes import box

    split = world[2][name].recipe().data.load()
    points = PCA.fit(split.train.images).codes(split.test.images, 2)
    left, right, bottom, top = box(points)
    u, v = points[index].tolist()
    return (u - left) / (right - left), (v - bottom) / (top - bottom)


def chosen_words(page):
    return page.get_by_text(re.compile(r"\d+ chosen:")).first


def test_chosen_dots_and_classes_come_back_with_the_address_on_both_maps(visit, world):
    page = visit(f"latent?run={world[2]['plane'].id}")
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


def test_a_click_chooses_a_picture_that_the_plane_goes_through(visit, world):
    page = visit(f"latent?run={world[2]['wide'].id}&map=three&plane=1,2,3")
    expect(page.get_by_alt_text(re.compile(r"test pictures \[1, 2, 3\]"))).to_be_visible()
    page.get_by_role("button", name="Set B").click()
    page.mouse.click(*spot(page, *place_of_dot(page, world, "wide", 40), nth=1))
    page.wait_for_url(re.compile(r"plane=1%2C40%2C3"))
    expect(page.get_by_alt_text(re.compile(r"test pictures \[1, 40, 3\]"))).to_be_visible()
    page.reload()
    expect(page.get_by_alt_text(re.compile(r"test pictures \[1, 40, 3\]"))).to_be_visible()


def test_what_is_drawn_is_a_dot_on_both_maps_and_goes_when_the_sheet_is_cleared(visit, world):
    page = visit(f"latent?run={world[2]['plane'].id}")
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


def test_a_map_of_neighbours_shows_progress_and_appears(visit, world):
    page = visit(f"latent?run={world[2]['plane'].id}&map=tsne")
    page.get_by_role("button", name="Compute this map").click()
    expect(page.get_by_role("heading", name="t-SNE of the code of 2")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Here only who lies beside whom means something")).to_be_visible()
    page.reload()  # kept: nothing to wait for, and nothing to ask
    expect(page.get_by_role("heading", name="t-SNE of the code of 2")).to_be_visible()
