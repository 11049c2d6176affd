"""Which runs Train shows: the one that is followed, and beside it the one that was followed before.

Both ids stand in the address, so a link opens both; the visit remembers them where the address names none.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.runs import reading
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import EXAMPLE, Store
from ui.controls.address import asked, tell
from ui.plain import plain
from ui.results.engine import engine
from ui.results.said import say, show_said
from ui.sections.train.form import fill, named_in_address

RUN, BEFORE = "run", "before"  # names in the address
KNOWN = "train_known"  # where it is said that a recipe has been trained already
_SHOWN = "train_shown"  # session key: the ids of the run and of the one before
_KNOWN = "The same recipe gives the same weights, so here is the run that was trained with it."


class Followed(NamedTuple):
    """What the page shows; `run` is None where there is nothing at all, `before` where nothing came before it."""

    run: Run | None
    before: Run | None

    @property
    def ids(self) -> tuple[str, str]:
        """Their ids; empty where there is none."""
        return self.run.id if self.run else "", self.before.id if self.before else ""


def followed() -> Followed:
    """The runs in a new address, else those of this visit, else the finished example. A run that was opened fills the
    form.
    """
    run_id, before_id = st.session_state.get(_SHOWN, (EXAMPLE, ""))
    opened, before = asked(RUN, str), asked(BEFORE, str)
    if opened is not None:
        run_id, before_id = opened, ""
    before_id = before_id if before is None else before
    shown = Followed(_found(run_id or EXAMPLE, opened), _before(before_id, before))
    if shown.run and shown.run.id == opened and not named_in_address():
        with contextlib.suppress(RunError, DatasetError):
            fill(shown.run.recipe())
    return _show(*shown)


def _found(run_id: str, opened: str | None) -> Run | None:
    """The run, else the finished example, and a sentence on why."""
    try:
        return Store.default().find(run_id)
    except RunError as error:
        shipped = next((run for run in Store.default().listing() if run.id == EXAMPLE), None)
        if run_id != EXAMPLE or opened:
            say(RUN, EXAMPLE, f"{error} Below is the finished example." if shipped else str(error))
        return shipped


def _before(run_id: str, opened: str | None) -> Run | None:
    """The run before, where there is one; a sentence where the address asks for one that there is not."""
    if not run_id:
        return None
    try:
        return Store.default().find(run_id)
    except RunError as error:
        if opened:
            say(BEFORE, None, f"{error} So nothing stands beside it.")
        return None


def _show(run: Run | None, before: Run | None) -> Followed:
    """Keep both for this visit and in the address."""
    shown = Followed(run, before if run and before and before.id != run.id else None)
    run_id, before_id = st.session_state[_SHOWN] = shown.ids
    tell(RUN, "" if run_id == EXAMPLE and not before_id else run_id)
    tell(BEFORE, before_id)
    return shown


def train(recipe: Recipe, shown: Followed, again: bool = False) -> Followed:
    """Follow a training of this recipe: a finished one where there is one, unless it shall be done `again`.

    Raises
        RunError: where there is no room for it.
    """
    say(KNOWN, None, "")
    known = next((run for run in reading.of_recipe(Store.default(), recipe) if _done(run)), None)
    if known and not again:
        say(KNOWN, known.id, _KNOWN)
        return shown if shown.run and shown.run.id == known.id else _show(known, _beside(recipe, shown))
    machine = engine()
    return _show(machine.submit(recipe), _beside(recipe, shown)) if machine else shown


def offer_again(shown: Followed) -> tuple[Followed, bool]:
    """Where the run was there already: say so, with a button that trains it once more; returns what is followed now,
    and whether it was pressed.
    """
    place = st.empty()
    with place.container():
        said = shown.run is not None and show_said(KNOWN, shown.run.id, st.info)
        pressed = said and st.button("Train it again anyway", icon=":material/replay:", disabled=not engine())
    if not pressed or not shown.run:
        return shown, False
    place.empty()
    try:
        return train(shown.run.recipe(), shown, again=True), True
    except (RunError, DatasetError) as error:
        st.error(plain(error))
        return shown, False


def _done(run: Run) -> bool:
    return reading.status(run).state == "done" and run.has_weights() and not reading.damage(run)


def _beside(recipe: Recipe, shown: Followed) -> Run | None:
    """What will stand beside a run of this recipe: what was followed; the example only if it has the same pictures."""
    if shown.run is None or shown.run.id != EXAMPLE:
        return shown.run
    with contextlib.suppress(RunError, DatasetError):
        return shown.run if shown.run.recipe().dataset == recipe.dataset else None
    return None
