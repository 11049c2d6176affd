"""One writer per run folder. The file `claim` names the process that writes; a dead owner's claim can be taken over.

The claim is made with a hard link, which either succeeds for one process or fails. A writer checks before each commit
that the claim is still its own, so that a process which was only asleep cannot write after somebody took over.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any

import psutil

from ae_core.durable import Damaged, read_json, write_json

CLAIM = "claim.json"
HEARTBEAT_S = 30.0  # an owner on another machine that has been silent this long counts as gone


class Busy(RuntimeError):
    """Another living process writes this run."""


def identity() -> dict[str, Any]:
    """This process, told apart from every other, also from a later one with the same number."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def alive(owner: dict[str, Any] | None, silent_s: float) -> bool:
    """Whether the process `owner` still exists, and not only as a number; on another machine, whether it was heard of lately."""
    if not isinstance(owner, dict) or "host" not in owner:
        return False
    if owner.get("host") != socket.gethostname():
        return silent_s < HEARTBEAT_S
    try:
        found = psutil.Process(int(owner["pid"]))
        return found.status() != psutil.STATUS_ZOMBIE and abs(found.create_time() - float(owner["started"])) < 1
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _owner(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except Damaged:
        return {}


class Claim:
    """The right to write one run folder, from construction to `release`. Busy where a living process has it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / CLAIM
        self.record = {**identity(), "token": secrets.token_hex(8)}
        self._remove_stale()
        aside = folder / f".{CLAIM}.{self.record['token']}"
        try:
            write_json(aside, self.record)
            os.link(aside, self.path)
        except FileExistsError as error:
            raise Busy(f"{folder.name} is being written by another process: wait for it, or stop it first.") from error
        finally:
            aside.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any] | None:
        """What the claim says; {} where it is damaged, as after a power cut, and None where there is none."""
        try:
            return _owner(self.path)
        except FileNotFoundError:
            return None

    def _remove_stale(self) -> None:
        found = self._read()
        if found is None or alive(found, self._silent_s()):
            return
        away = self.path.with_name(f".{CLAIM}.{self.record['token']}.stale")
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, away)
            if _owner(away) != found:  # somebody was faster and this is their claim: give it back
                with contextlib.suppress(FileExistsError):
                    os.link(away, self.path)
            away.unlink()

    def _silent_s(self) -> float:
        """Seconds since the last heartbeat in the status of the run; endless where there is none."""
        try:
            return time.time() - float(read_json(self.path.parent / "status.json")["heartbeat"])
        except (OSError, Damaged, KeyError, TypeError, ValueError):
            return float("inf")

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
