"""A real server and a real browser for the journeys."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

ROOT = Path(__file__).parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY_S = 90
PATHS = ("", "train", "reconstruct", "denoise", "latent", "generate", "compare", "runs")


def settled(page: Page) -> None:
    """Wait until a page has been drawn: its script has ended, nothing on it is a placeholder, and no computation runs."""
    page.locator("h1").first.wait_for()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') &&"
        " !document.querySelector('[data-testid=stSkeleton], [data-testid=stProgress]')"
    )


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


def leave(contexts: Iterable[BrowserContext], name: str) -> None:
    """End the visits of a journey; what each was looking at last is kept under its name."""
    for i, context in enumerate(contexts):
        for page in context.pages:
            keep(page, f"{name}-{i}" if i else name)
        context.close()


class Server:
    """The app on a port of its own, with a runs folder of its own; `kill` ends it without a chance to tidy up."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = runs.with_suffix(".log")
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            f"--server.port={self.port}",
            "--server.address=127.0.0.1",
        ]
        environment = {**os.environ, "AE_RUNS": str(self.runs), "AE_DEVICE": "cpu"}
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

    def stop(self) -> None:
        """Ask the server to end, as Ctrl-C does, and make sure that it has."""
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.kill()
