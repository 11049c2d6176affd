"""A process does not keep what it has freed."""

from __future__ import annotations

import platform

import psutil
import pytest
import torch
import toy_looks

from ae_core.engine import engine, heap, side_process


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed")
def test_what_was_freed_goes_back_to_the_system():
    held = psutil.Process().memory_info
    blocks = [bytearray(b"x") * 60_000 for _ in range(2000)]  # below what is given back one by one
    last = bytearray(b"x") * 60_000  # lies behind them, so that nothing goes back by itself
    del blocks
    before = held().rss
    heap.give_back()
    assert before - held().rss > 80e6 and last


def test_where_there_is_no_such_call_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    heap.give_back()


def test_a_look_and_a_training_leave_nothing_behind_also_where_they_fail(monkeypatch, tmp_path):
    given = []
    monkeypatch.setattr(heap, "give_back", lambda: given.append(True))
    monkeypatch.setattr(side_process.os, "setpriority", lambda *which: None)  # of this process
    side_process.carry_out(str(tmp_path), toy_looks.private.of(torch.ones(3)), "token")
    with pytest.raises(AttributeError):
        side_process.carry_out(str(tmp_path), toy_looks.private.of(None), "token")
    assert len(given) == 2
    monkeypatch.setattr(engine, "execute_by_id", lambda root, run_id: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine._train(str(tmp_path), "some")
    assert len(given) == 3
