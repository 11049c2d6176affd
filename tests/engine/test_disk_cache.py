"""Kept results: whole, checked, and never too many."""

from __future__ import annotations

import os

import pytest
import torch
from safetensors.torch import load_file

from ae_core.durable import Damaged
from ae_core.engine import disk_cache

TENSORS = {"points": torch.arange(12.0).reshape(6, 2), "labels": torch.arange(6)}


def test_what_is_read_is_what_was_written_and_any_reader_of_safetensors_can_read_it(tmp_path):
    path = disk_cache.place(tmp_path, "some-key")
    disk_cache.write(path, TENSORS)
    for found in (disk_cache.read(path), load_file(path)):
        assert found.keys() == TENSORS.keys() and all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


@pytest.mark.parametrize("damage", ["flip", "cut", "header", "empty", "absent"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = disk_cache.place(tmp_path, "some-key")
    disk_cache.write(path, TENSORS)
    data = bytearray(path.read_bytes())
    changed = {
        "flip": bytes([*data[:-3], data[-3] ^ 1, *data[-2:]]),
        "cut": bytes(data[:-8]),
        "header": b"\xff" * 8 + bytes(data[8:]),
        "empty": b"",
        "absent": None,
    }[damage]
    path.write_bytes(changed) if changed is not None else path.unlink()
    with pytest.raises(Damaged, match="computed again"):
        disk_cache.read(path)


def test_the_oldest_go_where_all_are_too_large_together(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_cache, "MOST_BYTES", 1000)
    for k in range(6):
        path = disk_cache.place(tmp_path, f"key-{k}")
        disk_cache.write(path, TENSORS)
        os.utime(path, ns=(k, k))
    disk_cache.write(disk_cache.place(tmp_path, "key-6"), TENSORS)
    left = sorted(path.stem for path in (tmp_path / disk_cache.FOLDER).iterdir())
    assert left[-1] == "key-6" and 1 <= len(left) < 7
    assert left == [f"key-{k}" for k in range(7 - len(left), 7)]
