"""A real server and a real browser for the journeys; conftest.py hands them out."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from benchmarks.browser import executable

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocket

ROOT = Path(__file__).parent.parent
CHROMIUM = executable()
JOURNEY = [
    pytest.mark.browser,
    pytest.mark.flaky(reruns=1),  # server, browser and a second journey share two cores; -rR names whoever needed it
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: install it, or name it in the variable CHROMIUM"),
]
READY_S = 90
PATIENCE_MS = 90_000  # for states that must come; what must be quick is measured in benchmarks/
expect.set_options(timeout=PATIENCE_MS)
PATHS = ("", "train", "reconstruct", "denoise", "latent", "generate", "compare", "runs")


def settled(page: Page) -> None:
    """Wait until a page has been drawn: its script has ended, nothing on it is a placeholder, and no
    computation runs.
    """
    page.locator("h1").first.wait_for()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') && "
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stProgress]')"
    )
    page.locator(".pad .waiting, .autoencoder.waiting").first.wait_for(state="detached")  # until its network is here
    page.get_by_text("Still measuring").first.wait_for(state="detached")  # curves that grow by a timer


def tall(page: Page, width: int) -> None:
    """Make a page of this width so tall that all of it is in view; figures are drawn only where they are."""
    page.set_viewport_size({"width": width, "height": 900})
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(8000, max(900, height))})


def keep(page: Page, name: str) -> None:
    """Keep a picture of what is in view, where AE_SHOTS names a folder."""
    if folder := os.environ.get("AE_SHOTS"):
        plain = re.sub(r"[^\w.-]+", "-", name).strip("-")
        page.screenshot(path=Path(folder) / f"{plain}.png", animations="disabled")


RESTS = """(node) => new Promise((rest) => {
    let last, still = 0;
    const look = () => {
        const { y } = node.getBoundingClientRect();
        still = y === last ? still + 1 : 0;
        last = y;
        if (still < 30) requestAnimationFrame(look); else rest();
    };
    look();
})"""


def press(button: Locator) -> None:
    """Press a button once it has come to rest: one that is moved between the press and the release hears of neither."""
    button.evaluate(RESTS)
    button.click()


def press_train(page: Page) -> str:
    """Press Train and wait until the page follows the new run; returns its id."""
    press(page.get_by_role("button", name="Train", exact=True))
    page.wait_for_url(re.compile(r"run=\w+-\w+-\w+"))
    return re.findall(r"run=([\w-]+)", page.url)[0]


class Visits:
    """Pages of visitors onto a server; what goes wrong on one of them is held against the test.

    They are tabs of one window, which keeps the scripts and styles of the app from test to test and forgets all else;
    who needs other options of a context, or is somebody else, gets a window of its own.
    """

    def __init__(self, window: BrowserContext, server: Server) -> None:
        self._window, self._server = window, server
        self._here = (server.url, server.url.replace("http", "ws"), "data:", "blob:", "file:")
        self._pages: list[Page] = []
        self.sent: list[str | bytes] = []  # every message of a page to the server
        self.trouble: list[str] = []

    def __call__(self, path: str = "", still: bool = False, alone: bool = False, **options: Any) -> Page:
        """A page at a path of the server, or at a whole address; `still` asks for no motion, `alone` for an own
        window.
        """
        window = new_window(self._window.browser, **options) if alone or options else self._window
        page = window.new_page()
        self._pages.append(page)
        page.on("pageerror", lambda error: self.trouble.append(f"script error: {error}"))
        page.on("console", lambda message: self._follows_the_policy(message.text))
        page.on("request", lambda request: self._stays_here(request.url))
        page.on("websocket", self._listen)
        if still:
            page.emulate_media(reduced_motion="reduce")
        page.goto(path if "://" in path else f"{self._server.url}/{path}")
        return page

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._hear)

    def _hear(self, message: str | bytes) -> None:
        self.sent.append(message)

    def _follows_the_policy(self, told: str) -> None:
        if "Content Security Policy" in told:
            self.trouble.append(told)

    def _stays_here(self, url: str) -> None:
        if not url.startswith(self._here):
            self.trouble.append(f"a request left this machine: {url}")

    def end(self, name: str) -> None:
        """Close all pages; what each was looking at last is kept under this name."""
        for i, page in enumerate(self._pages):
            keep(page, f"{name}-{i}" if i else name)
            if page.context is self._window:
                page.evaluate("localStorage.clear()")
                page.close()
            else:
                page.context.close()
        self._window.clear_cookies()


def new_window(browser: Browser | None, **options: Any) -> BrowserContext:
    """A window without cookies or cache; options are those of a context."""
    assert browser
    window = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}, **options})
    window.set_default_timeout(PATIENCE_MS)
    return window


class Server:
    """The app on a port of its own, with a runs folder of its own; it is ended without a chance to tidy up."""

    def __init__(self, runs: Path, script: str = "app.py", **environment: str) -> None:
        self.runs, self.script, self.environment = runs, script, environment
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = runs.with_suffix(".log")
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            self.script,
            f"--server.port={self.port}",
            "--server.address=127.0.0.1",
        ]
        environment = {**os.environ, "AE_RUNS": str(self.runs), "AE_DEVICE": "cpu", **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + READY_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                return
            time.sleep(0.1)
        self.kill()
        pytest.fail(f"the server did not start: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End the server process and its workers at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
