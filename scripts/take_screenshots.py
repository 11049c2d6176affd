"""Take the pictures of README and docs from the running app: `python scripts/take_screenshots.py`; needs Chromium."""

from __future__ import annotations

import io
import math
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import CHROMIUM, Server, settled
from playwright.sync_api import Page, ViewportSize

from benchmarks.browser import chromium

SIZE: ViewportSize = {"width": 1180, "height": 820}
PAGES = {"start": "", "denoise": "denoise", "latent": "latent", "generate": "generate?section=between", "compare": "compare", "runs": "runs"}  # fmt: skip
COLOURS = 128  # of a picture; more cannot be told apart on these pages
MOVED = "latent?run=vae-mnist-2d"
FRAMES, FRAME_MS, WIDE, EDGE = 56, 90, 720, 12


def settle(page: Page) -> None:
    """Wait until the page stands still, and a moment longer for what is drawn last."""
    settled(page)
    page.wait_for_timeout(1500)


def picture(page: Page, name: str) -> None:
    """Keep what is on the screen, as a small file."""
    whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(ROOT / "docs" / f"{name}.png", optimize=True)


def take(page: Page, url: str) -> None:
    """Every page as a visitor finds it, a training at work, and its reconstructions."""
    for name, path in PAGES.items():
        page.goto(f"{url}/{path}")
        settle(page)
        page.get_by_text("Still measuring").wait_for(state="detached")
        picture(page, name)
    page.goto(f"{url}/train?model=multilayer&latent=8&epochs=60")
    settle(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(re.compile(r"epoch ([1-5]\d) of")).wait_for()
    picture(page, "train")
    page.get_by_text("done", exact=True).wait_for()
    page.get_by_role("link", name="Reconstruct").last.click()
    page.get_by_role("heading", name="All test pictures").wait_for()
    settle(page)
    picture(page, "reconstruct")


def below_each_other(frames: list[Image.Image]) -> Image.Image:
    """Some frames in one picture, so that one palette does for all."""
    height = frames[0].height
    whole = Image.new("RGB", (frames[0].width, height * len(frames)))
    for k, frame in enumerate(frames):
        whole.paste(frame, (0, k * height))
    return whole


def move(page: Page, url: str) -> None:
    """A short film of the latent pad: the pointer goes once around through the classes."""
    page.goto(f"{url}/{MOVED}")
    page.locator("canvas.output").first.wait_for()
    settle(page)
    box, part = page.locator("canvas.marks").first.bounding_box(), page.locator(".panels").bounding_box()
    if box is None or part is None:
        raise SystemExit(f"/{MOVED} shows no map.")
    part = {
        "x": part["x"] - EDGE,
        "y": part["y"] - EDGE,
        "width": part["width"] + 2 * EDGE,
        "height": part["height"] + EDGE,
    }
    frames = []
    for k in range(FRAMES):
        turn = 2 * math.pi * k / FRAMES
        a, b = 0.5 + 0.27 * math.cos(turn), 0.5 + 0.27 * math.sin(2 * turn)
        page.mouse.move(box["x"] + a * box["width"], box["y"] + b * box["height"])
        frame = Image.open(io.BytesIO(page.screenshot(clip=part))).convert("RGB")
        frames.append(frame.resize((WIDE, round(frame.height * WIDE / frame.width)), Image.Resampling.LANCZOS))
    palette = below_each_other(frames[::8]).quantize(COLOURS, dither=Image.Dither.NONE)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    first.save(
        ROOT / "docs" / "latent.gif", save_all=True, append_images=rest, duration=FRAME_MS, loop=0, optimize=True
    )


if __name__ == "__main__":
    if not CHROMIUM:
        raise SystemExit("There is no Chromium here: install it, or name it in the variable CHROMIUM.")
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "runs") as server,
        chromium(CHROMIUM) as browser,
    ):
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")  # pages at rest
        page.set_default_timeout(180_000)  # milliseconds; other work may be going on
        move(page, server.url)
        take(page, server.url)
