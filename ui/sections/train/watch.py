"""Watch a run beside the one before it: progress, final errors, pictures and curves, drawn anew twice a second while
one of them is active. Each part keeps its place from the beginning, so nothing moves when a training ends.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.runs import reading
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import ACTIVE, Run, RunError, Status
from ui.colours import STATES
from ui.figures import export, noticing
from ui.figures.frame import note
from ui.plain import plain
from ui.results.engine import engine
from ui.results.failed_runs import usable
from ui.results.processes import missing_to_train
from ui.results.said import say, show_said
from ui.results.turns import turns
from ui.sections.runs.rows import duration, silent_for
from ui.sections.train.curves import curves
from ui.sections.train.finals import finals
from ui.sections.train.followed import Followed
from ui.sections.train.pair import One, pair
from ui.sections.train.pictures import pictures

EVERY_S, ANSWER_S = 0.5, 0.3
WORDS = {
    "waiting": "waiting for a free slot",
    "interrupted": "interrupted: its process is gone",
    "silent": "silent: its process may hang",
}


def follow(run: Run, before: Run | None) -> None:
    """Show a run, and the one before it; while one waits or trains, the view renews itself, and nothing else does."""
    active = [one.id for one in (run, before) if one and one.status().state in ACTIVE]
    machine = engine()
    if run.id in active and machine and machine.ahead_of(run) < machine.slots:
        _wait_for(lambda: run.live() is not None)
    st.fragment(_view, run_every=EVERY_S if active else None)(run, before, active)


def _view(run: Run, before: Run | None, were_active: list[str]) -> None:
    status, machine = run.status(), engine()
    if status.state == "silent" and run.stop_asked() and machine:  # pressed before anybody could tell that it hangs
        machine.stop(run)
        status = run.status()
    if any(one.status().state not in ACTIVE for one in (run, before) if one and one.id in were_active):
        st.rerun()  # once, so that the timer stops and the rest of the page sees the end
    try:
        shown = pair(Followed(run, before), status)
        _head(run, shown.now.recipe, status)
        finals(shown)
        pictures(shown)
        curves(shown)
        note(*map(_source, shown.shown))
    except (RunError, DatasetError) as error:
        st.error(plain(error))


def _source(one: One) -> str:
    """Where what is shown of a run comes from."""
    recipe = one.recipe
    return f"run {one.run.id} · {recipe.data.title}, test split · seed {recipe.plan['seed']} · epoch {one.status.epoch}"


def _head(run: Run, recipe: Recipe, status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(plain(WORDS.get(status.state, status.state)), color=STATES[status.state])
        st.markdown(f"**{plain(recipe.title)}**")
    with st.container(horizontal=True, vertical_alignment="center", key="watch_line"):
        with st.container(key="watch_progress"):
            if status.state in ACTIVE:
                st.progress(_share(status), text=plain(_progress_text(run, recipe, status)))
            else:
                note(f"{status.epoch} epochs, {status.step:,} steps, trained for {duration(status.seconds)}")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            _buttons(run, status)
    _troubles(run, status)


def _troubles(run: Run, status: Status) -> None:
    """A sentence on whatever is not as it should be."""
    show_said("watch", run.id, st.error)
    if status.error:
        st.error(plain(status.error))
    elif status.state not in ACTIVE and run.has_weights():
        usable([run])
    if (told := reading.trouble(run)) and told != status.error:
        st.warning(plain(told))
    if status.state == "silent":
        st.warning(
            f"There has been {plain(silent_for(run))} from the process that trains this run: it hangs, or the computer "
            "is asleep or overloaded. Wait, stop it, or let it go on from its last checkpoint in another process."
        )
    if status.state in ACTIVE and (sentence := missing_to_train()):
        note(sentence)


def _buttons(run: Run, status: Status) -> None:
    machine = engine()
    if status.state in ACTIVE and machine and st.button("Stop", icon=":material/stop:", key="watch_stop"):
        _done(machine.stop, run)
        _wait_for(lambda: run.status().state not in ACTIVE)
        st.rerun()
    resumable = status.state in ("stopped", "interrupted", "failed", "silent") and not run.pretrained
    if resumable and machine and st.button("Go on", icon=":material/play_arrow:", key="watch_resume"):
        _done(machine.resume, run)
        st.rerun()
    if status.state not in ACTIVE and run.has_weights():
        st.page_link(
            "pages/reconstruct.py", label="Reconstruct", icon=":material/compare:", query_params={"run": run.id}
        )
        export.offer(lambda: export.of_run(run), key="watch")


def _done(order: Callable[[Run], None], run: Run) -> None:
    """Carry out what a button asks for, or say why that cannot be."""
    say("watch", run.id, "")
    try:
        order(run)
    except RunError as error:
        say("watch", run.id, str(error))


def _wait_for(happened: Callable[[], bool]) -> None:
    """Give a worker a moment, so that the answer is on the page at once and not at the next tick."""
    turns.give_up()
    until = time.monotonic() + ANSWER_S
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)


def _share(status: Status) -> float:
    return min(1.0, status.step / status.total) if status.total else 0.0


def _progress_text(run: Run, recipe: Recipe, status: Status) -> str:
    machine = engine()
    if status.state == "waiting":
        ahead = machine.ahead_of(run) if machine else 0
        return f"{ahead} before it in the queue" if ahead else "about to start"
    if not status.step or not status.total:
        return "starting"
    if status.step >= status.total:
        return "measuring the result on all test images"
    so_far = f"epoch {status.epoch} of {recipe.plan['epochs']} · {status.seconds:.0f} s trained"
    left = status.seconds / status.step * (status.total - status.step)
    return so_far if status.state == "silent" else f"{so_far} · about {duration(left)} left"


def noticed(run: Run | None) -> str:
    """What to notice about the curves of a run."""
    if run is None:
        return noticing.of_training([], 1.0)
    total = run.status().total
    with contextlib.suppress(RunError, DatasetError):
        return noticing.of_training(reading.log(run)[0], total / run.recipe().plan["epochs"] if total else 1.0)
    return noticing.of_training([], 1.0)
