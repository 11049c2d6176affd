"""Runs whose pictures are not on this computer: why, and what can still be seen of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.records import shown
from ae_core.runs import reading
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ui.figures.frame import note
from ui.figures.pictures import Row, grey, sheet
from ui.plain import plain
from ui.results.failed_runs import why

P = ParamSpec("P")
UNKNOWN = 6  # names of runs that a sentence repeats


def what_is_left(run: Run) -> None:
    """The last reconstructions that the training kept, and the pages that need the codes of a run only."""
    live = run.live()
    if live is not None:
        step, outputs = live
        st.html(
            sheet(
                [
                    Row(
                        "Output",
                        grey(outputs.numpy()),
                        f"What the network answered after step {step}",
                        f"after step {step:,}",
                    )
                ]
            )
        )
        note("What the training itself kept: its last answers to fixed test pictures.")
    if run.has_weights() and run.codes() is not None:
        with st.container(horizontal=True):
            for page, label in (("latent", "Its latent space"), ("generate", "Pictures it generates")):
                st.page_link(
                    f"pages/{page}.py",
                    label=plain(label),
                    icon=":material/arrow_forward:",
                    query_params={"run": run.id},
                )


def guarded(part: Callable[P, None]) -> Callable[P, None]:
    """A page, or a part of one, that answers with one sentence where its run or its pictures are not here.

    The frame puts this around every page; a part that is drawn alone needs it itself.
    """

    @functools.wraps(part)
    def careful(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            part(*args, **kwargs)
        except (RunError, DatasetError) as error:
            explain(error)

    return careful


def explain(error: RunError | DatasetError) -> None:
    """Why something cannot be shown, and a way forward."""
    st.error(plain(error))
    st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")


def say_if_absent(run: Run) -> None:
    """A sentence where the pictures of a run are not here, for a page that can do without them."""
    if told := _why(run):
        st.info(plain(told), icon=":material/info:")


def explain_absent(page: str) -> None:
    """A sentence about each run that the address of a page names under `runs` and that is not here, or whose pictures
    or weights are not.

    It stays while the page, which cannot choose such a run, goes on with others.
    """
    asked, key = st.query_params.get("runs"), f"_absent_{page}"
    if asked is not None:
        names, listed = str(asked)[:1000].split(","), Store.default().listing()
        st.session_state[key] = [
            f"{run.id} cannot be shown here. {told}"
            for run in listed
            if run.id in names and (told := reading.damage(run) or _why(run) or ("" if run.has_weights() else why(run)))
        ]
        unknown = [shown(name) for name in dict.fromkeys(names) if name and name not in {run.id for run in listed}]
        if unknown:
            named = ", ".join(unknown[:UNKNOWN])
            st.session_state[key].append(f"There is no such run, or it was removed: {named}. Others are shown.")
    for told in st.session_state.get(key, []):
        st.warning(plain(told))


def _why(run: Run) -> str:
    """Why the pictures of a run are not here; empty where they are."""
    try:
        data = run.recipe().data
        if not data.present():
            data.load()
    except (RunError, DatasetError) as error:
        return str(error)
    return ""
