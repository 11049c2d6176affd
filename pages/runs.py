"""Runs: everything that was trained here, and what came with the program."""

import streamlit as st

from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ui.colours import OURS
from ui.components.run_list.run_list import run_list, to_delete
from ui.figures.frame import heading, note
from ui.plain import plain
from ui.results.engine import engine
from ui.results.said import say, show_said
from ui.sections.runs.filter import wanted
from ui.sections.runs.rows import active, row

PER_PAGE = 60
DELETED = "runs_deleted"  # session key: id of the run just deleted
LIST = "runs_list"  # session key: what the list has sent

heading(
    "Runs",
    "Every training leaves a run: its recipe, its curve and its weights. Open one, watch it (what was stopped can go "
    "on there), or delete it.",
)


def delete(run_id: str) -> None:
    """Put a run into the trash and remember it for the undo; it may be gone since the list was drawn."""
    machine = engine()
    say(LIST, None, "")
    try:
        run = Store.default().find(run_id)
        if machine and active(run):
            machine.stop(run)
        Store.default().delete(run)
        st.session_state[DELETED] = run.id
    except (RunError, OSError) as error:
        if run_id != st.session_state.get(DELETED):  # else it was pressed twice
            say(LIST, None, str(error))


def undo() -> None:
    """Bring back the run that was deleted last."""
    say(LIST, None, "")
    try:
        Store.default().restore(st.session_state.pop(DELETED))
    except RunError as error:
        say(LIST, None, str(error))


def tell_of(runs: list[Run]) -> None:
    """The undo, and a way forward where nothing was trained."""
    if DELETED in st.session_state:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f"{plain(st.session_state[DELETED])} is in the trash.")
            st.button("Undo", icon=":material/undo:", on_click=undo)
    if not any(not run.pretrained for run in runs):
        st.info("You have not trained anything yet; below is what came with the program.", icon=":material/info:")
        st.page_link("pages/train.py", label="Train one", icon=":material/play_arrow:")


def paged(found: int, every: int) -> int:
    """Which page of the list is shown, after a choice where there are several; says how many runs were found."""
    if found < every:
        note(f"{found:,} of {every:,} runs" if found else "No run is like that; clear the search, or choose all.")
    pages = -(-found // PER_PAGE)
    if pages < 2:
        return 1
    st.session_state["page"] = min(st.session_state.get("page", 1), pages)
    return st.pagination(pages, key="page", bind="query-params")


def table(polled: bool) -> None:
    """One page of the list; renewed each second while something is being trained."""
    with st.container():  # always there, so that the list below keeps its place on the page and the focus in it
        if (unwanted := to_delete(LIST)) is not None:
            delete(unwanted)
        show_said(LIST, None, st.error)
        every = Store.default().listing()
        tell_of(every)
        runs = wanted(every)
        page = paged(len(runs), len(every))
    run_list([row(run) for run in runs[(page - 1) * PER_PAGE : page * PER_PAGE]], OURS, LIST)
    if polled and not any(map(active, every)):
        st.rerun()


training = any(map(active, Store.default().listing()))
st.fragment(table, run_every=1.0 if training else None)(training)
