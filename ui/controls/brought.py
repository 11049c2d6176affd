"""The data set that was chosen on one page is the one that the next page begins with."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ae_core.datasets import Dataset, DatasetError
from ae_core.runs import reading
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ui.controls.pick import pick

_CHOSEN = "_data_chosen"  # session key: the page where a data set was chosen last, and its name


def _page() -> str | None:
    context = get_script_run_ctx()
    return context.page_script_hash if context else None


def brought_along() -> str | None:
    """The data set chosen on the page before; None where nothing was chosen, or it was here."""
    page, name = st.session_state.get(_CHOSEN, (None, None))
    return name if page != _page() else None


def keep(name: str) -> None:
    """Remember the data set of this page for the next one."""
    st.session_state[_CHOSEN] = (_page(), name)


def remember(run: Run) -> None:
    """Remember the data set of the run that this page shows."""
    with contextlib.suppress(RunError, DatasetError):  # the page says what is wrong with it
        keep(run.recipe().dataset)


def of_runs(entries: Mapping[str, Dataset]) -> str | None:
    """The data set of the first run that the address names, so that a link needs to name the runs only; else the first
    on which there is a run.
    """
    listed = {run.id: run for run in Store.default().listing()}
    for name in str(st.query_params.get("runs", ""))[:1000].split(","):
        if made := _made_of(listed, name):
            return made[1]
    return next((name for name in entries if reading.runs_of(Store.default(), name)), None)


def pick_dataset(entries: Mapping[str, Dataset], default: str | None = None, width: int | str = "stretch") -> Dataset:
    """One of the data sets: what the address asks for, else what was chosen on the page before, else `default`."""
    if not {"dataset", "runs"} & set(st.query_params) and brought_along() in entries:
        st.session_state["dataset"] = brought_along()
    titles = {name: entry.title for name, entry in entries.items()}
    name = pick("Pictures", titles, "dataset", default, pinned=True, width=width)
    keep(name)
    return entries[name]


def counterpart(runs: Mapping[str, Run], run_id: str) -> str:
    """The run that takes the place of another on the data set that was brought along: of the same name, else of the
    same model, else any; the run itself where there is none or it is on that data set already.
    """
    data, own = brought_along(), _made_of(runs, run_id)
    if data is None or own is None or own[1] == data:
        return run_id
    model, before = own
    there = {other: made for other in runs if (made := _made_of(runs, other)) and made[1] == data}
    alike = [other for other, made in there.items() if made[0] == model]
    same = run_id.replace(f"-{before}", f"-{data}")
    return next(iter([same] if same in there else alike or there), run_id)


def _made_of(runs: Mapping[str, Run], run_id: str) -> tuple[str, str] | None:
    """Model and data set of a run; None where it is not there or cannot be read."""
    try:
        recipe = runs[run_id].recipe()
    except (KeyError, RunError, DatasetError):
        return None
    return recipe.model, recipe.dataset
