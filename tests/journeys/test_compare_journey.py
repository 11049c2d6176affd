"""Compare and the exports in a real browser: choose, save, copy the address, and open a map without any server."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from browser import JOURNEY, expect, settled
from pad import PIXELS, decoded, pixels_of, place_of, spot
from PIL import Image

from ae_core.runs.store import Store

pytestmark = JOURNEY


def drawn(page):
    """Wait for the last section of Compare, and until nothing moves any more under the next click."""
    page.get_by_role("heading", name="What was set differently").wait_for()
    settled(page)


def saved(page, name, menu=0):
    """The bytes of a file from a menu of exports, and what it is called."""
    page.get_by_role("button", name="Export").nth(menu).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return download.value.path().read_bytes(), download.value.suggested_filename


def test_runs_are_chosen_kept_in_the_address_and_taken_along(visit, tmp_path):
    page = visit("compare?runs=vae-digits,linear-digits")
    drawn(page)
    page.get_by_role("combobox", name=re.compile("Runs, up to six")).fill("sparse-digits")
    page.get_by_role("option", name="sparse-digits").click()  # typed first: a list that scrolls under a click loses it
    page.wait_for_url(re.compile("runs=vae-digits%2Clinear-digits%2Csparse-digits"))
    page.keyboard.press("Escape")  # an open list hides the rest of the page from screen readers, and from roles
    page.get_by_role("img", name="Signed error of sparse-digits").wait_for()
    content, name = saved(page, "Pictures (PNG)")
    image = Image.open(io.BytesIO(content))
    assert name == "compare-digits.png" and "run sparse-digits" in image.text["Description"]
    page.keyboard.press("Escape")
    content, name = saved(page, "Table (CSV)", menu=1)
    assert name == "compare-digits.csv" and content.decode().splitlines()[-1].startswith("PCA,Digits 8×8,0.0")
    page.reload()
    drawn(page)
    page.get_by_role("img", name="Signed error of sparse-digits").wait_for()


@pytest.mark.slow
def test_a_figure_is_saved_by_its_own_button(visit):
    page = visit("compare?runs=vae-digits,linear-digits")
    drawn(page)
    chart = page.get_by_test_id("stPlotlyChart").first
    chart.scroll_into_view_if_needed()  # a figure is drawn once it is in view
    chart.locator(".main-svg").first.wait_for()
    chart.hover()
    with page.expect_download() as download:
        chart.locator(".modebar-btn").first.click()
    assert download.value.suggested_filename == "autoencoder-explorer.svg"
    assert b"<svg" in download.value.path().read_bytes()[:500]


def test_a_drawing_goes_through_all_networks_and_is_kept_in_the_link(visit):
    page = visit("compare?runs=vae-digits,linear-digits&source=drawing")
    expect(page.get_by_text("Draw something, or choose a picture")).to_be_visible()
    settled(page)
    sheet = page.locator(".pad canvas.ink")
    sheet.wait_for()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.85 * box["height"], steps=8)
    page.mouse.up()
    expect(page.get_by_text("Your drawing. Squared error")).to_be_visible()
    tiles = page.locator(".ae-tiles figure")
    expect(tiles).to_have_count(8)  # input, two runs and PCA, and their errors
    page.wait_for_url(re.compile("drawn="))
    shown = [tiles.nth(k).locator("img").get_attribute("src") for k in range(4)]
    assert len(set(shown)) == 4
    again = visit(page.url)
    expect(again.locator(".ae-tiles figure")).to_have_count(8)
    for width in (390, 1280):
        again.set_viewport_size({"width": width, "height": 900})
        again.wait_for_function(f"() => document.querySelector('[data-testid=stMain]').scrollWidth <= {width}")


@pytest.mark.slow
def test_the_link_is_copied(visit):
    page = visit("compare?runs=vae-digits,linear-digits&set=3", permissions=["clipboard-read", "clipboard-write"])
    drawn(page)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied").wait_for(state="attached")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    again = visit(copied)
    drawn(again)
    expect(again.get_by_role("slider", name="Set of eight test pictures")).to_have_value("3")


@pytest.mark.parametrize("run_id", ["vae-digits-2d", "convolutional-digits"])  # by weights, by tiles
def test_a_saved_map_decodes_without_a_server(visit, tmp_path, run_id):
    content, name = saved(visit(f"latent?run={run_id}"), "This map, working offline (HTML)")
    file = tmp_path / name
    file.write_bytes(content)
    page = visit(file.as_uri(), offline=True, still=True)
    seen = []
    for place in ((0.3, 0.3), (0.7, 0.6)):
        page.mouse.move(*spot(page, *place))
        seen.append(pixels_of(page))
    assert np.abs(seen[0] - seen[1]).max() > 0.1
    run = Store.default().find(run_id)
    if run_id == "vae-digits-2d":
        assert np.abs(seen[1] - decoded(run, place_of(page))).max() < 0.03  # the caption rounds to 0.01
    page.mouse.click(*spot(page, 0.3, 0.3))
    page.mouse.click(*spot(page, 0.7, 0.6))
    expect(page.locator(".steps canvas")).to_have_count(18)
    told, near = page.locator(".neighbour").first.evaluate(
        f"figure => [figure.innerText, ({PIXELS})(figure.querySelector('canvas'))]"
    )  # both at one moment: they follow the pointer
    picture = run.recipe().data.load().test.images[int(re.search(r"test picture (\d+)", told).group(1))]
    assert np.abs(np.array(near) / 255 - picture.flatten().numpy()).max() < 1 / 200


@pytest.mark.slow
def test_an_animation_is_saved(visit):
    content, name = saved(visit("generate?section=between"), "Straight way (GIF)")
    assert name.endswith("-straight.gif") and Image.open(io.BytesIO(content)).n_frames == 64
