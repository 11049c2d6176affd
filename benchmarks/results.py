"""A table of measurements, line by line (what, target, measured, met), and the program that prints it."""

from __future__ import annotations

import argparse
import math
import signal
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

HEAD = "| what | target | measured | met |\n| --- | --- | --- | --- |"


class Failed(Exception):
    """Something that is no measurement went wrong."""


@dataclass(frozen=True)
class Line:
    """One measurement; `met` is None where there is no target or nothing was measured."""

    what: str
    target: str
    measured: str
    met: bool | None = None
    broken: bool = False  # the measurement itself failed

    def markdown(self) -> str:
        """This line as a row of a Markdown table."""
        met = {True: "yes", False: "**NO**", None: "–"}[self.met]
        return f"| {self.what} | {self.target} | {self.measured} | {met} |"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` % of them do not exceed (nearest rank); infinite if there are
    none.
    """
    if not values:
        return math.inf
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def spread(values: Sequence[float]) -> str:
    """Median, 95th percentile and maximum of milliseconds, in words."""
    if not values:
        return "nothing measured"
    p50, p95 = percentile(values, 50), percentile(values, 95)
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {max(values):.0f} ms (n = {len(values):,})"


def repeats(values: Sequence[float]) -> str:
    """Median and maximum of a few seconds, in words."""
    return f"median {statistics.median(values):.2f} s, max {max(values):.2f} s (n = {len(values)})"


def asked(what: str, names: Iterable[str]) -> argparse.Namespace:
    """What the command line asks for: `quick`, `only` one of these measurements, how many `visitors`, for how many
    `seconds`.
    """
    parser = argparse.ArgumentParser(description=f"{what}, as a Markdown table.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, 10 visitors for 10 s")
    parser.add_argument("--only", choices=[*names], help="measure one thing only")
    parser.add_argument("--visitors", type=int, help="how many at once (default 50)")
    parser.add_argument("--seconds", type=float, help="how long they act (default 30)")
    arguments = parser.parse_args()
    arguments.visitors = min(200, arguments.visitors or (10 if arguments.quick else 50))
    arguments.seconds = min(300.0, arguments.seconds or (10 if arguments.quick else 30))
    return arguments


def attempted(name: str, lines: Iterator[Line]) -> Iterator[Line]:
    """The same lines; a measurement that breaks off ends with a line that says why, and the others go on."""
    try:
        yield from lines
    except Exception as error:
        reason = " ".join(str(error).replace("|", "/").split())[:200]
        yield Line(f"`{name}` broke off", "–", f"{type(error).__name__}: {reason}", broken=True)


def print_table(before: str, lines: Iterator[Line]) -> NoReturn:
    """Print what stands before the table, and each line as soon as it is measured; the exit status is 1 where one
    broke.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    print(f"{before}\n")
    print(HEAD, flush=True)
    broken = False
    try:
        for line in lines:
            print(line.markdown(), flush=True)
            broken |= line.broken
    except (Failed, OSError) as error:
        sys.exit(f"\nNot finished: {error}")
    sys.exit(int(broken))
