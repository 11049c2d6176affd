"""A run from its first to its last step, stopped and resumed."""

from __future__ import annotations

import json

import pytest
import torch
from small_runs import bit_equal, kept_tensors, small_recipe, stop_at

from ae_core.baselines import PCA
from ae_core.measures.metrics import loss_terms
from ae_core.measures.table import evaluate
from ae_core.runs import execution
from ae_core.runs.claim import Busy, Claim, identity
from ae_core.runs.execution import MONITORED, execute, execute_by_id
from ae_core.runs.run import Run, Status
from ae_core.runs.store import Store

STEPS = 36  # of small_recipe: 3 epochs of 12 steps
both_kinds = pytest.mark.parametrize("model", ["vanilla", "vae"])


@pytest.fixture
def run(store: Store) -> Run:
    return store.create(small_recipe(), origin="test")


def test_a_run_ends_done_with_the_numbers_of_its_final_weights(run):
    status = execute(run)
    assert status.state == run.status().state == "done" and status.error is None
    assert (status.step, status.epoch) == (STEPS, 3) and status.seconds > 0
    model, entry = run.load()
    split = run.recipe().data.load()
    assert entry.step == STEPS
    assert run.status().test == evaluate(model, split.test.images)
    assert run.status().train == evaluate(model, split.train.images)
    assert status.test["mse"] < 0.95 * evaluate(run.recipe().new_model(), split.test.images)["mse"]


@both_kinds
def test_the_log_goes_from_the_untrained_network_to_the_last_step(model, store):
    run = store.create(small_recipe(model), origin="test")
    execute(run)
    lines = run.metrics()
    steps = [line["step"] for line in lines]
    assert steps == sorted(set(steps)) and steps[0] == 0 and steps[-1] == STEPS and len(steps) > 10
    terms = run.load()[0].losses(torch.zeros(1, 1, 8, 8)).keys()
    for line in lines:
        assert line.keys() == {"step", "epoch", "seconds", "train", "test"}
        assert line["train"].keys() == line["test"].keys() == terms
    assert sum(lines[-1]["test"].values()) < sum(lines[0]["test"].values())
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)


def test_a_run_leaves_pictures_and_snapshots_and_no_claim(run):
    execute(run)
    step, pictures = run.live()
    assert step == STEPS and pictures.shape == (8, 1, 8, 8) and pictures.dtype == torch.uint8
    snapshots = run.snapshots()
    assert {1, STEPS} <= snapshots.keys()
    assert snapshots[STEPS]["codes"].shape == (360, 8)
    assert torch.equal(snapshots[STEPS]["reconstructions"], pictures)
    assert not [path for path in run.folder.rglob("*") if "claim" in path.name or path.name.endswith(".part")]


@both_kinds
@pytest.mark.parametrize("k", [1, 12, 17, STEPS - 1])
def test_a_stopped_run_keeps_its_weights_and_goes_on_bit_for_bit(model, k, store, uninterrupted, look_always):
    run = store.create(small_recipe(model), origin="test")
    stopped = execute(run, stop_at(run, k))
    assert (stopped.state, stopped.step) == ("stopped", k) and run.status().state == "stopped"
    assert run.load()[1].step == k
    run.clear_stop()
    assert execute(run).state == "done"
    assert bit_equal(kept_tensors(run), uninterrupted(model))
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS


@pytest.mark.parametrize("k", [1, 12, 17, 18, 19])
def test_a_run_stopped_before_its_second_part_is_measured_as_it_was_trained(k, store, look_always):
    """The mean of a structured VAE is learned first: up to step 18 its network for the errors is as it was made."""
    run = store.create(small_recipe("structured_vae", channels=4), origin="test")
    execute(run, stop_at(run, k))
    model, _ = run.load()
    x = run.recipe().data.load().test.images[:]
    assert loss_terms(model, x[:MONITORED]) == pytest.approx(run.metrics()[-1]["test"], rel=1e-5)
    flat = model.distribution(model.encode(x[:2])).log_diagonal
    assert (flat.unique().numel() == 1) == (k <= 18)
    drawn = model.sample_images(model.encode(x[:200])) - model.reconstruct(x[:200])
    assert (k > 18) or drawn.std().item() == pytest.approx((-flat.unique()).exp().item(), rel=0.05)


def test_the_first_point_of_a_log_is_where_the_training_begins(store):
    run = store.create(small_recipe("linear", start="pca", epochs=1), origin="test")
    execute(run)
    split = run.recipe().data.load()
    pca = PCA.fit(split.train.images)
    x = split.test.images[:MONITORED]
    kept = (pca.codes(x, 8) @ pca.components[:8] + pca.mean).reshape(x.shape)  # as the loss has it, not cut to [0, 1]
    assert run.metrics()[0]["test"]["reconstruction"] == pytest.approx(
        (kept - x).square().flatten(1).sum(1).mean().item()
    )


def test_a_finished_run_that_is_computed_again_stays_as_it_is(run):
    first = execute(run)
    before = kept_tensors(run)
    again = execute(run)
    assert (again.state, again.test) == ("done", first.test) and bit_equal(kept_tensors(run), before)


def test_a_recipe_that_cannot_be_trained_is_a_failure_with_the_reason(run):
    record = json.loads((run.folder / "run.json").read_text())
    record["recipe"]["knobs"]["latent"] = 0
    (run.folder / "run.json").write_text(json.dumps(record))
    status = execute(run)
    assert status.state == run.status().state == "failed" and "latent = 0: must be" in status.error


def test_a_device_this_machine_lacks_is_a_failure_with_the_reason(run, monkeypatch):
    monkeypatch.setenv("AE_DEVICE", "abacus")
    assert "AE_DEVICE = 'abacus'" in execute(run).error


def test_two_processes_cannot_train_one_run(run, monkeypatch):
    claim = Claim(run.folder)
    with pytest.raises(Busy):
        execute(run)
    run.write_status(Status("running", owner=identity()))
    monkeypatch.setattr(execution.time, "sleep", lambda seconds: None)
    execute_by_id(str(run.folder.parent), run.id)  # what a worker does: it leaves the run to the other
    claim.release()
    assert run.status().step == 0 and run.metrics() == []


@pytest.mark.parametrize("state", ["waiting", "running"])  # resumed while the last process still measures; or dies
def test_a_run_whose_last_process_has_not_let_go_is_waited_for(run, monkeypatch, state):
    claim, waits = Claim(run.folder), []
    run.write_status(Status(state, owner=identity()))

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            claim.release()

    monkeypatch.setattr(execution.time, "sleep", sleep)
    execute_by_id(str(run.folder.parent), run.id)
    assert run.status().state == "done" and len(waits) == 3


def test_a_worker_that_waits_for_a_run_ends_when_the_run_is_stopped(run, monkeypatch):
    claim = Claim(run.folder)
    monkeypatch.setattr(execution.time, "sleep", lambda seconds: run.write_status(Status("stopped")))
    execute_by_id(str(run.folder.parent), run.id)
    claim.release()
    assert run.status().state == "stopped"


def test_a_worker_asked_for_a_removed_run_does_nothing(run, store):
    store.delete(run)
    execute_by_id(str(store.root), run.id)
    assert store.listing() == []


def test_a_run_that_is_to_stop_is_stopped_also_where_its_process_is_still_dying(run, monkeypatch):
    claim, looks = Claim(run.folder), []
    run.write_status(Status("running", step=5, owner=identity()))
    run.ask_to_stop()

    def dies_meanwhile(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            claim.release()

    monkeypatch.setattr("ae_core.runs.execution.time.sleep", dies_meanwhile)
    execute_by_id(str(run.folder.parent), run.id)
    assert len(looks) == 3 and run.status().state == "stopped"
