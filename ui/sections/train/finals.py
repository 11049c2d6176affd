"""The number that a training ends with, large, beside that of the run before, and what changed in between."""

from __future__ import annotations

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.runs.run import Run, RunError
from ui.figures.frame import note
from ui.markup import render
from ui.plain import plain
from ui.results.said import say
from ui.sections.runs.rows import duration
from ui.sections.train.change import what_came_of_it, what_changed
from ui.sections.train.form import fill
from ui.sections.train.pair import One, Pair

NOTHING_YET = "–"
NOT_YET = "The error is measured at the end."
MEANING = "Squared error per pixel, mean over all test pictures; smaller is better."


def finals(pair: Pair) -> None:
    """The final number of each run, below it a button that puts its knobs into the form; what changed, in words."""
    with st.container(horizontal=True, key="finals"):
        for one in pair.shown:
            with st.container(gap=None):
                st.html(_final(pair, one))
                _offer_knobs(one)
    changed, came = sentences(pair)
    if changed:
        st.markdown(plain(changed))
    note(came)


def _offer_knobs(one: One) -> None:
    """A button that puts the knobs of a run into the form, for which the whole page is drawn again."""
    key, icon = f"use_{one.role}", ":material/tune:"
    if st.button("Use these knobs", key=key, icon=icon, type="tertiary", on_click=_use, args=(one.run,)):
        st.rerun()


def _final(pair: Pair, one: One) -> str:
    value = _time(one) if pair.other_pictures else _error(one)
    return render(
        "final.html", value=value, name=one.name, detail=_detail(one), colour=one.colour if pair.before else ""
    )


def _error(one: One) -> str:
    return f"{one.status.test['mse']:.4f}" if one.status.test else NOTHING_YET


def _time(one: One) -> str:
    return duration(one.status.seconds) if one.status.test else NOTHING_YET


def _detail(one: One) -> str:
    """The size of its code, how long it was trained, and whether that goes on."""
    size = one.recipe.knobs["latent"]
    code = f"code of {size} number{'s' if size != 1 else ''}"
    if one.active:
        return f"{code} · {one.recipe.plan['epochs']} epochs, not done yet"
    return f"{code} · {one.status.epoch} epochs in {duration(one.status.seconds)}"


def sentences(pair: Pair) -> tuple[str, str]:
    """What was changed since the run before, empty where there is none; what came of it, and what the numbers are."""
    now, before = pair.now, pair.before
    if before is None:
        return "", MEANING
    changed = what_changed(before.recipe, now.recipe)
    if pair.other_pictures:
        own = f" The error of this run is {_error(now)} per pixel." if now.status.test else ""
        return changed, f"Errors on different pictures cannot be compared, so these are the times of training.{own}"
    both = now.status.test and before.status.test
    result = what_came_of_it(before.status.test["mse"], now.status.test["mse"]) if both else NOT_YET
    return changed, f"{result} {MEANING}"


def _use(run: Run) -> None:
    """Put the knobs of a run into the form, or say why that cannot be."""
    try:
        fill(run.recipe())
    except (RunError, DatasetError) as error:
        say("watch", run.id, str(error))
