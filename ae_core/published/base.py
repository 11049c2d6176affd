"""Numbers that somebody published, each with the recipe that is held against it.

An entry has one row or several; a row is one recipe, the published value and the most that ours may be (smaller is
better everywhere: errors, nats, norms). `measure` turns a finished run into the number that is compared, in the unit of
its source. Tutorials print errors per pixel; papers print sums over pixels. "Nats" are per picture.

Every recipe is an ordinary one: `trained` looks for a finished run of it before it trains, so nothing is done twice.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ae_core.runs import reading
from ae_core.runs.claim import Busy
from ae_core.runs.execution import execute
from ae_core.runs.recipe import Recipe
from ae_core.runs.recipe import recipe as new_recipe
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ae_core.training.loop import Step

Measure = Callable[[Run], float]


def test_number(name: str) -> Measure:
    """A final number of the test split as it stands in the run's status."""
    return lambda run: run.status().test[name]


def loss_per_pixel(run: Run) -> float:
    """The whole loss on the test split, penalties included, divided by the number of pixels."""
    pixels = run.status().test["sumse"] / run.status().test["mse"]
    return run.status().test["loss"] / pixels


@dataclass(frozen=True)
class Row:
    """One recipe of an entry; `published` and `at_most` are None where the source has no such number."""

    label: str
    model: str
    knobs: dict[str, Any]
    plan: dict[str, Any]
    published: float | None = None
    at_most: float | None = None
    dataset: str = "mnist"
    measure: Measure | None = None  # where it differs from that of the entry
    seeds: int | None = None  # where it differs from that of the entry

    def recipe(self, seed: int = 0) -> Recipe:
        """The checked recipe with that seed."""
        return new_recipe(self.model, self.dataset, self.knobs, {**self.plan, "seed": seed})


@dataclass(frozen=True)
class Published:
    """Published numbers of one source and one protocol."""

    title: str
    source: str
    protocol: str
    quantity: str
    measure: Measure
    rows: tuple[Row, ...]
    digits: int = 4  # decimals that are worth printing
    seeds: int = 3  # 1 where a run takes more than two minutes
    recorded: bool = True  # whether `measure` reads the run's record only, or has to compute for minutes
    claim: str = ""  # what the rows say together, where that is the point
    claims: Callable[[list[float]], bool] = field(default=lambda values: True)

    def seeds_of(self, row: Row) -> int:
        """With how many seeds a row is trained."""
        return self.seeds if row.seeds is None else row.seeds


@dataclass(frozen=True)
class Result:
    """What one row gave: a value for each seed."""

    label: str
    published: float | None
    at_most: float | None
    values: tuple[float, ...]
    seconds: float  # of training, mean over the seeds

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.values)

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None for one seed."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def verdict(self) -> str:
        """`reached`, `missed`, or nothing where the row has no limit."""
        if self.at_most is None:
            return ""
        return "reached" if self.mean <= self.at_most else "missed"


def trained(store: Store, recipe: Recipe, watch: Callable[[Step], None] = lambda step: None) -> Run:
    """A finished run of a recipe: one that is there or is just being trained, one that was broken off, or a new one.

    Raises
        RunError: where the training fails; its text is the reason.
    """
    own = [run for run in reading.of_recipe(store, recipe) if run.status().state == "done" or not run.pretrained]
    run = own[0] if own else store.create(recipe, origin="command line")
    while run.status().state != "done":
        try:
            run.clear_stop()
            execute(run, watch)
            break
        except Busy:  # another process trains it: wait for that one
            time.sleep(1)
    status = run.status()
    if status.state != "done":
        raise RunError(f"{run.id} did not finish ({status.state}): {status.error or 'it was stopped; start it again.'}")
    return run


def result(store: Store, entry: Published, row: Row, seeds: int, watch: Callable[[Step], None]) -> Result:
    """Train a row with seeds 0, 1, ... and measure it."""
    runs = [trained(store, row.recipe(seed), watch) for seed in range(seeds)]
    seconds = statistics.fmean(run.status().seconds for run in runs)
    return Result(row.label, row.published, row.at_most, tuple(map(row.measure or entry.measure, runs)), seconds)
