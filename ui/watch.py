"""Watch a run: progress, pictures and curves, drawn anew twice a second while it is active."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.execution import MONITORED
from ae_core.exploration import SHOWN, one_of_each
from ae_core.recipe import Recipe
from ae_core.runs import ACTIVE, Run, RunError, Status
from ui import cached, charts, export
from ui.absent import what_is_left
from ui.colours import STATES
from ui.frame import note
from ui.pictures import Row, grey, sheet, signed
from ui.server import engine
from ui.turns import turns

EVERY_S, ANSWER_S = 0.5, 0.3
WORDS = {"waiting": "waiting for a free slot", "interrupted": "interrupted: its process is gone"}


def follow(run: Run) -> None:
    """Show a run; while it waits or trains, the view renews itself, and nothing else on the page does."""
    active = run.status().state in ACTIVE
    machine = engine()
    if active and machine and machine.ahead_of(run) < machine.slots:
        _wait_for(lambda: run.live() is not None)
    st.fragment(_view, run_every=EVERY_S if active else None)(run, active)


def _view(run: Run, was_active: bool) -> None:
    status = run.status()
    if was_active and status.state not in ACTIVE:
        st.rerun()  # once, so that the timer stops and the rest of the page sees the end
    try:
        made = run.recipe()
        _head(run, made, status)
        _pictures(run, made)
        _curves(run, made, status)
        note(f"run {run.id} · {made.data.title}, test split · seed {made.plan['seed']} · epoch {status.epoch}")
    except (RunError, DatasetError) as error:
        st.error(str(error))


def _head(run: Run, made: Recipe, status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(WORDS.get(status.state, status.state), color=STATES[status.state])
        st.markdown(f"**{made.title}**")
        st.space("stretch")
        _buttons(run, status)
    if status.error:
        st.error(status.error)
    if status.state in ACTIVE:
        st.progress(_share(status), text=_progress_text(run, made, status))


def _buttons(run: Run, status: Status) -> None:
    machine = engine()
    if status.state in ACTIVE and machine and st.button("Stop", icon=":material/stop:", key="watch_stop"):
        machine.stop(run)
        _wait_for(lambda: run.status().state not in ACTIVE)
        st.rerun()
    resumable = status.state in ("stopped", "interrupted", "failed") and not run.pretrained
    if resumable and machine and st.button("Go on", icon=":material/play_arrow:", key="watch_resume"):
        machine.resume(run)
        st.rerun()
    if status.state not in ACTIVE and run.has_weights():
        st.page_link(
            "pages/reconstruct.py", label="Reconstruct", icon=":material/compare:", query_params={"run": run.id}
        )
        export.offer(lambda: export.of_run(run), key="watch")


def _wait_for(happened: Callable[[], bool]) -> None:
    """Give a worker a moment, so that the answer is on the page at once and not at the next tick."""
    turns.give_up()
    until = time.monotonic() + ANSWER_S
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)


def _share(status: Status) -> float:
    return min(1.0, status.step / status.total) if status.total else 0.0


def _progress_text(run: Run, made: Recipe, status: Status) -> str:
    machine = engine()
    if status.state == "waiting":
        ahead = machine.ahead_of(run) if machine else 0
        return f"{ahead} before it in the queue" if ahead else "about to start"
    if not status.step or not status.total:
        return "starting"
    if status.step >= status.total:
        return "measuring the result on all test images"
    left = status.seconds / status.step * (status.total - status.step)
    return (
        f"epoch {status.epoch} of {made.plan['epochs']} · {status.seconds:.0f} s trained · about {_duration(left)} left"
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _pictures(run: Run, made: Recipe) -> None:
    live = run.live()
    try:
        test = made.data.load().test
    except DatasetError as error:
        st.info(str(error), icon=":material/info:")
        what_is_left(run)
        return
    chosen = one_of_each(test.labels, SHOWN)
    inputs = test.images[chosen].numpy()
    rows = [Row("Input", grey(inputs), f"{SHOWN} test pictures, one of each class")]
    if live is None:
        st.html(sheet(rows))
        return
    step, outputs = live
    errors = outputs.numpy() / 255.0 - inputs
    rows.append(
        Row("Output", grey(outputs.numpy()), f"The same pictures, rebuilt after step {step}", f"after step {step:,}")
    )
    legend = "blue: too dark, red: too bright"
    rows.append(Row("Error", signed(errors, 0.5), f"Signed error, {legend}", legend, band=True))
    st.html(sheet(rows))


def _curves(run: Run, made: Recipe, status: Status) -> None:
    lines = cached.metrics(run)
    if len(lines) < 2:
        return
    per_epoch = status.total / made.plan["epochs"] if status.total else 1.0
    charts.show(
        charts.loss_curves(lines, per_epoch), key="watch_curves", height=280,
        alt=f"Loss by epoch; the test loss is now {sum(lines[-1]['test'].values()):.3g}",
    )  # fmt: skip
    note(
        f"Loss in {made.unit}, summed over pixels, mean over images; dotted: training batches, solid: "
        f"{MONITORED} fixed test images at most."
    )
