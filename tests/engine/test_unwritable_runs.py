"""Run folders that cannot be written while somebody presses Go on, Stop, Delete or Undo: one sentence, and nobody else's
runs suffer.
"""

from __future__ import annotations

import errno

import pytest
from small_runs import small_recipe

from ae_core.durable import unwritable
from ae_core.engine.engine import Engine
from ae_core.runs import run as runs
from ae_core.runs.claim import CLAIM, Claim
from ae_core.runs.execution import leave_stopped
from ae_core.runs.run import RunError, Status


@pytest.fixture
def engine(store, monkeypatch):
    """What the engine does with folders, without a process of its own; `computed` are the runs it would train."""
    made = Engine.__new__(Engine)
    made.store, made._futures, made.computed = store, {}, []
    monkeypatch.setattr(Engine, "_compute", lambda self, run: self.computed.append(run.id))
    return made


def left(store, state):
    run = store.create(small_recipe(), origin="app")
    run.write_status(Status(state=state))
    return run


def full(*arguments: object, **named: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("order", "state"), [("resume", "stopped"), ("stop", "waiting")])
def test_a_full_disk_is_told_in_a_sentence_and_nothing_is_computed(engine, store, monkeypatch, order, state):
    run = left(store, state)
    monkeypatch.setattr(runs, "write_json", full)
    with pytest.raises(
        RunError, match=r"cannot be written \(No space left on device\): free some space, then try again\."
    ):
        getattr(engine, order)(run)
    assert engine.computed == []


def test_a_folder_where_the_word_stop_should_be_is_in_nobodys_way(engine, store):
    run = left(store, "stopped")
    (run.folder / "stop" / "deep").mkdir(parents=True)
    engine.resume(run)
    assert engine.computed == [run.id] and run.status().state == "waiting"


def test_one_that_cannot_be_written_does_not_keep_a_server_from_taking_up_the_others(engine, store, monkeypatch):
    good, bad = left(store, "waiting"), left(store, "waiting")
    write = runs.write_json
    monkeypatch.setattr(runs, "write_json", lambda path, *more: full() if bad.id in str(path) else write(path, *more))
    engine.recover()
    assert engine.computed == [good.id]


def test_a_claim_is_let_go_where_the_end_cannot_be_written(store, monkeypatch):
    run = left(store, "running")
    claim = Claim(run.folder)
    monkeypatch.setattr(runs, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        leave_stopped(run, claim)
    assert not (run.folder / CLAIM).exists()


def test_a_run_with_a_folder_for_a_claim_is_deleted_and_comes_back(store):
    run = left(store, "stopped")
    (run.folder / CLAIM / "deep").mkdir(parents=True)
    store.delete(run)
    assert store.listing() == []
    assert store.restore(run.id).id == run.id and not (run.folder / CLAIM).exists()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free some space"), (errno.EACCES, "make it writable"), (errno.EROFS, "make it writable"),
     (errno.EISDIR, "move away"), (errno.EEXIST, "move away")],
)  # fmt: skip
def test_each_reason_has_its_remedy(number, remedy):
    assert remedy in unwritable("It", OSError(number, "why")) and unwritable("It", OSError(number, "why")).startswith(
        "It "
    )
