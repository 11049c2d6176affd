"""What a visitor sees, measured in a real headless Chromium; all clocks are those of the page."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import Line, percentile, repeats, spread

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")
PIXELS = (  # of a canvas
    "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).filter((_, i) => i % 4 === 0)"
)
LIMIT_MS = 20_000
OPEN = "`/` opened with an empty browser cache → picture painted"
FIRST = "Train pressed → first picture of the new run"
GAP = "longest time between two pictures of a long training"
STOP = "Stop pressed → the page says stopped"
KNOB = "dial of `/reconstruct` moved by a key → new picture painted"


def executable() -> str | None:
    """The Chromium to use: the one that CHROMIUM names, else the one on the path, else None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A running Chromium, ended with all its processes at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def fresh_page(browser: Browser, url: str, idle: bool = True) -> Iterator[Page]:
    """A page in a context without cache or cookies, at `url`; `idle` waits until nothing runs on it any more."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(LIMIT_MS)
    try:
        page = context.new_page()
        page.add_init_script(PROBE)
        page.goto(url, wait_until="load" if idle else "commit")
        if idle:
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning] .ae-sheet img")
            page.wait_for_timeout(1000)
        yield page
    finally:
        context.close()


def opening(browser: Browser, url: str, quick: bool) -> Iterator[Line]:
    """From the start of the navigation to the picture of the start page."""
    seconds = []
    for _ in range(2 if quick else 5):
        with fresh_page(browser, url, idle=False) as page:
            seconds.append(
                page.evaluate("bench.canvases('.st-key-autoencoder', 'canvas.ink, canvas.output', 20000)") / 1000
            )
    yield Line(OPEN, "≤ 1.5 s", f"{repeats(seconds)}, the very first {seconds[0]:.2f} s", max(seconds) <= 1.5)


def training(browser: Browser, url: str, quick: bool) -> Iterator[Line]:
    """Train pressed, watched and stopped, each time by a new visitor."""
    first, gaps, stopped = [], [], []
    count = 2 if quick else 5
    for i in range(count):
        with fresh_page(browser, f"{url}/train?epochs=10000") as page:
            first.append(_pressed(page, "Train", f"bench.newPicture('pointerdown', {LIMIT_MS})"))
            if i == count - 1:
                gaps = [b - a for a, b in pairwise(page.evaluate(f"bench.changes({4000 if quick else 8000})"))]
            page.wait_for_timeout(1000)
            stopped.append(_pressed(page, "Stop", f"bench.word('pointerdown', 'stopped', {LIMIT_MS})"))
    yield Line(FIRST, "≤ 1 s", repeats(first), max(first) <= 1)
    seen = (
        f"{max(gaps) / 1000:.2f} s, median {percentile(gaps, 50) / 1000:.2f} s ({len(gaps) - 1} pictures in "
        f"{sum(gaps) / 1000:.0f} s)"
    )
    yield Line(GAP, "≤ 1 s", seen, max(gaps) <= 1000)
    yield Line(STOP, "≤ 0.5 s", repeats(stopped), max(stopped) <= 0.5)


def _pressed(page: Page, button: str, probe: str) -> float:
    """Press a button by its name and return the seconds to the answer that `probe` waits for."""
    page.evaluate(probe)
    page.get_by_role("button", name=button).click()
    return float(page.evaluate("bench.measured")) / 1000


def knob(browser: Browser, url: str, quick: bool) -> Iterator[Line]:
    """One key press after the other on a focused dial."""
    milliseconds = []
    with fresh_page(browser, f"{url}/reconstruct?show=random") as page:
        page.get_by_role("slider", name="Random draw").focus()
        for i in range(10 if quick else 40):
            page.evaluate(f"bench.newPicture('keydown', {LIMIT_MS})")
            page.keyboard.press("ArrowRight")
            milliseconds.append(float(page.evaluate("bench.measured")))
            page.wait_for_timeout(150 + 37 * (i % 7))  # not in step with the frames
    yield Line(KNOB, "p95 ≤ 100 ms", spread(milliseconds), percentile(milliseconds, 95) <= 100)


Measurement = Callable[["Browser", str, bool], Iterator[Line]]
MEASUREMENTS: dict[str, tuple[Measurement, dict[str, str]]] = {
    "open": (opening, {OPEN: "≤ 1.5 s"}),
    "train": (training, {FIRST: "≤ 1 s", GAP: "≤ 1 s", STOP: "≤ 0.5 s"}),
    "knob": (knob, {KNOB: "p95 ≤ 100 ms"}),
}
