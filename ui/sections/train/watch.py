"""Watch a run: progress, pictures and curves, drawn anew twice a second while it is active."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.datasets.choosing import SHOWN, one_of_each
from ae_core.looks.baseline import pca_loss, pca_size
from ae_core.models import model_class
from ae_core.runs import reading
from ae_core.runs.execution import MONITORED
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import ACTIVE, Run, RunError, Status
from ui.colours import STATES
from ui.figures import charts, export, noticing
from ui.figures.frame import note
from ui.figures.pictures import Row, grey, sheet, signed
from ui.plain import plain
from ui.results.absent_pictures import what_is_left
from ui.results.asking import NotReady, ask
from ui.results.engine import engine
from ui.results.failed_runs import usable
from ui.results.processes import missing_to_train
from ui.results.said import say, show_said
from ui.results.turns import turns
from ui.sections.runs.rows import duration, silent_for

EVERY_S, ANSWER_S = 0.5, 0.3
WORDS = {
    "waiting": "waiting for a free slot",
    "interrupted": "interrupted: its process is gone",
    "silent": "silent: its process may hang",
}


def follow(run: Run) -> None:
    """Show a run; while it waits or trains, the view renews itself, and nothing else on the page does."""
    active = run.status().state in ACTIVE
    machine = engine()
    if active and machine and machine.ahead_of(run) < machine.slots:
        _wait_for(lambda: run.live() is not None)
    st.fragment(_view, run_every=EVERY_S if active else None)(run, active)


def _view(run: Run, was_active: bool) -> None:
    status, machine = run.status(), engine()
    if status.state == "silent" and run.stop_asked() and machine:  # pressed before anybody could tell that it hangs
        machine.stop(run)
        status = run.status()
    if was_active and status.state not in ACTIVE:
        st.rerun()  # once, so that the timer stops and the rest of the page sees the end
    try:
        recipe = run.recipe()
        _head(run, recipe, status)
        _pictures(run, recipe)
        _curves(run, recipe, status)
        note(f"run {run.id} · {recipe.data.title}, test split · seed {recipe.plan['seed']} · epoch {status.epoch}")
    except (RunError, DatasetError) as error:
        st.error(plain(error))


def _head(run: Run, recipe: Recipe, status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(plain(WORDS.get(status.state, status.state)), color=STATES[status.state])
        st.markdown(f"**{plain(recipe.title)}**")
        st.space("stretch")
        _buttons(run, status)
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
    if status.state in ACTIVE:
        st.progress(_share(status), text=plain(_progress_text(run, recipe, status)))
        if sentence := missing_to_train():
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


def _pictures(run: Run, recipe: Recipe) -> None:
    live = run.live()
    try:
        test = recipe.data.load().test
    except DatasetError as error:
        st.info(plain(error), icon=":material/info:")
        what_is_left(run)
        return
    chosen = one_of_each(test.labels, SHOWN)
    inputs = test.images[chosen].numpy()
    rows = [Row("Input", grey(inputs), f"{SHOWN} test pictures, one of each class")]
    if live is None or len(live[1]) != len(inputs):
        st.html(sheet(rows))
        return
    step, outputs = live
    errors = outputs.numpy() / 255.0 - inputs
    rows.append(
        Row("Output", grey(outputs.numpy()), f"The same pictures, rebuilt after step {step}", f"after step {step:,}")
    )
    legend = "blue: too dark, red: too bright"
    rows.append(Row("Error", signed(errors, 0.5), f"Signed error, {legend}", legend))
    st.html(sheet(rows))


def _curves(run: Run, recipe: Recipe, status: Status) -> None:
    lines = reading.log(run)[0]
    if len(lines) < 2:
        return
    per_epoch = status.total / recipe.plan["epochs"] if status.total else 1.0
    reference = _pca_line(recipe)
    beside = f"; {reference[0]}: {reference[1]:.3g}" if reference else ""
    charts.show(
        charts.loss_curves(lines, per_epoch, reference),
        key="watch_curves",
        height=280,
        alt=f"Loss by epoch; the test loss is now {sum(lines[-1]['test'].values()):.3g}{beside}",
    )
    note(
        f"Loss in {recipe.unit}, summed over pixels, mean over images; dotted: training batches, solid: "
        f"{MONITORED} fixed test images at most"
        + (", dashed: PCA with a code of this size, on the same." if reference else ".")
    )


def _pca_line(recipe: Recipe) -> tuple[str, float] | None:
    """What PCA with as large a code leaves of the monitored test images, where the loss is a squared error and PCA is
    there.
    """
    damaged = "corruption" in recipe.knobs  # a harder task than the one that PCA is measured at here
    if recipe.unit != "squared error" or damaged or not recipe.data.present():
        return None
    with contextlib.suppress(NotReady):
        # The loss of a network without a bend at its end takes the outputs as they are, so PCA's are not cut either.
        cut = model_class(recipe.model).ends_in_logits
        size = pca_size(recipe.data, recipe.knobs["latent"])
        return f"PCA, {size} numbers", ask(pca_loss, recipe.data, size, MONITORED, cut)
    return None


def noticed(run: Run | None) -> str:
    """What to notice about the curves of a run."""
    if run is None:
        return noticing.of_training([], 1.0)
    total = run.status().total
    with contextlib.suppress(RunError, DatasetError):
        return noticing.of_training(reading.log(run)[0], total / run.recipe().plan["epochs"] if total else 1.0)
    return noticing.of_training([], 1.0)
