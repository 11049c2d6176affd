"""Take the pictures of the README from the running app: `python scripts/take_screenshots.py`; needs Chromium."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from browser import CHROMIUM, FLAGS, Server
from playwright.sync_api import Page, ViewportSize, sync_playwright

SIZE: ViewportSize = {"width": 1180, "height": 820}


def settle(page: Page) -> None:
    """Wait until the page stands still and nothing on it is a placeholder."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(1500)


def take(page: Page, url: str) -> None:
    """The start page, both maps, a training at work, and its reconstructions."""
    for path, name in (("", "start"), ("latent", "latent")):
        page.goto(f"{url}/{path}")
        settle(page)
        page.screenshot(path=ROOT / "docs" / f"{name}.png")
    page.goto(f"{url}/train?model=multilayer&latent=8")
    settle(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(re.compile(r"epoch (1\d\d|[2-9]\d) of")).wait_for()
    page.screenshot(path=ROOT / "docs" / "train.png")
    page.get_by_text("done", exact=True).wait_for()
    page.get_by_role("link", name="Reconstruct").last.click()
    page.get_by_role("heading", name="All test pictures").wait_for()
    settle(page)
    page.screenshot(path=ROOT / "docs" / "reconstruct.png")


if __name__ == "__main__":
    if not CHROMIUM:
        raise SystemExit("There is no Chromium here: install it, or name it in the variable CHROMIUM.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "runs")
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            page.set_default_timeout(180_000)  # milliseconds; other work may be going on
            take(page, server.url)
            browser.close()
        finally:
            server.stop()
