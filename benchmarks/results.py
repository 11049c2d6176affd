"""One line of a table of measurements: what, target, measured, met."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

HEAD = "| what | target | measured | met |\n| --- | --- | --- | --- |"


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
    """The smallest of `values` that at least `percent` % of them do not exceed (nearest rank); infinite if there are none."""
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
