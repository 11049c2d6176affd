"""Files are whole or not there, whatever the disk does in the middle."""

from __future__ import annotations

import errno
import itertools
import json
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_runs import small_recipe

from ae_core import durable
from ae_core.durable import Damaged, read_json, read_lines, write_bytes, write_json, write_lines
from ae_core.runs import checkpoints
from ae_core.runs.run import RunError, Status
from ae_core.runs.store import Store


class FullDisk:
    """Lets the disk refuse at the k-th call that opens, syncs, renames or makes something."""

    def __init__(self, k: int, patch: pytest.MonkeyPatch) -> None:
        self.k, self.calls = k, itertools.count(1)
        self.struck = False
        for owner, name in ((os, "fsync"), (os, "replace"), (os, "open"), (os, "mkdir"), (Path, "open")):
            patch.setattr(owner, name, self.refusing(getattr(owner, name)))

    def refusing(self, original: Callable) -> Callable:
        def call(*arguments: object, **keywords: object) -> object:
            if next(self.calls) == self.k:
                self.struck = True
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(*arguments, **keywords)

        return call


def at_every_call(operation: Callable[[], object], check: Callable[[bool], None]) -> None:
    """Do `operation` with the disk refusing at its 1st, 2nd, 3rd call ... until it passes; `check(passed)`
    after each.
    """
    for k in itertools.count(1):
        with pytest.MonkeyPatch.context() as patch:
            disk = FullDisk(k, patch)
            try:
                operation()
                passed = True
            except (OSError, RunError):
                passed = False
        check(passed)
        if not disk.struck:
            assert passed and k > 2, "the operation must have been interrupted somewhere"
            return


def no_remains(folder: Path) -> bool:
    return not [path for path in folder.rglob("*") if path.name.endswith(".part")]


def test_an_interrupted_write_leaves_the_old_record_or_the_new_one(tmp_path):
    path, numbers = tmp_path / "status.json", itertools.count(1)
    write_json(path, {"n": 0})
    history = [0]

    def write() -> None:
        history.append(next(numbers))
        write_json(path, {"n": history[-1]})

    def check(passed: bool) -> None:
        found = read_json(path)["n"]
        assert found == history[-1] if passed else found in history[-2:]
        history[:] = [found]
        assert no_remains(tmp_path)

    at_every_call(write, check)


def test_an_interrupted_checkpoint_leaves_the_old_one_or_the_new_one(tmp_path):
    def tensors(step: int) -> dict[str, torch.Tensor]:
        return {"model.w": torch.full((4,), float(step))}

    checkpoints.save(tmp_path, tensors(1), 1, 1, 1.0)
    steps, wanted = itertools.count(2), [1]

    def save() -> None:
        wanted.append(next(steps))
        checkpoints.save(tmp_path, tensors(wanted[-1]), wanted[-1], 1, 1 / wanted[-1])

    def check(passed: bool) -> None:
        entry, found = checkpoints.newest(tmp_path)
        assert entry.step == wanted[-1] if passed else entry.step in wanted
        wanted[:] = [entry.step]
        assert torch.equal(found["model.w"], tensors(entry.step)["model.w"])
        assert no_remains(tmp_path)

    at_every_call(save, check)


def test_an_interrupted_creation_leaves_a_whole_run_or_none(store):
    recipe = small_recipe()

    def check(passed: bool) -> None:
        runs = store.listing()
        assert passed == bool(runs)
        assert all(run.recipe() == recipe and run.status().state == "waiting" for run in runs)
        assert no_remains(store.root)

    at_every_call(lambda: store.create(recipe, origin="test"), check)


def test_an_interrupted_status_leaves_the_old_one_or_the_new_one(store):
    run = store.create(small_recipe(), origin="test")

    def check(passed: bool) -> None:
        state = run.status().state
        assert state == "stopped" if passed else state in ("waiting", "stopped")
        assert no_remains(store.root)

    at_every_call(lambda: run.write_status(Status("stopped")), check)


def test_creating_a_run_where_nothing_can_be_written_is_a_sentence(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RunError, match=r"cannot be written .*move away what is in its place, or set AE_RUNS"):
        Store(tmp_path / "taken", pretrained=None).create(small_recipe(), origin="test")


def test_a_log_cut_at_any_byte_gives_its_finished_lines(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [{"step": i, "test": {"größe": i / 3}, "text": "é\n"} for i in range(3)]
    write_lines(path, lines)
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 3 and list(read_lines(path)) == list(enumerate(lines, 1))
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        assert [record for _, record in read_lines(path)] == lines[: sum(end <= cut for end in ends)]


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"null", b"{", b"[" * 5000, b'{"a": 1} x', b"", b'{"a": NaN}'])
def test_a_damaged_line_is_none_and_the_next_one_is_read(damage, tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n' + damage + b'\n{"step": 2}\n')
    assert list(read_lines(path)) == [(1, {"step": 1}), (2, None), (3, {"step": 2})]


def test_a_line_that_could_not_be_written_leaves_the_log_as_it_was_and_the_next_one_is_whole(tmp_path):
    """Appended, half of it would have stayed there, and the next line would have been glued to that."""
    path, lines = tmp_path / "metrics.jsonl", [{"step": 0}]
    write_lines(path, lines)

    def check(passed: bool) -> None:
        found = [record for _, record in read_lines(path)]
        assert found in (lines, [*lines, {"step": len(lines)}]) and None not in found
        assert not passed or len(found) > len(lines)
        lines[:] = found

    at_every_call(lambda: write_lines(path, [*lines, {"step": len(lines)}]), check)
    assert len(lines) > 1


def test_nothing_is_written_from_a_room_that_has_gone(tmp_path):
    (tmp_path / "room").mkdir()
    write_bytes(tmp_path / "x", b"1", tmp_path / "room")
    (tmp_path / "room").rmdir()
    for write in (
        lambda: write_bytes(tmp_path / "x", b"2", tmp_path / "room"),
        lambda: checkpoints.save(tmp_path, {"model.w": torch.zeros(1)}, 1, 1, 1.0, room=tmp_path / "room"),
    ):
        with pytest.raises(FileNotFoundError):
            write()
    assert (tmp_path / "x").read_bytes() == b"1" and [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_killed_writers_left_is_removed_and_what_is_being_written_is_not(tmp_path):
    (tmp_path / ".run.part" / "snapshots").mkdir(parents=True)
    for name in (".x.0.part", "x.part", ".x"):
        (tmp_path / name).write_bytes(b"")
    durable.remove_half_made(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    durable.remove_half_made(tmp_path, older_than_s=-1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".x", "x.part"]


def test_a_log_that_is_not_there_has_no_lines(tmp_path):
    assert list(read_lines(tmp_path / "metrics.jsonl")) == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"1", b"null", b'{"a": Infinity}', b"\xff", b"[" * 100_000, b" " * (1 << 20) + b"{}"]
)
def test_what_is_no_json_object_is_damaged(content, tmp_path):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(Damaged, match=r"run\.json is not a JSON record: it is damaged"):
        read_json(tmp_path / "run.json")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_record_that_json_cannot_say_is_refused_and_the_old_one_stays(value, tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"loss": 1.0})
    with pytest.raises(ValueError):
        write_json(path, {"loss": value})
    with pytest.raises(ValueError):
        write_lines(path, [{"loss": value}])
    assert read_json(path) == {"loss": 1.0} and no_remains(tmp_path)


def test_text_survives_as_it_is(tmp_path):
    record = {"name": 'größe ☃ \u2028 " \\ \n', "n": 10**15, "x": 0.1}
    write_json(tmp_path / "run.json", record)
    assert read_json(tmp_path / "run.json") == record
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8")) == record


def test_data_reach_the_disk_before_the_name_does_and_the_folder_after(tmp_path, monkeypatch):
    order: list[str] = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, original=original: (order.append(name), original(*a))[1])
    write_bytes(tmp_path / "x", b"data")
    assert order == ["fsync", "replace", "fsync"]


def test_a_reader_never_sees_half_a_file_while_it_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(durable.os, "fsync", lambda handle: None)  # speed; the order is tested above
    path, size = tmp_path / "status.json", 20_000
    write_bytes(path, bytes(size))
    done = threading.Event()

    def replace_often() -> None:
        for i in range(1500):
            write_bytes(path, bytes([i % 256]) * size)
        done.set()

    writer = threading.Thread(target=replace_often)
    writer.start()
    seen = set()
    while not done.is_set():
        data = path.read_bytes()
        assert len(data) == size and data == data[:1] * size
        seen.add(data[0])
    writer.join()
    assert len(seen) > 10, "the reader must have met many versions"
