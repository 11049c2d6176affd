"""One writer per run folder. The file `claim` names the process that writes; a dead owner's claim can be taken over.

The claim is made with a hard link, which either succeeds for one process or fails. A writer checks before each commit
that the claim is still its own, so that a process which was only asleep cannot write after somebody took over.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

import psutil

from ae_core.durable import Damaged, read_json

CLAIM = "claim.json"
HEARTBEAT_S = 30.0  # an owner on another machine that has been silent this long counts as gone


class Busy(RuntimeError):
    """Another living process writes this run."""


def identity() -> dict[str, Any]:
    """This process, told apart from every other, also from a later one with the same number."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def alive(owner: dict[str, Any] | None, silent_s: float) -> bool:
    """Whether the process `owner` still exists; on another machine, whether it was heard of lately."""
    if not isinstance(owner, dict):
        return False
    if owner.get("host") != socket.gethostname():
        return silent_s < HEARTBEAT_S
    try:
        return abs(psutil.Process(int(owner["pid"])).create_time() - float(owner["started"])) < 1
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


class Claim:
    """The right to write one run folder, from construction to `release`. Busy where a living process has it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / CLAIM
        self.record = {**identity(), "token": secrets.token_hex(8)}
        self._remove_stale()
        aside = folder / f".{CLAIM}.{self.record['token']}"
        aside.write_text(json.dumps(self.record), encoding="utf-8")
        try:
            os.link(aside, self.path)
        except FileExistsError as error:
            raise Busy(f"{folder.name} is being written by another process: wait for it, or stop it first.") from error
        finally:
            aside.unlink()

    def _read(self) -> dict[str, Any] | None:
        with contextlib.suppress(FileNotFoundError, Damaged):
            return read_json(self.path)
        return None

    def _remove_stale(self) -> None:
        found = self._read()
        if found is None or alive(found, silent_s=0.0):
            return
        away = self.path.with_name(f".{CLAIM}.{self.record['token']}.stale")
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, away)
            if read_json(away) != found:  # somebody was faster and this is their claim: give it back
                with contextlib.suppress(FileExistsError):
                    os.link(away, self.path)
            away.unlink()

    def check(self) -> None:
        """Busy where the claim is no longer ours."""
        found = self._read()
        if found is None or found.get("token") != self.record["token"]:
            raise Busy(f"{self.path.parent.name} was taken over or removed: this process stops writing it.")

    def release(self) -> None:
        """Give the folder free, if it is still ours."""
        with contextlib.suppress(Busy, OSError):
            self.check()
            self.path.unlink()
