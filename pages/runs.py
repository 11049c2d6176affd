"""Runs: everything that was trained here, and what came with the program."""

import streamlit as st

from ae_core.runs import ACTIVE, Run, RunError, Status
from ui import cached
from ui.colours import OURS, STATES
from ui.frame import heading
from ui.pictures import sparkline
from ui.server import engine

PER_PAGE = 20
DELETED = "runs_deleted"  # session key: id of the run just deleted

heading(
    "Runs", "Every training leaves a run: its recipe, its curve and its weights. Open one, let it go on, or delete it."
)


def delete(run: Run) -> None:
    """Put a run into the trash and remember it for the undo."""
    machine = engine()
    if machine and run.status().state in ACTIVE:
        machine.stop(run)
    try:
        cached.store().delete(run)
        st.session_state[DELETED] = run.id
    except (RunError, OSError) as error:
        st.error(str(error))


def undo() -> None:
    """Bring back the run that was deleted last."""
    try:
        cached.store().restore(st.session_state.pop(DELETED))
    except RunError as error:
        st.error(str(error))


def active(run: Run) -> bool:
    """Whether a run is being trained or waits for it; a shipped one never is."""
    return not run.pretrained and run.status().state in ACTIVE


def numbers(status: Status) -> str:
    """The final numbers of a run, or where it stands, as HTML."""
    if status.test:
        return f'<p class="ae-numbers"><b>{status.test["mse"]:.4f}</b> <small>test error per pixel</small><br>{status.epoch} epochs, {status.seconds:.1f} s</p>'
    if status.total:
        return f'<p class="ae-numbers">step {status.step:,} of {status.total:,}<br>{status.seconds:.1f} s</p>'
    return ""


def row(run: Run) -> None:
    """One run: what it is, its state, its curve, its numbers, and what can be done with it."""
    status = run.status()
    with st.container(border=True):
        name, state, curve, result, actions = st.columns([2.9, 0.9, 1.0, 1.6, 3.5], vertical_alignment="center")
        try:
            made = run.recipe()
            name.html(
                f'<p class="ae-numbers"><b>{made.title}</b><br><small>seed {made.plan["seed"]} · {run.id}</small></p>'
            )
        except RunError as error:
            name.warning(str(error))
        state.badge(status.state, color=STATES[status.state])
        values = [sum(line["test"].values()) for line in cached.metrics(run) if line.get("test")]
        curve.html(sparkline(values, OURS, "test loss over the training") or "<span></span>")
        result.html(numbers(status) or "<span></span>")
        with actions.container(horizontal=True, horizontal_alignment="right", gap="small"):
            st.page_link("pages/train.py", label="Watch", icon=":material/show_chart:", query_params={"run": run.id})
            if run.has_weights():
                st.page_link(
                    "pages/reconstruct.py", label="Open", icon=":material/compare:", query_params={"run": run.id}
                )
                if status.state not in ACTIVE:
                    st.page_link(
                        "pages/compare.py",
                        label="Compare",
                        icon=":material/view_column:",
                        query_params={"runs": run.id},
                    )
            if not run.pretrained:
                st.button(
                    "Delete",
                    icon=":material/delete:",
                    key=f"runs_delete_{run.id}",
                    type="tertiary",
                    on_click=delete,
                    args=(run,),
                )


def table(polled: bool) -> None:
    """The rows of one page of the list; renewed each second while something is being trained."""
    if DELETED in st.session_state:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f"{st.session_state[DELETED]} is in the trash.")
            st.button("Undo", icon=":material/undo:", on_click=undo)
    runs = cached.store().listing()
    if not any(not run.pretrained for run in runs):
        st.info("You have not trained anything yet; below is what came with the program.", icon=":material/info:")
        st.page_link("pages/train.py", label="Train one", icon=":material/play_arrow:")
    pages = -(-len(runs) // PER_PAGE)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    for run in runs[(page - 1) * PER_PAGE : page * PER_PAGE]:
        row(run)
    if polled and not any(map(active, runs)):
        st.rerun()


training = any(map(active, cached.store().listing()))
st.fragment(table, run_every=1.0 if training else None)(training)
