"""What the records of a run say, read again only where one of their files is another; nobody may change it."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from ae_core.runs.file_state import until_written
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run, RunError, Status
from ae_core.runs.store import Store

CURVE = 40  # points of a small curve; more are not seen


@until_written("metrics.jsonl", most=128)
def log(run: Run) -> tuple[list[dict[str, Any]], str]:
    """The logged lines of a run, and a sentence where others are damaged; it is empty where none is."""
    return run.log()


def status(run: Run) -> Status:
    """Where a run stands; one that is said to be trained is asked every time, because a process ends without a word."""
    kept = _status(run)
    return run.status() if kept.state in ("running", "interrupted", "silent") else kept


@until_written("status.json")
def _status(run: Run) -> Status:
    return run.status()


@until_written("run.json", "status.json", "manifest.json")
def damage(run: Run) -> str:
    """A sentence about what keeps a run from being opened: damage in its records but for the log; empty where none
    is.
    """
    return run.damage()


def trouble(run: Run) -> str:
    """A sentence about what is damaged in the records of a run, its log included; empty where nothing is."""
    return damage(run) or log(run)[1]


@until_written("metrics.jsonl")
def test_curve(run: Run) -> list[float]:
    """The test loss over the training, at most `CURVE` points of it; what is not a number is left out."""
    losses = (sum(line["test"].values()) for line in log(run)[0] if line.get("test"))
    finite = [loss for loss in losses if math.isfinite(loss)]
    shown = sorted({round(i * (len(finite) - 1) / (CURVE - 1)) for i in range(CURVE)}) if finite else []
    return [float(f"{finite[i]:.4g}") for i in shown]


def runs_of(store: Store, dataset_name: str) -> list[Run]:
    """All runs with weights that were trained on a data set, the newest first."""
    found = []
    for run in store.listing():
        try:
            if run.has_weights() and not damage(run) and run.recipe().dataset == dataset_name:
                found.append(run)
        except RunError:
            continue  # the page of runs says what is wrong with it
    return found


def of_recipe(store: Store, recipe: Recipe) -> list[Run]:
    """The runs of a recipe, the finished ones first, then the newest."""
    same = []
    for run in store.listing():
        with contextlib.suppress(RunError):
            if run.recipe() == recipe:
                same.append(run)
    return sorted(same, key=lambda run: status(run).state != "done")
