"""The latent pad in a browser: places on it, the place it tells, and its pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from browser import settled

from ae_core.runs.run import Run
from benchmarks.browser import PIXELS

if TYPE_CHECKING:
    from browser import Visits
    from playwright.sync_api import Page


def opened(visit: Visits, path: str, **options: Any) -> Page:
    """A page with a pad on it, drawn and at rest; options as for any visit."""
    page = visit(path, **options)
    drawn(page)
    return page


def drawn(page: Page) -> None:
    """Wait until the first pad of the page shows a picture and nothing moves any more."""
    page.locator("canvas.output").first.wait_for()
    settled(page)


def spot(page: Page, a: float, b: float, nth: int = 0) -> tuple[float, float]:
    """Screen position of a share of the way to the right and up of a map."""
    frame = page.locator("canvas.marks").nth(nth).bounding_box()
    assert frame
    return frame["x"] + a * frame["width"], frame["y"] + (1 - b) * frame["height"]


def place_of(page: Page, nth: int = 0) -> list[float]:
    """The coordinates that the caption of a map tells."""
    text = page.locator(".side figcaption").nth(2 * nth).inner_text().replace("−", "-")
    found = re.search(r"decoded at ([-.\d]+), ([-.\d]+)", text)
    assert found, text
    return [float(value) for value in found.groups()]


def pixels_of(page: Page, selector: str = "canvas.output", nth: int = 0) -> np.ndarray:
    """The grey levels of a canvas in [0, 1], row after row."""
    return np.array(page.locator(selector).nth(nth).evaluate(PIXELS)) / 255


def decoded(run: Run, code: Sequence[float]) -> np.ndarray:
    """The grey levels that the network of a run gives for a code."""
    with torch.inference_mode():
        return run.load()[0].decode(torch.tensor([code], dtype=torch.float32)).flatten().numpy()
