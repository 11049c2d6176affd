"""Run folders: found by membership only, whole or refused, deleted and brought back."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
import torch
from fresh_python import answer_of
from safetensors.torch import save as save_tensors
from small_runs import small_recipe, wait_until

from ae_core.runs.claim import SILENT_S, Claim, identity
from ae_core.runs.execution import execute
from ae_core.runs.processes import HEARTBEAT_S
from ae_core.runs.recipe import recipe
from ae_core.runs.run import FORMAT, Run, RunError, Status
from ae_core.runs.store import TRASH, Store


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
    assert store.find(run.id).status().state == "stopped", "nobody would ever come to it"


def test_whoever_trained_a_deleted_run_has_lost_it_and_what_comes_back_can_go_on(store, run):
    """It was said to be running for ever: its claim had come along, and named a process that lives on."""
    claim = Claim(run.folder)
    run.write_status(Status("running", step=3, total=36, owner=identity()), claim.room)
    store.delete(run)
    store.restore(run.id)
    assert run.status().state == "interrupted" and not claim.held()
    with pytest.raises(FileNotFoundError):
        run.write_status(Status("done"), claim.room)
    claim.release()
    run.clear_stop()
    assert execute(run).state == "done"


def test_a_claim_that_lies_in_the_trash_does_not_come_back(store, run):
    """As an earlier version left it there, or a process that was killed while it deleted."""
    store.delete(run)
    in_trash = Run(store.root / TRASH / run.id)
    claim = Claim(in_trash.folder)
    in_trash.write_status(Status("running", owner=identity()))
    assert store.restore(run.id).status().state == "interrupted"
    assert [path.name for path in run.folder.glob(".*")] == []
    claim.release()


@pytest.mark.parametrize("way", ["moved", "copied"])
def test_a_claim_counts_only_in_the_folder_it_was_made_in(way, store, run):
    claim = Claim(run.folder)
    run.write_status(Status("running", owner=identity()), claim.room)
    assert run.status().state == "running"
    other = Run(store.root / "vanilla-digits-other")
    (shutil.move if way == "moved" else shutil.copytree)(run.folder, other.folder)
    assert other.status().state == "interrupted"
    assert execute(other).state == "done"
    assert not run.folder.exists() or run.status().state == "running"
    claim.release()


def test_what_comes_back_where_a_run_of_that_name_is_again_is_a_sentence(store, run):
    copy = shutil.copytree(run.folder, store.root / "aside")
    store.delete(run)
    copy.rename(run.folder)
    with pytest.raises(
        RunError, match=r"cannot be brought back .*: there may be a run of that name; delete that one first"
    ):
        store.restore(run.id)
    store.delete(Run(run.folder))
    assert store.restore(run.id).recipe() == small_recipe()


def test_the_trash_keeps_within_its_limits_while_the_server_runs(store, monkeypatch):
    monkeypatch.setattr("ae_core.runs.store.MOST_RUNS", 3)
    runs = [store.create(small_recipe(), origin="test") for _ in range(5)]
    for one in runs:
        before = time.time()
        wait_until(lambda before=before: time.time() > before + 0.01)  # file times are coarse
        store.delete(one)
    kept = [path.name for path in (store.root / TRASH).iterdir()]
    assert sorted(kept) == sorted(one.id for one in runs[2:])
    monkeypatch.setattr("ae_core.runs.store.MOST_BYTES", 0)
    store.empty_trash(but=runs[4].id)
    assert [path.name for path in (store.root / TRASH).iterdir()] == [runs[4].id], (
        "Undo must find what was deleted last"
    )


def test_what_a_killed_server_left_half_made_among_the_runs_goes(store, run):
    (store.root / ".vae-digits-0.part" / "snapshots").mkdir(parents=True)
    os.utime(store.root / ".vae-digits-0.part", (0, 0))
    store.delete(run)
    assert {path.name for path in store.root.iterdir()} == {TRASH}


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
    said = "is missing; delete the run" if content is None else "damaged"
    assert said in run.status().error and "delete the run" in run.status().error
    assert run.damage() == run.status().error, "the other pages say the same"


def test_a_field_of_a_later_version_is_ignored(run):
    rewrite(run.folder / "status.json", mood="good", state="stopped")
    assert run.status().state == "stopped"


def test_a_run_whose_process_has_died_is_interrupted(run):
    owner = json.loads(answer_of("import json; from ae_core.runs.claim import identity; print(json.dumps(identity()))"))
    run.write_status(Status("running", owner=owner))
    assert run.status().state == "interrupted"
    assert json.loads((run.folder / "status.json").read_text())["state"] == "running", "asking must not write"


def test_a_run_whose_process_lives_is_running(run):
    claim = Claim(run.folder)
    run.write_status(Status("running", owner=identity()))
    assert run.status().state == "running"
    claim.release()


@pytest.mark.parametrize(
    ("silent", "state"), [(0, "running"), (SILENT_S + 5, "silent"), (HEARTBEAT_S + 5, "interrupted")]
)
def test_a_run_on_another_machine_is_judged_by_its_heartbeat(silent, state, run):
    owner = {**identity(), "host": "elsewhere"}
    (run.folder / "claim.json").write_text(json.dumps({**owner, "token": "0"}))
    run.write_status(Status("running", owner=owner))
    os.utime(run.folder / "claim.json", (then := time.time() - silent, then))
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
    mapped = save_tensors({"step": torch.tensor(7), "reconstructions": pictures, "codes": torch.zeros(9, 8)})
    for name, content in (("live", data), ("snapshots/000007", mapped), ("snapshots/x", mapped), ("snapshots/9", data)):
        (run.folder / f"{name}.safetensors").write_bytes(content)
    (run.folder / "snapshots" / "000008.safetensors").write_bytes(data[:-1])
    step, shown = run.live()
    assert step == 7 and torch.equal(shown, pictures)
    assert list(run.snapshots()) == [7]
    (run.folder / "live.safetensors").write_bytes(data[: os.SEEK_END])
    assert run.live() is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"reconstructions": torch.zeros(8, 1, 8, 8)},
        {"reconstructions": torch.zeros(8, 1, 9, 8, dtype=torch.uint8)},
        {"reconstructions": torch.zeros(8, 64, dtype=torch.uint8)},
        {"step": torch.tensor([7, 7])},
        {"step": torch.tensor(7.5)},
    ],
    ids=["floats", "shape", "rank", "two steps", "half a step"],
)
def test_pictures_that_do_not_fit_the_recipe_count_as_not_there(wrong, run):
    right = {"step": torch.tensor(7), "reconstructions": torch.zeros(8, 1, 8, 8, dtype=torch.uint8)}
    (run.folder / "live.safetensors").write_bytes(save_tensors(right))
    assert run.live()
    (run.folder / "live.safetensors").write_bytes(save_tensors({**right, **wrong}))
    assert run.live() is None
