"""Every page in a real browser, light and dark, from a phone to a desk: axe finds nothing wrong, and it fits the
screen.
"""

from __future__ import annotations

import contextlib
import os

import pytest
from browser import JOURNEY, PATHS, expect, keep, settled, sync_api, tall

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = JOURNEY
WIDTHS = (1280, 1024, 390)  # a desk, a projector, a phone
NARROW = 360  # a small phone
DARK = WIDTHS if os.environ.get("AE_SHOTS") else WIDTHS[:1]  # only colours differ in the dark; pictures are kept of all
SECTIONS = (
    "?code=8&network=variational",
    "?code=32",
    *(f"reconstruct?section={name}" for name in ("drawing", "upload", "foreign", "sizes", "path")),
    *(f"generate?section={name}" for name in ("manifold", "numbers", "between", "arithmetic", "prior")),
    "latent?run=multilayer-digits&map=three",
    "latent?run=convolutional-digits&layer=hidden-1",
    "denoise?applied=hundred&source=drawing",
)
# Controls that can be seen and whose edge is beyond the screen, unless they lie in a part that scrolls by itself, or in
# the drawer of a phone while it is shut.
BEYOND = """() => {
  const all = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  const up = (e) => e.assignedSlot || e.parentElement || e.getRootNode().host;
  const excused = (e) => { for (let a = up(e); a instanceof Element && a.dataset.testid !== 'stMain'; a = up(a)) {
    if (['auto', 'scroll'].includes(getComputedStyle(a).overflowX) && a.scrollWidth > a.clientWidth) return true;
    if (a.offsetWidth <= 1) return true;  // for screen readers only
  } return false; };
  return all(document.querySelector('[data-testid=stApp]'))
    .filter((e) => e.matches('button, a[href], input, select, textarea, summary, [tabindex="0"], [role=slider]'))
    .filter((e) => !(e.closest('[data-testid=stSidebar]')?.getBoundingClientRect().right <= 0))
    .filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => box.width > 1 && box.height > 1 && (box.left < -1 || box.right > innerWidth + 1) && !excused(e))
    .map(([e, box]) => `${e.outerHTML.slice(0, 90)} from ${box.left.toFixed()} to ${box.right.toFixed()}`);
}"""


def looked_at(visit, path, widths=WIDTHS):
    """Open a page and everything folded on it; what axe finds, light and dark, and what is beyond the edge, by
    width.
    """
    page = visit(path, still=True)
    settled(page)
    page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach((closed) => closed.click())")
    wrong, beyond = [], {}
    for theme, wide in (("light", widths), ("dark", DARK)):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(
            f"() => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === '{theme}'"
        )
        for width in wide:
            beyond[f"{theme} {width}"] = narrow(page, width, f"page-{path or 'start'}-{theme}")
        found = axe.Axe().run(page).response["violations"]
        wrong += [
            (theme, words(one)) for one in found if one["impact"] != "minor"
        ]  # Streamlit's upload has one of these
    return wrong, {width: found for width, found in beyond.items() if found}


def narrow(page, width, name):
    """Make the page so wide; returns what is then beyond the edge of the screen."""
    tall(page, width)
    page.wait_for_function(f"() => innerWidth === {width}")
    settled(page)
    with contextlib.suppress(
        sync_api.TimeoutError
    ):  # the menu folds when it has seen the new width; what stays is reported
        page.wait_for_function(f"() => !({BEYOND})().length", timeout=5000)
    keep(page, f"{name}-{width}")
    wide = page.evaluate(
        "Math.max(...['html', '[data-testid=stMain]'].map((s) => document.querySelector(s).scrollWidth))"
    )
    return [*([f"the page is {wide} wide"] if wide > width else []), *page.evaluate(BEYOND)]


def words(violation):
    """One violation, with the first places where it was found."""
    places = [(node["target"], node["any"][0]["message"] if node["any"] else "") for node in violation["nodes"][:3]]
    return f"{violation['id']} ({violation['impact']}): {places}"


EACH_TIME = ("", "train", "reconstruct", "latent")  # the others are looked at in soak


@pytest.mark.parametrize(
    "path",
    [path if path in EACH_TIME else pytest.param(path, marks=pytest.mark.slow) for path in PATHS],
    ids=lambda path: path or "start",
)
def test_axe_finds_nothing_and_the_page_fits_every_screen(visit, path):
    assert looked_at(visit, path) == ([], {})


@pytest.mark.slow
@pytest.mark.parametrize("path", [*PATHS, *SECTIONS])
def test_so_does_every_section_and_on_a_small_phone_too(visit, path):
    assert looked_at(visit, path, (*WIDTHS, NARROW)) == ([], {})


def test_on_a_phone_the_menu_says_so_and_shuts_after_a_choice(visit):
    page = visit("runs", viewport={"width": 390, "height": 844})
    settled(page)
    page.get_by_role("button", name="Menu").click()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Denoise").click()
    expect(page.get_by_role("heading", name="Denoise", level=1)).to_be_visible()
    page.wait_for_function(
        "() => !(document.querySelector('[data-testid=stSidebar]')?.getBoundingClientRect().right > 1)"
    )
    settled(page)
    assert page.get_by_test_id("stExpandSidebarButton").bounding_box()["height"] >= 44
