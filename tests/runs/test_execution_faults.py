"""What can go wrong while a run trains: it diverges, is deleted, the disk is full, the process is killed."""

from __future__ import annotations

import errno
import math
import random
from pathlib import Path

import pytest
import torch
from fresh_python import started
from small_runs import AS_SMALL, bit_equal, kept_tensors, small_recipe, stop_at, wait_until
from torch import Tensor

from ae_core.models import Vanilla
from ae_core.runs import checkpoints, execution
from ae_core.runs.execution import execute
from ae_core.runs.run import Run
from ae_core.runs.store import Store
from ae_core.training.loop import Step


@pytest.fixture
def run(store: Store) -> Run:
    return store.create(small_recipe(), origin="test")


def test_a_divergence_is_a_failure_with_its_reason_and_keeps_finite_weights(run, monkeypatch):
    original, calls = Vanilla.losses, []

    def losses(self: Vanilla, x: Tensor) -> dict[str, Tensor]:
        calls.extend([1] * torch.is_grad_enabled())
        return {
            name: value * (math.nan if len(calls) == 7 and torch.is_grad_enabled() else 1)
            for name, value in original(self, x).items()
        }

    monkeypatch.setattr(Vanilla, "losses", losses)
    status = execute(run)
    assert status.state == run.status().state == "failed"
    assert "stopped in step 7" in status.error and "try a learning rate below" in status.error
    assert status.step == 6 and run.load()[1].step == 6


def unlogged(total: int) -> int:
    """A step at which neither a log line nor a snapshot is due."""
    return min(set(range(30, total)) - execution.evenly(total, execution.POINTS))


@pytest.mark.parametrize("checkpoint_s", [5.0, -1.0], ids=["before a look", "before a checkpoint"])
@pytest.mark.parametrize("k", [1, unlogged(240), 240])
def test_a_run_that_is_deleted_while_it_trains_ends_without_an_exception(k, checkpoint_s, store, monkeypatch):
    monkeypatch.setattr(execution, "CHECKPOINT_S", checkpoint_s)
    run = store.create(small_recipe(epochs=20), origin="test")

    def delete(step: Step) -> None:
        if step.step == k:
            store.delete(run)

    execute(run, delete)
    assert not run.folder.exists() and store.listing() == []


def refused(*arguments: object, **keywords: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_while_saving_is_a_failure_with_a_sentence_and_can_be_resumed(run, uninterrupted, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_bytes", refused)
        status = execute(run)
    assert status.state == run.status().state == "failed"
    assert status.error == "The run folder cannot be written (No space left on device): free some space, then resume."
    assert execute(run).state == "done" and bit_equal(kept_tensors(run), uninterrupted())


def test_a_disk_too_full_for_the_claim_is_a_failure_with_a_sentence(run, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refused)
        patch.setattr("ae_core.runs.claim.os.link", refused)
        status = execute(run)
    assert status.state == "failed" and "free some space" in status.error


def test_where_not_even_the_failure_can_be_written_the_run_does_not_seem_to_run_for_ever(run, monkeypatch):
    with monkeypatch.context() as patch:

        def fill_the_disk(step: Step) -> None:
            if step.step == 5:
                patch.setattr("os.replace", refused)

        assert execute(run, fill_the_disk).state == "failed"
    assert run.status().state in ("interrupted", "failed")


def test_the_log_survives_where_going_on_breaks_off_at_once(run, look_always, monkeypatch):
    execute(run, stop_at(run, 20))
    run.clear_stop()
    before = run.metrics()
    with monkeypatch.context() as patch:
        patch.setattr("ae_core.runs.log.write_lines", refused)
        execute(run)
    assert run.metrics()[: len(before)] == before


def test_damaged_weights_fall_back_and_end_bit_for_bit_the_same(run, uninterrupted, look_always):
    for k in (10, 20):
        execute(run, stop_at(run, k))
        run.clear_stop()
    (run.folder / "weights-000020.safetensors").write_bytes(b"damaged")
    assert execute(run).state == "done" and bit_equal(kept_tensors(run), uninterrupted())
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps))


EPOCHS = 40  # 480 steps
KILLS = random.Random(0).sample(range(20, 120), 2)
QUICK = "import ae_core.runs.execution as e; e.CHECKPOINT_S = 0.01; from ae_core.__main__ import main; main()"


@pytest.mark.parametrize("k", [KILLS[0], pytest.param(KILLS[1], marks=pytest.mark.slow)])
def test_a_killed_training_goes_on_where_it_was_and_ends_bit_for_bit_the_same(k, store, uninterrupted):
    process = started("-c", QUICK, "train", "vanilla", *AS_SMALL, "--epochs", str(EPOCHS))
    wait_until(lambda: process.poll() is not None or any(run.status().step >= k for run in store.listing()))
    process.kill()
    process.communicate()
    (run,) = store.listing()
    assert run.status().state == "interrupted", "it must have been killed in the middle"
    assert run.load()[1].step > 0
    assert execute(run).state == "done"
    assert bit_equal(kept_tensors(run), uninterrupted(epochs=EPOCHS))
