"""How fast the app answers: a started server, a real Chromium, and fifty visitors at once beside two trainings.

    python benchmarks/server.py [--quick] [--only open|train|knob|visitors] [--visitors 50] [--seconds 30]

Starts a server of its own on a free port of this computer, with runs in a temporary folder, and ends it afterwards.
Chromium is the one that CHROMIUM names, else the one on the path.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from benchmarks.browser import MEASUREMENTS, chromium, executable
from benchmarks.results import Failed, Line, asked, attempted, percentile, print_table, spread
from benchmarks.training import machine

ROOT = Path(__file__).resolve().parents[1]
START_S, END_S = 90, 10
QUIET_S = 0.2  # processor seconds in a second
TRAININGS = 2


@dataclass(frozen=True)
class Server:
    """A running server: its address, its process, its log."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_ready(self) -> float:
        """Seconds until the health address answers. Failed where that takes too long."""
        began = time.monotonic()
        while time.monotonic() < began + START_S and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection(self.address, timeout=2)
                connection.request("GET", "/_stcore/health")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return time.monotonic() - began
            time.sleep(0.05)
        raise Failed(f"the server did not become ready; the end of its log:\n{self.tail()}")

    def wait_until_warm(self) -> float:
        """Seconds until the training processes, which get ready after the pages, have fallen silent."""
        began, before = time.monotonic(), 0.0
        while time.monotonic() < began + START_S:
            times = [child.cpu_times() for child in psutil.Process(self.process.pid).children(recursive=True)]
            used = sum(spent.user + spent.system for spent in times)
            if before and used - before < QUIET_S:
                return time.monotonic() - began
            before = used
            time.sleep(1)
        raise Failed("the training processes did not become quiet")

    def memory(self) -> str:
        """What all its processes hold; what several share is counted once where the system tells (on Linux)."""
        own = psutil.Process(self.process.pid)
        held = [process.memory_full_info() for process in (own, *own.children(recursive=True))]
        return f"{sum(getattr(each, 'pss', each.rss) for each in held) / 1e6:.0f} MB in {len(held)} processes"

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def tracebacks(self) -> int:
        """How many errors the server has logged with a traceback; the log goes to the standard error where there are
        some.
        """
        text = self.log.read_text(errors="replace")
        found = text.count("Traceback (most recent call last)")
        if found:
            print(text, file=sys.stderr)
        return found


@contextlib.contextmanager
def started_server() -> Iterator[Server]:
    """A server with an empty runs folder; at the end it and all processes it started are gone."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        log = Path(folder) / "server.log"
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", port]
        command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, "AE_RUNS": str(Path(folder) / "runs")},
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            yield Server(f"127.0.0.1:{port}", process, log)
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process that leads a group, and its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(END_S)


def crowd(server: Server, visitors: int, seconds: float, pages: float, **more: str | int) -> dict[str, Any]:
    """What `benchmarks.visitors` measured in its own process, with the share of a core that the server used."""
    import psutil

    watched = psutil.Process(server.process.pid)
    before, began = sum(watched.cpu_times()[:2]), time.monotonic()
    options = {"visitors": visitors, "seconds": seconds, "pages": pages, "trainings": TRAININGS, **more}
    command = [sys.executable, "-m", "benchmarks.visitors", "--url", f"ws://{server.address}/_stcore/stream"]
    command += [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds + 120)
    finally:
        end_group(process)
    if process.returncode:
        raise Failed(f"the visitors' process ended with {process.returncode}")
    used, took = sum(watched.cpu_times()[:2]) - before, time.monotonic() - began
    return {**json.loads(output), "server_share": used / took, "took_s": took}


def visitors(server: Server, count: int, seconds: float) -> Iterator[Line]:
    """Everybody turns a knob; then half of them run whole pages instead."""
    beside = f"{count} visitors, each one action a second for {seconds:g} s, beside {TRAININGS} trainings"
    seen = crowd(server, count, seconds, pages=0)
    p95 = percentile(seen["knob"], 95)
    yield Line(f"{beside}: dial turned → its pictures", "p95 ≤ 100 ms", spread(seen["knob"]), p95 <= 100)
    p95 = percentile(seen["fragment"], 95)
    yield Line(
        "the same: the page hears of it → `script_finished`", "p95 ≤ 100 ms", spread(seen["fragment"]), p95 <= 100
    )
    yield Line("the same: errors", "0", errors(seen), not seen["errors"])
    yield Line("the same: first page drawn", "–", spread(seen["opened"]))
    yield Line("the same: processor", "–", processor(seen))
    seen = crowd(server, count, seconds, pages=0.5)
    yield Line("half of them run whole pages (`/`, `/runs`): the others' dial", "–", spread(seen["knob"]))
    yield Line("the same: whole page → `script_finished`", "–", spread(seen["page"]))
    yield Line("the same: errors", "0", errors(seen), not seen["errors"])
    yield Line("the same: processor", "–", processor(seen))


def errors(seen: dict[str, Any]) -> str:
    """How many errors, and which kinds."""
    kinds = sorted(set(seen["errors"]))[:3]
    listed = "; ".join(kind.replace("|", "/").replace("\n", " ")[:160] for kind in kinds)
    return f"{len(seen['errors'])}" + (f" ({listed})" if kinds else "")


def processor(seen: dict[str, Any]) -> str:
    """How much of one core the server's process and the visitors' process took, and that the trainings trained."""
    shares = f"server {seen['server_share']:.0%}, visitors {seen['cpu_s'] / seen['took_s']:.0%} of a core"
    return f"{shares}; the trainings showed {' and '.join(map(str, seen['pictures']))} pictures"


def in_browser(server: Server, name: str, quick: bool) -> Iterator[Line]:
    """The measurement of this name in a Chromium of its own, or lines that say why there are none."""
    measurement, targets = MEASUREMENTS[name]
    path = executable()
    if not path:
        for what, target in targets.items():
            yield Line(what, target, "not measured: no Chromium found")
        return
    with chromium(path) as browser:
        yield from measurement(browser, f"http://{server.address}", quick)


def measure(arguments: argparse.Namespace) -> Iterator[Line]:
    """Start the server and measure what was asked for."""
    names = [arguments.only] if arguments.only else [*MEASUREMENTS, "visitors"]
    with started_server() as server:
        yield Line("server started → health answers", "–", f"{server.wait_until_ready():.1f} s")
        yield Line("from then until the training processes are warm", "–", f"{server.wait_until_warm():.0f} s")
        yield Line("memory then", "–", server.memory())
        for name in names:
            lines = (
                visitors(server, arguments.visitors, arguments.seconds)
                if name == "visitors"
                else in_browser(server, name, arguments.quick)
            )
            yield from attempted(name, lines)
        found = server.tracebacks()
        yield Line("tracebacks in the log of the server", "0", str(found), not found)


def main() -> None:
    arguments = asked("How fast the app answers", [*MEASUREMENTS, "visitors"])
    shared = f"Server, trainings, the visitors' one process and Chromium all share these {os.cpu_count()} cores."
    print_table(f"{machine()}, Streamlit {version('streamlit')}.\n{shared}", measure(arguments))


if __name__ == "__main__":
    main()
