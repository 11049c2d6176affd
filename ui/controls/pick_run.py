"""Choose the run that a page shows."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from ae_core.runs import reading
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import EXAMPLE, Store
from ui.controls.brought import counterpart, remember
from ui.controls.pick import pick, title
from ui.plain import plain
from ui.results.failed_runs import say_if_failed, why
from ui.results.said import say, show_said


def pick_run(default: str = EXAMPLE) -> Run:
    """A select box with every run that has weights, starting at `default`; one that is not there is explained.

    Where there is none at all the page ends here, with a way forward.
    """
    runs = {run.id: run for run in Store.default().listing() if run.has_weights()}
    if not runs:
        no_run()
    asked, told = st.query_params.get("run"), ""
    if asked is not None and asked not in runs:
        told = _why_not(asked)
        del st.query_params["run"]
    titles = {run_id: title(run) for run_id, run in runs.items()}
    start = default if default in titles else EXAMPLE
    if asked is None:
        before = st.session_state.get("run", start)
        if (there := counterpart(runs, before)) != before:
            st.session_state["run"] = there
    chosen = runs[pick("Run", titles, "run", start, pinned=True, width=420)]
    remember(chosen)
    if told:
        say("run", chosen.id, told)
    show_said("run", chosen.id)
    if not reading.damage(chosen):  # else it cannot be opened, and the page says why
        say_if_failed(chosen)
        if told := reading.log(chosen)[1]:
            st.warning(plain(told))
    return chosen


def _why_not(asked: str) -> str:
    """Why the run that the address asks for is not the one on the page."""
    try:
        found = Store.default().find(asked)
    except RunError as error:
        return f"{error} Here is a run that exists."
    told = reading.damage(found) or why(found)
    lacks = f"{asked} has no weights yet: it must have trained for a moment first; here is another run."
    return f"{told} Here is another run." if told else lacks


def no_run() -> NoReturn:
    """What stands on a page while nothing has been trained and nothing was shipped; it ends there."""
    st.info("There is no trained network here yet; train one in a few seconds.", icon=":material/info:")
    st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")
    st.stop()
