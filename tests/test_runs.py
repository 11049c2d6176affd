"""Run folders: found by membership only, whole or refused, deleted and brought back."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import torch
from fresh_python import answer_of
from safetensors.torch import save as save_tensors
from small_runs import small_recipe, wait_until

from ae_core.ownership import HEARTBEAT_S, identity
from ae_core.recipe import recipe
from ae_core.runs import FORMAT, Run, RunError, Status
from ae_core.store import TRASH, Store


@pytest.fixture
def run(store: Store) -> Run:
    return store.create(small_recipe(), origin="test")


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_new_run_waits_and_keeps_its_recipe_origin_and_versions(run, store):
    assert run.recipe() == small_recipe() and run.status().state == "waiting"
    record = run.record()
    assert record["origin"] == "test" and record["format"] == FORMAT
    assert record["versions"].keys() == {"ae_core", "torch", "python"}
    assert store.find(run.id).folder == run.folder


def test_making_a_store_leaves_no_trace(tmp_path):
    assert Store(tmp_path / "nowhere", pretrained=tmp_path / "neither").listing() == []
    assert list(tmp_path.iterdir()) == []


def test_the_default_store_is_the_folder_ae_runs(tmp_path):
    assert Store.default().root == (tmp_path / "runs").resolve()


def test_the_listing_has_the_newest_first_whatever_was_written_since(store):
    runs = []
    for _ in range(3):
        before = time.time()
        wait_until(lambda before=before: time.time() > before + 0.01)  # file times are coarse
        runs.append(store.create(small_recipe(), origin="test"))
    expected = [run.id for run in reversed(runs)]
    assert [run.id for run in store.listing()] == expected
    runs[0].write_status(Status("stopped"))
    assert [run.id for run in store.listing()] == expected


def test_pretrained_runs_come_last_and_stay(store, tmp_path):
    shipped = Store(tmp_path / "pretrained", pretrained=None).create(small_recipe(), origin="test")
    both = Store(store.root, tmp_path / "pretrained")
    own = both.create(small_recipe(), origin="test")
    assert [(run.id, run.pretrained) for run in both.listing()] == [(own.id, False), (shipped.id, True)]
    with pytest.raises(RunError, match="came with the program and stays"):
        both.delete(both.find(shipped.id))


BAD_IDS = [
    "", ".", "..", "../elsewhere/x", "/", "/etc/passwd", "x\x00y", "#", "?", "a/b", "a\\b", "%2e%2e", "ünïcode ☃",
    "\ud800", TRASH, "x" * 100_000, "*", "\n",
]  # fmt: skip


@pytest.mark.parametrize("run_id", BAD_IDS, ids=ascii)
def test_an_id_that_is_not_listed_is_a_sentence(run_id, run, store):
    with pytest.raises(RunError, match="there is no such run, or it was removed; choose one from the list of runs"):
        store.find(run_id)


def test_a_run_outside_the_folder_is_not_found_by_any_path(store, run, tmp_path):
    outside = Store(tmp_path / "elsewhere", pretrained=None).create(small_recipe(), origin="test")
    for run_id in (str(outside.folder), f"../elsewhere/{outside.id}", f"./{run.id}", f"{run.id}/", outside.id):
        with pytest.raises(RunError):
            store.find(run_id)


def test_links_and_hidden_folders_are_not_listed(store, run, tmp_path):
    outside = Store(tmp_path / "elsewhere", pretrained=None).create(small_recipe(), origin="test")
    (store.root / "link").symlink_to(outside.folder, target_is_directory=True)
    (store.root / ".hidden").mkdir()
    (store.root / "file").write_text("x")
    assert [found.id for found in store.listing()] == [run.id]
    with pytest.raises(RunError):
        store.find("link")


def test_a_deleted_run_is_gone_is_asked_to_stop_and_comes_back(store, run):
    held = Run(run.folder)
    store.delete(run)
    assert store.listing() == [] and held.stop_asked()
    with pytest.raises(RunError):
        store.find(run.id)
    assert store.restore(run.id).recipe() == small_recipe()
    assert store.find(run.id).status().state == "waiting"


def test_deleting_twice_is_no_mistake_and_restoring_what_is_not_there_is_a_sentence(store, run):
    store.delete(run)
    store.delete(run)
    for run_id in ("../x", "zzz", ""):
        with pytest.raises(RunError, match="no longer in the trash"):
            store.restore(run_id)
    store.empty_trash()
    assert store.restore(run.id)
    store.delete(run)
    store.empty_trash(older_than_s=-1)
    with pytest.raises(RunError, match="no longer in the trash"):
        store.restore(run.id)


@pytest.mark.parametrize("number", [2, 0, "1", None])
def test_a_foreign_format_is_refused_with_its_number(number, run):
    rewrite(run.folder / "run.json", format=number)
    with pytest.raises(RunError, match=f"has format {number!r}: this version reads format 1; open it with"):
        run.recipe()


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_a_run_json_that_is_missing_or_damaged_is_a_sentence(content, run, store):
    if content is None:
        (run.folder / "run.json").unlink()
    else:
        (run.folder / "run.json").write_bytes(content)
    for question in (run.record, run.recipe, run.load):
        with pytest.raises(RunError, match=r"its run.json is missing or damaged; delete the run"):
            question()
    assert [found.id for found in store.listing()] == [run.id], "one damaged run must not hide the others"


GOOD = {"model": "vanilla", "dataset": "digits", "knobs": {}, "plan": {}}
BAD_RECIPES = [
    None, [], {}, {**GOOD, "model": "zzz"}, {**GOOD, "dataset": "zzz"}, {**GOOD, "knobs": {"latent": 0}},
    {**GOOD, "plan": {"epochs": "x"}}, {**GOOD, "knobs": None}, {**GOOD, "model": ["vanilla"]},
    {**GOOD, "plan": {"seed": 10**400}}, {**GOOD, "knobs": {"zzz": 1}},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_RECIPES, ids=lambda r: str(r)[:70])
def test_a_recipe_that_could_not_be_trained_is_a_sentence(bad, run):
    rewrite(run.folder / "run.json", recipe=bad)
    with pytest.raises(RunError, match=f"^{run.id} cannot be opened: "):
        run.recipe()


def test_a_recorded_value_that_has_no_effect_is_left_out(run):
    knobs, plan = {"penalty": "topk", "weight": 0.5, "rate": 0.5}, {"weight_decay": 0.5}
    rewrite(run.folder / "run.json", recipe={"model": "sparse", "dataset": "digits", "knobs": knobs, "plan": plan})
    assert run.recipe() == recipe("sparse", "digits", {"penalty": "topk"}, {})


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"heartbeat": "x"}', b'{"heartbeat": null}'])
def test_a_status_that_is_missing_or_damaged_is_a_sentence_in_the_status(content, run):
    if content is None:
        (run.folder / "status.json").unlink()
    else:
        (run.folder / "status.json").write_bytes(content)
    assert run.status().state == "failed"
    assert "is missing or damaged; delete the run" in run.status().error


def test_a_field_of_a_later_version_is_ignored(run):
    rewrite(run.folder / "status.json", mood="good", state="stopped")
    assert run.status().state == "stopped"


def test_a_run_whose_process_has_died_is_interrupted(run):
    owner = json.loads(answer_of("import json; from ae_core.ownership import identity; print(json.dumps(identity()))"))
    run.write_status(Status("running", owner=owner))
    assert run.status().state == "interrupted"
    assert json.loads((run.folder / "status.json").read_text())["state"] == "running", "asking must not write"


def test_a_run_whose_process_lives_is_running(run):
    from ae_core.ownership import Claim

    claim = Claim(run.folder)
    run.write_status(Status("running", owner=identity()))
    assert run.status().state == "running"
    claim.release()


@pytest.mark.parametrize(("silent", "state"), [(0, "running"), (HEARTBEAT_S + 5, "interrupted")])
def test_a_run_on_another_machine_is_judged_by_its_heartbeat(silent, state, run):
    owner = {**identity(), "host": "elsewhere"}
    (run.folder / "claim.json").write_text(json.dumps({**owner, "token": "0"}))
    run.write_status(Status("running", owner=owner))
    rewrite(run.folder / "status.json", heartbeat=time.time() - silent)
    assert run.status().state == state


@pytest.mark.parametrize("state", ["waiting", "done", "stopped", "failed"])
def test_other_states_need_no_living_process(state, run):
    run.write_status(Status(state, owner=None))
    assert run.status().state == state


def test_a_stop_is_asked_for_and_taken_back(run):
    assert not run.stop_asked()
    run.ask_to_stop()
    run.ask_to_stop()
    assert run.stop_asked()
    run.clear_stop()
    run.clear_stop()
    assert not run.stop_asked()


def test_live_pictures_and_snapshots_are_read_and_damaged_ones_left_out(run):
    assert run.live() is None and run.snapshots() == {}
    pictures = torch.zeros(8, 1, 8, 8, dtype=torch.uint8)
    data = save_tensors({"step": torch.tensor(7), "reconstructions": pictures})
    for name in ("live.safetensors", "snapshots/000007.safetensors", "snapshots/x.safetensors"):
        (run.folder / name).write_bytes(data)
    (run.folder / "snapshots" / "000008.safetensors").write_bytes(data[:-1])
    step, shown = run.live()
    assert step == 7 and torch.equal(shown, pictures)
    assert list(run.snapshots()) == [7]
    (run.folder / "live.safetensors").write_bytes(data[: os.SEEK_END])
    assert run.live() is None
