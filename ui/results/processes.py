"""What pages say while processes behind them are missing: they were killed, or do not answer, and are being
replaced.
"""

from __future__ import annotations

import streamlit as st

from ui.plain import plain
from ui.results.engine import engine

EVERY_S = 1.0


def missing_to_train() -> str:
    """One sentence on processes that train and are missing now; empty where all are there."""
    machine = engine()
    if machine is None or not machine.pool.missing:
        return ""
    missing, size = machine.pool.missing, machine.pool.size
    return (
        f"{missing} of {size} training processes {'does' if missing == 1 else 'do'} not answer: each is being replaced,"
        " and its run goes on from its last checkpoint."
    )


def missing_to_compute() -> str:
    """One sentence where the process that computes for pages is missing now; empty where it is there."""
    machine = engine()
    if machine is None or not machine.side.pool.missing:
        return ""
    return (
        "The process that computes for these pages does not answer: it is being replaced, and what was asked for is "
        "computed then."
    )


def say_what_is_missing() -> None:
    """At the top of a page, until all processes are there again; then the page is drawn anew."""
    with st.container(key="processes"):  # always there: nothing below it is mounted anew
        if _sentences():
            st.fragment(_say, run_every=EVERY_S)()


def _say() -> None:
    sentences = _sentences()
    if not sentences:
        st.rerun()
    st.warning(plain(" ".join(sentences)), icon=":material/healing:")


def _sentences() -> list[str]:
    return [sentence for sentence in (missing_to_train(), missing_to_compute()) if sentence]
