"""Choose a run; the choice lives in the address as plain text."""

from __future__ import annotations

import streamlit as st

from ae_core.runs import Run, RunError
from ui import cached

DEFAULT = "vanilla-digits"


def title(run: Run) -> str:
    """What a run is called in a list: what it is, and enough of its id to tell it from others."""
    if run.pretrained:
        return f"{run.id} (shipped)"
    head, _, tail = run.id.rpartition("-")
    return f"{head} · {tail[:6]}"


def pick_run() -> Run:
    """A select box with every run that has weights; the page ends with a way forward where the asked one does not exist."""
    runs = {run.id: run for run in cached.store().listing() if run.has_weights()}
    asked = st.query_params.get("run")
    if asked is not None and asked not in runs:
        try:
            cached.store().find(asked)
            st.warning(f"{asked} has no weights yet: it must have trained for a moment first; here is another run.")
        except RunError as error:
            st.warning(f"{error} Here is a run that exists.")
        del st.query_params["run"]
    ids = list(runs)
    start = ids.index(DEFAULT) if DEFAULT in runs else 0
    chosen = st.selectbox(
        "Run",
        ids,
        index=start,
        format_func=lambda run_id: title(runs[run_id]),
        key="run",
        bind="query-params",
        width=420,
    )
    return runs[chosen]
