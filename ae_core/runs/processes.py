"""Processes that are named in records: which of them still exist, and how one that hangs is ended."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any

import psutil

from ae_core import records

HEARTBEAT_S = 30.0  # a process on another machine that has been silent this long counts as gone
ENDING_S = 2.0  # a killed process is waited for


def identity() -> dict[str, Any]:
    """This process, told apart from every other, also from a later one with the same number."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def alive(owner: Any, silent_s: float) -> bool:
    """Whether the process `owner` still exists, and not only as a number; on another machine, whether it was heard of
    lately.
    """
    if records.trouble(owner, records.PROCESS):
        return False
    if owner["host"] != socket.gethostname():
        return silent_s < HEARTBEAT_S
    return _process(owner) is not None


def _process(owner: dict[str, Any]) -> psutil.Process | None:
    """The process of this machine that `owner` names, where it has not ended."""
    with contextlib.suppress(psutil.Error, ValueError, OverflowError):
        found = psutil.Process(owner["pid"])
        if found.status() != psutil.STATUS_ZOMBIE and abs(found.create_time() - owner["started"]) < 1:
            return found
    return None


def end(owner: dict[str, Any], holding: Path | None) -> None:
    """End a process of this machine that holds the file `holding` open, and wait for that; one that does not is left
    alone.

    Where a file cannot tell (None), the number and the start of the process have to do. This process never ends itself.
    """
    if owner["host"] != socket.gethostname() or owner["pid"] == os.getpid() or not (process := _process(owner)):
        return
    with contextlib.suppress(psutil.Error, OSError):
        if holding and not any(_same(file.path, holding) for file in process.open_files()):
            return
        process.kill()
        until = time.monotonic() + ENDING_S
        while _process(owner) and time.monotonic() < until:
            time.sleep(0.01)


def _same(path: str, file: Path) -> bool:
    try:
        return file.samefile(path)
    except OSError:
        return False
