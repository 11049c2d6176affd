"""How fast the exploring pages answer: the latent pad, the first picture of every page, and every page's own knob.

    python benchmarks/interaction.py [--quick] [--only pad|open|weight|knobs|crowd] [--visitors 50] [--seconds 30]

Server and Chromium are started and ended as in `server.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.browser import LIMIT_MS, PIXELS, PROBE, chromium, executable
from benchmarks.results import Failed, Line, asked, attempted, percentile, print_table, repeats, spread
from benchmarks.server import Server, crowd, errors, processor, started_server
from benchmarks.training import machine
from benchmarks.visitors import KNOBS, weigh

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, WebSocket

PAGES = ("", "train", "reconstruct", "denoise", "latent", "generate", "compare", "runs")
MOVES, SPOTS = 120, 20
PAD = (Path(__file__).parent / "pad.js").read_text(encoding="utf-8")
WEIGHTS, TILES = "vae-digits-2d", "convolutional-digits"  # a decoder that runs in the browser, and one that does not
ONE_S, PART_MS, WHOLE_MS, FIGURE_KB = 1.5, 100, 300, 500
RESULTS = "[data-testid=stMain]"
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"
SIZES = ("8", "2 numbers")
MAPS = ("Two numbers of the code", "Where codes vary most")


def visit(browser: Browser, url: str, wait: bool = True, **options: Any) -> Page:
    """A page in a context of its own at `url`, its measuring functions in place; `wait` until its script has ended."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, **options)
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    page.add_init_script(PROBE)
    page.goto(url, wait_until="load" if wait else "commit")
    if wait:
        page.locator("h1").first.wait_for()
        page.locator(DONE).wait_for()
        page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
        page.wait_for_timeout(1000)
    return page


def messages_sent(page: Page) -> list[int]:
    """A list that grows by one with every message that the page, loaded anew, sends to the server."""
    sent: list[int] = []

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", lambda _: sent.append(1))

    page.on("websocket", opened)
    return sent


def shown(path: str) -> str:
    """The address of a page in words."""
    return f"`/{path}`"


def pad(browser: Browser, server: Server, quick: bool) -> Iterator[Line]:
    """Moves over the pad: what each costs, that none asks the server, and how far a blend is from the exact picture."""
    for run, how in ((WEIGHTS, "decoder in the browser"), (TILES, "blended tiles")):
        page = visit(browser, f"http://{server.address}/latent?run={run}", reduced_motion="reduce")
        page.locator("canvas.output").first.wait_for()
        sent = messages_sent(page)
        page.reload()
        page.locator("canvas.output").first.wait_for()
        page.locator(DONE).wait_for()
        page.wait_for_timeout(1000)
        before = len(sent)
        rounds = [page.evaluate(PAD, MOVES) for _ in range(1 if quick else 5)]
        reruns = len(sent) - before
        took, seen = [t for one in rounds for t in one["took"]], min(one["pictures"] for one in rounds)
        what = f"latent pad of {run}, {how}: {MOVES} moves"
        yield Line(
            f"{what} → different pictures, messages to the server",
            f"{MOVES}, 0",
            f"{seen}, {reruns}",
            seen == MOVES and not reruns,
        )
        p50, p95 = percentile(took, 50), percentile(took, 95)
        yield Line(
            "the same: milliseconds a move, painting included",
            "p95 ≤ 8 ms",
            f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {max(took):.1f} ms (n = {len(took)})",
            p95 <= 8,
        )
        if run == TILES:
            off = list(blended_off(page, 5 if quick else SPOTS))
            yield Line(
                "the same: blended against exact, mean absolute error per pixel",
                "≤ 0.02",
                f"mean {np.mean(off):.4f}, worst place {max(off):.4f} (n = {len(off)})",
                bool(np.mean(off) <= 0.02),
            )
        page.context.close()  # fmt: skip


def blended_off(page: Page, count: int) -> Iterator[float]:
    """At places of the map: how far the picture under the moving pointer is from the exact one that replaces it."""
    box = page.locator("canvas.marks").first.bounding_box()
    if box is None:
        raise Failed("the map cannot be seen")
    output, caption = page.locator("canvas.output").first, page.locator(".side figcaption").first
    for a, b in np.random.default_rng(0).uniform(0.15, 0.85, (count, 2)):
        page.mouse.move(box["x"] + a * box["width"], box["y"] + b * box["height"])
        blended = np.array(output.evaluate(PIXELS))
        caption.filter(has_text="exact, computed by the server").wait_for()
        yield float(np.abs(blended - np.array(output.evaluate(PIXELS))).mean() / 255)


def opening(browser: Browser, server: Server, quick: bool) -> Iterator[Line]:
    """From the start of the navigation to the first picture, by a new visitor and by one whose browser knows
    the app.
    """
    for path in PAGES:
        url = f"http://{server.address}/{path}"
        first, again, kilobytes = [], [], []
        for _ in range(1 if quick else 5):
            page = visit(browser, url, wait=False)
            first.append(page.evaluate(f"bench.firstPicture({LIMIT_MS})") / 1000)
            page.locator(DONE).wait_for()
            page.goto(url, wait_until="commit")
            again.append(page.evaluate(f"bench.firstPicture({LIMIT_MS})") / 1000)
            page.locator(DONE).wait_for()
            kilobytes.append(
                page.evaluate("performance.getEntriesByType('resource').reduce((sum, e) => sum + e.encodedBodySize, 0)")
                / 1000
            )
            page.context.close()
        yield Line(
            f"{shown(path)} opened → first picture, browser knows the app",
            f"≤ {ONE_S:g} s",
            repeats(again),
            max(again) <= ONE_S,
        )
        yield Line("the same, empty browser cache", "–", f"{repeats(first)}; scripts and styles {max(kilobytes) / 1000:.1f} MB")  # fmt: skip


def weight(browser: Browser, server: Server, quick: bool) -> Iterator[Line]:
    """Bytes over the socket when a page is opened, and those of its largest figure."""
    for path in PAGES:
        with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one
            found = thread.submit(asyncio.run, weigh(f"ws://{server.address}/_stcore/stream", path)).result()
        total, (largest, kind) = found
        yield Line(
            f"{shown(path)}: bytes over the socket when opened; largest figure", f"< {FIGURE_KB} KB",
            f"{total / 1000:.0f} KB; {largest / 1000:.0f} KB ({kind})", largest < 1000 * FIGURE_KB,
        )  # fmt: skip


def knobs(browser: Browser, server: Server, quick: bool) -> Iterator[Line]:
    """One key press after the other on the dial of a page; then controls that draw a pad or a whole page anew."""
    count = 8 if quick else 40
    for path, (query, label) in KNOBS.items():
        page = visit(browser, f"http://{server.address}/{path}?{query}")
        page.get_by_text("Still measuring").wait_for(state="detached")
        slider = page.get_by_role("slider", name=label)
        slider.focus()
        took = []
        for i in range(count):
            page.evaluate(f"bench.otherPictures('keydown', {LIMIT_MS}, '{RESULTS}')")
            page.keyboard.press("ArrowRight" if i % 30 < 15 else "ArrowLeft")
            took.append(answered(page, i))
        page.context.close()
        yield timed(f"{shown(path)}, dial “{label}” moved by a key → new picture painted", took, PART_MS)
    pads: tuple[tuple[str, Literal["radio"], tuple[str, str], str, int], ...] = (
        ("", "radio", SIZES, "another network of the figure", PART_MS),
        ("latent?run=multilayer-digits", "radio", MAPS, "another map, the whole page anew", WHOLE_MS),
    )
    for path, role, names, what, target in pads:
        page = visit(browser, f"http://{server.address}/{path}", reduced_motion="reduce")
        took = []
        for i in range(count // 2):
            page.evaluate(f"bench.otherPad('pointerdown', {LIMIT_MS})")
            page.get_by_role(role, name=names[i % 2]).click()
            took.append(answered(page, i))
        page.context.close()
        yield timed(f"{shown(path)}, {what} → drawn", took, target)


def answered(page: Page, i: int) -> float:
    """Milliseconds that the armed measurement took; then a pause that is not in step with the frames."""
    took = float(page.evaluate("bench.measured"))
    page.locator(DONE).wait_for()
    page.wait_for_timeout(150 + 37 * (i % 7))
    return took


def timed(what: str, milliseconds: list[float], target: int) -> Line:
    """A line of times against the limit of their 95th percentile."""
    return Line(what, f"p95 ≤ {target} ms", spread(milliseconds), percentile(milliseconds, 95) <= target)


def crowded(server: Server, count: int, seconds: float) -> Iterator[Line]:
    """Many visitors turn the dials of four pages; then half of them run whole pages beside the others."""
    for share, kind in ((0.0, "all turn dials"), (0.5, "half of them run whole pages")):
        seen = crowd(server, count, seconds, share, trainings=0, knobs=",".join(KNOBS), whole=",latent,train,runs")
        beside = f"{count} visitors, an action a second for {seconds:g} s, {kind}"
        for path, took in sorted(seen["by_page"].items()):
            target = PART_MS if path in KNOBS else WHOLE_MS
            what = "dial turned → its pictures" if path in KNOBS else "whole page → `script_finished`"
            yield timed(f"{beside}: {shown(path)}, {what}", took, target)
        yield timed("the same: a page hears of its dial → `script_finished`", seen["fragment"], PART_MS)
        yield Line("the same: errors", "0", errors(seen), not seen["errors"])
        yield Line("the same: processor", "–", processor(seen).split(";")[0])


IN_BROWSER: dict[str, Callable[[Browser, Server, bool], Iterator[Line]]] = {
    "pad": pad, "open": opening, "weight": weight, "knobs": knobs,
}  # fmt: skip


def measure(arguments: argparse.Namespace) -> Iterator[Line]:
    """Start the server, visit every page once so that all is warm, and measure what was asked for."""
    path = executable()
    if not path:
        raise Failed("there is no Chromium here: install it, or name it in CHROMIUM")
    with started_server() as server, chromium(path) as browser:
        server.wait_until_ready()
        server.wait_until_warm()
        for page in PAGES:
            known = visit(browser, f"http://{server.address}/{page}")
            known.locator("[data-testid=stProgress]").first.wait_for(state="detached")
            known.context.close()
        for name, measurement in IN_BROWSER.items():
            if arguments.only in (None, name):
                yield from attempted(name, measurement(browser, server, arguments.quick))
        if arguments.only in (None, "crowd"):
            yield from attempted("crowd", crowded(server, arguments.visitors, arguments.seconds))
        found = server.tracebacks()
        yield Line("tracebacks in the log of the server", "0", str(found), not found)


def main() -> None:
    arguments = asked("How fast the exploring pages answer", [*IN_BROWSER, "crowd"])
    shared = "Server, visitors and Chromium share these cores."
    print_table(f"{machine()}, Streamlit {version('streamlit')}. {shared}", measure(arguments))


if __name__ == "__main__":
    main()
