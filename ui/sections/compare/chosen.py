"""The runs that are compared: which there are, which to begin with, opened with their names and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ae_core.models import MODELS
from ae_core.runs import reading
from ae_core.runs.opened import Opened, opened
from ae_core.runs.run import ACTIVE, Run, RunError
from ae_core.runs.store import Store
from ui.colours import RUN_COLOURS
from ui.controls.pick import short_title
from ui.results.failed_runs import failed, sound

MOST, AT_FIRST = 6, 4
DASHES = ("solid", "solid", "solid", "dash", "dash", "dash")


class Compared(NamedTuple):
    """An opened run on the page, what it is called, and how its curve is drawn."""

    opened: Opened
    name: str
    colour: str
    dash: str

    @property
    def run(self) -> Run:
        """The run itself."""
        return self.opened.run


def finished(dataset_name: str) -> dict[str, Run]:
    """The runs on a data set that have weights and are no longer being trained, by id, the newest first."""
    return {run.id: run for run in reading.runs_of(Store.default(), dataset_name) if run.status().state not in ACTIVE}


def starting_runs(runs: Sequence[Run]) -> list[str]:
    """Ids to begin with: of the size of code that most kinds of model have, the first run of each kind."""
    by_size: dict[int, dict[str, list[Run]]] = {}
    for run in runs:
        if failed(run):
            continue
        recipe = run.recipe()
        by_size.setdefault(int(recipe.knobs["latent"]), {}).setdefault(recipe.model, []).append(run)
    largest = max(by_size.values(), key=len, default={})
    kinds = [largest[model] for model in MODELS if model in largest]
    first = [one.id for found in kinds if (one := next(filter(sound, found), None))]
    return (first or [found[0].id for found in kinds])[:AT_FIRST]


def compared(runs: Sequence[Run]) -> tuple[list[Compared], list[str]]:
    """The runs with their weights, and a sentence about each that cannot be opened."""
    found, trouble = [], []
    for run, colour, dash in zip(runs, RUN_COLOURS, DASHES, strict=False):
        try:
            found.append(Compared(opened(run), short_title(run), colour, dash))
            if told := reading.log(run)[1]:
                trouble.append(told)
        except RunError as error:
            trouble.append(str(error))
    return found, trouble
