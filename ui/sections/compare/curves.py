"""How the compared runs learned: one chart for each unit of the loss, and one of the squared error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ae_core.looks.errors import kept_errors
from ae_core.runs import reading
from ui.colours import BASELINE
from ui.figures import charts
from ui.results.asking import ask
from ui.sections.compare.chosen import Compared


class Curve(NamedTuple):
    """Values of one run over its training."""

    name: str
    epochs: np.ndarray
    values: np.ndarray
    colour: str
    dash: str


def loss_curves(compared: Sequence[Compared]) -> dict[str, list[Curve]]:
    """The test loss (all terms added) by unit of the loss: nats and squared error share no axis."""
    found: dict[str, list[Curve]] = {}
    for one in compared:
        lines = [line for line in reading.log(one.run)[0] if line.get("test")]
        epochs = np.array([line["step"] for line in lines]) / _steps_per_epoch(one)
        values = np.array([sum(line["test"].values()) for line in lines])
        found.setdefault(one.opened.recipe.unit, []).append(Curve(one.name, epochs, values, one.colour, one.dash))
    return found


def error_curves(compared: Sequence[Compared]) -> list[Curve]:
    """The squared error per pixel of the eight fixed test pictures that every training keeps, by epoch."""
    found = []
    for one in compared:
        steps, values = ask(kept_errors, one.opened)
        found.append(Curve(one.name, steps / _steps_per_epoch(one), values, one.colour, one.dash))
    return found


def _steps_per_epoch(one: Compared) -> float:
    total = one.run.status().total
    return total / one.opened.recipe.plan["epochs"] if total else 1.0


def figure(curves: Sequence[Curve], title: str, reference: tuple[str, float] | None = None) -> charts.Drawing:
    """The curves on one chart; `reference` (name, value) is a level line, drawn in the colour of the baseline."""
    drawn = [(c.name, c.epochs, c.values, c.colour, c.dash) for c in curves]
    if reference:
        ends = np.array([min(c.epochs.min() for c in curves), max(c.epochs.max() for c in curves)])
        drawn.append((reference[0], ends, np.full(2, reference[1]), BASELINE, "dot"))
    return charts.compared_curves(drawn, title)
