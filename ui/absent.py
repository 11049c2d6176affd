"""Runs whose pictures are not on this computer: why, and what can still be seen of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.runs import Run, RunError
from ui import cached
from ui.frame import note
from ui.pictures import Row, grey, sheet

P = ParamSpec("P")


def what_is_left(run: Run) -> None:
    """The last reconstructions that the training kept, and the pages that need the codes of a run only."""
    live = run.live()
    if live is not None:
        step, outputs = live
        st.html(sheet([Row("Output", grey(outputs.numpy()), f"What the network answered after step {step}", f"after step {step:,}")]))  # fmt: skip
        note("What the training itself kept: its last answers to fixed test pictures.")
    if run.has_weights() and run.codes() is not None:
        with st.container(horizontal=True):
            for page, label in (("latent", "Its latent space"), ("generate", "Pictures it generates")):
                st.page_link(
                    f"pages/{page}.py", label=label, icon=":material/arrow_forward:", query_params={"run": run.id}
                )


def guarded(part: Callable[P, None]) -> Callable[P, None]:
    """A part of a page that answers with one sentence where its run or its pictures have gone meanwhile."""

    @functools.wraps(part)
    def careful(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            part(*args, **kwargs)
        except (RunError, DatasetError) as error:
            st.error(str(error))

    return careful


def say_if_absent(run: Run) -> None:
    """A sentence where the pictures of a run are not here, for a page that can do without them."""
    if told := _why(run):
        st.info(told, icon=":material/info:")


def explain_absent(page: str) -> None:
    """A sentence about each run that the address of a page names under `runs` and whose pictures are not here.

    It stays while the page, which cannot choose such a run, goes on with others.
    """
    asked, key = st.query_params.get("runs"), f"_absent_{page}"
    if asked is not None:
        names = str(asked)[:1000].split(",")
        st.session_state[key] = [
            f"{run.id} cannot be shown here. {told}"
            for run in cached.store().listing()
            if run.id in names and (told := _why(run))
        ]
    for told in st.session_state.get(key, []):
        st.warning(told)


def _why(run: Run) -> str:
    """Why the pictures of a run are not here; empty where they are."""
    try:
        data = run.recipe().data
        if not data.present():
            data.load()
    except (RunError, DatasetError) as error:
        return str(error)
    return ""
