"""The log of a run is a matter of its recipe: the same lines, however often the training was broken off."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_runs import bit_equal, kept_tensors, small_recipe, stop_at

from ae_core.durable import Damaged
from ae_core.runs import checkpoints, execution
from ae_core.runs.execution import execute
from ae_core.runs.log import POINTS, TrainingLog
from ae_core.runs.run import Run
from ae_core.runs.store import Store
from ae_core.training.loop import Step, evenly

EPOCHS, STEPS = 20, 240  # of 12 steps each: more than there are lines


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for until it has reached the disk; `test_durable` is about that."""
    monkeypatch.setattr("ae_core.durable.os.fsync", lambda handle: None)


class Killed(BaseException):
    """Ends a training at once, as a killed process does: nothing is written any more."""


def kill_at(k: int) -> Callable[[Step], None]:
    def watch(step: Step) -> None:
        if step.step == k:
            raise Killed

    return watch


def logged(run: Run) -> list[dict]:
    """All that a log says but for the seconds."""
    return [{name: value for name, value in line.items() if name != "seconds"} for line in run.metrics()]


@pytest.fixture
def straight(store: Store) -> Callable[[str], Run]:
    """A run that nothing disturbed."""

    def trained(model: str) -> Run:
        run = store.create(small_recipe(model, EPOCHS), origin="test")
        assert execute(run).state == "done"
        return run

    return trained


def test_lines_come_at_steps_that_the_recipe_decides_however_fast_the_machine_is(straight, monkeypatch):
    slow = straight("vanilla")
    monkeypatch.setattr(execution, "SHOW_S", -1.0)  # as if half a second had passed after every step
    monkeypatch.setattr(execution, "CHECKPOINT_S", -1.0)
    quick = straight("vanilla")
    assert logged(slow) == logged(quick)
    assert {line["step"] for line in logged(slow)} == {0} | evenly(STEPS, POINTS)


@pytest.mark.parametrize("model", ["vanilla", "vae"])
def test_a_run_that_was_stopped_again_and_again_has_the_log_of_one_that_was_not(model, straight, store, look_always):
    whole, run = straight(model), store.create(small_recipe(model, EPOCHS), origin="test")
    for k in sorted(random.Random(model).sample(range(1, STEPS), 8)):
        assert execute(run, stop_at(run, k)).step == k
        assert logged(run) == [line for line in logged(whole) if line["step"] <= k]
        run.clear_stop()
    assert execute(run).state == "done"
    assert logged(run) == logged(whole) and bit_equal(kept_tensors(run), kept_tensors(whole))
    assert checkpoints.manifest(run.folder)[-1].loss == checkpoints.manifest(whole.folder)[-1].loss


@pytest.mark.parametrize("often", [True, False], ids=["checkpoints", "before the first checkpoint"])
def test_a_run_that_was_killed_again_and_again_has_the_log_of_one_that_was_not(often, straight, store, monkeypatch):
    whole, run = straight("vae"), store.create(small_recipe("vae", EPOCHS), origin="test")
    monkeypatch.setattr(execution, "CHECKPOINT_S", -1.0 if often else 1e9)
    for k in sorted(random.Random(5).sample(range(1, STEPS), 5)):
        with pytest.raises(Killed):
            execute(run, kill_at(k))
        assert run.has_weights() == (often and k > 1)
    assert execute(run).state == "done"
    assert logged(run) == logged(whole) and bit_equal(kept_tensors(run), kept_tensors(whole))


def test_train_terms_are_means_since_the_line_before_also_across_a_stop(store, look_always):
    run, losses = store.create(small_recipe("vanilla", EPOCHS), origin="test"), {}
    for k in (101, 150, None):
        stop = stop_at(run, k)

        def watch(step: Step, stop: Callable[[Step], None] = stop) -> None:
            losses[step.step] = step.losses["reconstruction"]
            stop(step)

        execute(run, watch)
        run.clear_stop()
    lines = [line for line in run.metrics() if line["step"]]
    for before, line in zip([{"step": 0}, *lines], lines, strict=False):
        since = [losses[step] for step in range(before["step"] + 1, line["step"] + 1)]
        assert line["train"]["reconstruction"] == pytest.approx(sum(since) / len(since), rel=1e-12)


def test_the_best_checkpoint_of_a_resumed_run_is_the_one_with_the_least_loss(store, look_always, monkeypatch):
    """A checkpoint right after going on, before any line, once counted as one with the loss 0: the best for ever."""
    run = store.create(small_recipe("vanilla", EPOCHS), origin="test")
    execute(run, stop_at(run, 20))
    run.clear_stop()
    monkeypatch.setattr(execution, "CHECKPOINT_S", -1.0)
    execute(run)
    best = min(checkpoints.manifest(run.folder), key=lambda entry: entry.loss)
    assert best.loss == min(sum(line["test"].values()) for line in run.metrics())


def test_seconds_go_on_from_the_checkpoint(store, look_always):
    run, before = store.create(small_recipe("vanilla", EPOCHS), origin="test"), 0.0
    for k in (100, 130, 160):
        assert execute(run, stop_at(run, k)).seconds > before
        before = checkpoints.manifest(run.folder)[-1].seconds
        run.clear_stop()
        assert before == run.status().seconds
    assert execute(run).seconds > before


@pytest.mark.parametrize(
    "kept",
    [
        {"log.counted": torch.tensor([1.0, 2.0])},
        {"log.counted": torch.tensor(1.0, dtype=torch.float16)},
        {"log.sum.loss": torch.tensor(1.0, dtype=torch.float64)},
        {"log.counted": torch.tensor(-1.0, dtype=torch.float64)},
    ],
    ids=["two", "half", "not counted", "negative"],
)
def test_sums_that_are_none_are_damage(kept, tmp_path):
    with pytest.raises(Damaged, match="no such sums; train it again"):
        TrainingLog(tmp_path, tmp_path, []).restore(kept)


def test_a_log_that_an_earlier_version_left_goes_on(store, look_always):
    """It has lines where half a second had passed, torn ones, and no sums in its checkpoint."""
    run = store.create(small_recipe("vanilla", EPOCHS), origin="test")
    execute(run, stop_at(run, 101))
    run.clear_stop()
    entry, tensors = checkpoints.newest(run.folder)
    plain = {name: value for name, value in tensors.items() if not name.startswith("log.")}
    checkpoints.save(run.folder, plain, entry.step, entry.epoch, entry.loss)
    path: Path = run.folder / "metrics.jsonl"
    path.write_text(path.read_text() + '{"step": 101, "epo{"step": 102}\n{"step": 1')
    assert execute(run).state == "done"
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS and run.log()[1] == ""
