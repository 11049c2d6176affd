"""Runs whose training failed, or whose weights are no use: each page on which one can be picked says so and goes on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ae_core.runs import reading
from ae_core.runs.opened import opened
from ae_core.runs.run import Run, RunError
from ui.plain import plain


def failed(run: Run) -> bool:
    """Whether the training of a run failed."""
    return reading.status(run).state == "failed"


def sound(run: Run) -> bool:
    """Whether the weights of a run can be opened."""
    try:
        opened(run)
        return True
    except RunError:
        return False


def mark(run: Run) -> str:
    """What follows the name of a run where runs are picked: that it failed, or nothing."""
    return " · failed" if failed(run) else ""


def say_if_failed(run: Run) -> None:
    """A sentence where the training of a run failed, with the reason."""
    if told := why(run):
        st.warning(plain(told))


def why(run: Run) -> str:
    """What became of a run that failed, and which weights there are; empty where it did not fail."""
    if not failed(run):
        return ""
    left = "What is shown are its last weights from before that." if run.has_weights() else "It has no weights."
    return f"The training of {run.id} failed. {reading.status(run).error or ''} {left}"


def usable(runs: Sequence[Run], said: str = "") -> list[Run]:
    """Those runs whose weights can be opened; a sentence about each of the others, and about each that failed.

    The page has said already what became of the run with the id `said`.
    """
    found = []
    for run in runs:
        try:
            opened(run)
            found.append(run)
            if run.id != said:
                say_if_failed(run)
        except RunError as error:
            st.warning(plain(error))
    return found
