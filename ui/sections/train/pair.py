"""The run that is followed and the one before it, as the parts of Train that show both take them."""

from __future__ import annotations

from typing import NamedTuple

from ae_core.datasets import DatasetError
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import ACTIVE, Run, RunError, Status
from ui.colours import RUN_COLOURS
from ui.controls.pick import short_title
from ui.sections.train.followed import Followed

NOW, BEFORE = "now", "before"


class One(NamedTuple):
    """One of the two."""

    run: Run
    recipe: Recipe
    status: Status
    role: str  # NOW or BEFORE

    @property
    def name(self) -> str:
        """What it is called on the page."""
        return short_title(self.run)

    @property
    def colour(self) -> str:
        """Of its curve and its number."""
        return RUN_COLOURS[self.role == BEFORE]

    @property
    def active(self) -> bool:
        """Whether it is trained or waits for that."""
        return self.status.state in ACTIVE

    @property
    def per_epoch(self) -> float:
        """Steps in an epoch; 1 before that is known."""
        return self.status.total / self.recipe.plan["epochs"] if self.status.total else 1.0


class Pair(NamedTuple):
    """Both; `before` is None where nothing came before."""

    now: One
    before: One | None

    @property
    def shown(self) -> list[One]:
        """Those that there are, the newer one first."""
        return [self.now, self.before] if self.before else [self.now]

    @property
    def other_pictures(self) -> bool:
        """Whether they have learned from different data sets: then neither pictures nor errors can be compared."""
        return self.before is not None and self.before.recipe.dataset != self.now.recipe.dataset

    @property
    def alike(self) -> list[One]:
        """Those that have the same pictures."""
        return [self.now] if self.other_pictures else self.shown


def pair(shown: Followed, status: Status) -> Pair:
    """The runs that are followed, `status` being that of the newer one; one before it that cannot be read is left out.

    Raises
        RunError, DatasetError: where the newer one cannot be read.
    """
    if shown.run is None:
        raise RunError("Nothing has been trained here yet: press Train first.")
    return Pair(One(shown.run, shown.run.recipe(), status, NOW), _before(shown.before))


def _before(run: Run | None) -> One | None:
    try:
        return One(run, run.recipe(), run.status(), BEFORE) if run else None
    except (RunError, DatasetError):
        return None
