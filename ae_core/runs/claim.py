"""One writer per run folder. The file `claim` names the process that writes, and is touched while that process works.

The claim is made with a hard link, which either succeeds for one process or fails. All that its owner writes is made in
a room of its own, a hidden folder that nobody else uses, and moved to its place from there. Whoever takes a claim over
removes that room before anything else: a writer that was only asleep can put nothing in its place any more, wherever in
its program it wakes up. The room of a killed process also holds whatever that one left half made.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

from ae_core import records
from ae_core.durable import Damaged, remove, remove_half_made, write_json
from ae_core.runs.processes import alive, end, identity

CLAIM, ROOM = "claim.json", ".writing-"
BEAT_S = 2.0  # between two heartbeats
SILENT_S = 10.0  # an owner whose heart has not beaten for so long hangs, as far as anybody can tell
STALLED_S = 300.0  # no step for so long: the heart stops too. The longest that is known takes a tenth of that
TURN_S = 1.0  # those that want the same claim wait for each other
_BY_HANDLE = os.utime in os.supports_fd  # not on Windows, where an open file could not be moved either


class Busy(RuntimeError):
    """Another living process writes this run."""


class Lost(Busy):
    """Another process has taken over what this one was writing, or has removed it."""


def silence(folder: Path) -> float:
    """Seconds since the heartbeat of the claim on a run folder; endless where there is no claim.

    A heartbeat that lies ahead is as good as one long ago: the clock was set, and the next one is due in a moment.
    """
    try:
        return abs(time.time() - (folder / CLAIM).stat().st_mtime)
    except OSError:
        return float("inf")


def owner_of(folder: Path) -> dict[str, Any] | None:
    """The process that has the claim on a run folder; None where there is none, or where it has ended."""
    found = _read(folder / CLAIM)
    elsewhere = found.get("run", folder.name) != folder.name  # copied or moved along with the folder
    return found if found and not elsewhere and alive(found, silence(folder)) else None


def _read(path: Path) -> dict[str, Any]:
    """What a claim says; nothing where there is none, or a damaged one, as after a power cut."""
    try:
        return records.read(path, records.CLAIM)
    except (OSError, Damaged):
        return {}


@contextlib.contextmanager
def _in_turn(folder: Path) -> Iterator[None]:
    """Let those that want the claim on a folder come one after the other. This saves work; nothing depends on it.

    There are disks that cannot lock, and whoever has the lock may hang: nobody waits for it longer than `TURN_S`.
    """
    handle = None if fcntl is None else os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + TURN_S
        while handle is not None and time.monotonic() < until:
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.005)
        yield
    finally:
        if handle is not None:
            os.close(handle)


class Claim:
    """The right to write one run folder, from construction to `release`.

    Busy where a living process has it; with `over_silent`, only where its heart beats.
    """

    def __init__(self, folder: Path, over_silent: bool = False) -> None:
        self.folder, self.path = folder, folder / CLAIM
        self.record = {**identity(), "token": secrets.token_hex(8), "run": folder.name}
        self.room = folder / f"{ROOM}{self.record['token']}"
        self._handle: int | None = None
        self._moved = time.monotonic()
        try:
            self.room.mkdir()
            write_json(self.room / CLAIM, self.record)
            with _in_turn(folder):
                self._remove_stale(over_silent)
                os.link(self.room / CLAIM, self.path)
                if not self.held():
                    raise FileExistsError(self.path)
                self._clear_out()
            self._handle = os.open(self.room / CLAIM, os.O_RDONLY) if _BY_HANDLE else None
        except BaseException as error:
            self.release()
            if isinstance(error, FileExistsError | FileNotFoundError) and folder.exists():
                raise Busy(
                    f"{folder.name} is being written by another process: wait for it, or stop it first."
                ) from error
            raise

    def _remove_stale(self, over_silent: bool) -> None:
        """Put the claim of a process that has ended, or that may be taken over, out of the way."""
        if not self.path.exists():
            return
        found = _read(self.path)
        if owner_of(self.folder) and not (over_silent and silence(self.folder) > SILENT_S):
            return
        away = self.folder / f".{CLAIM}.{self.record['token']}.part"  # not in our room: a faster one may clear it out
        if _read(self.path) != found:
            return
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, away)
            if _read(away) != found:  # somebody was faster and this is their claim: give it back
                with contextlib.suppress(FileExistsError):
                    os.link(away, self.path)
            away.unlink()

    def _clear_out(self) -> None:
        """Take the rooms of all others away, at once and then for good, so that none of them can write any more."""
        for room in self.folder.glob(f"{ROOM}*"):
            if room != self.room:
                with contextlib.suppress(FileNotFoundError):
                    os.rename(room, self.room / room.name)
                shutil.rmtree(self.room / room.name, ignore_errors=True)
        for folder in (self.folder, self.folder / "snapshots"):
            remove_half_made(folder)  # by earlier versions, which wrote beside the place

    def held(self) -> bool:
        """Whether the claim is still ours."""
        return self.room.exists() and _read(self.path).get("token") == self.record["token"]

    def check(self) -> None:
        """Lost where the claim is no longer ours."""
        if not self.held():
            raise Lost(f"{self.folder.name} was taken over or removed: this process stops writing it.")

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Touch the claim every `BEAT_S`, from a thread of its own: a long step does not stop it, a stopped process
        does.
        """
        over = threading.Event()
        heart = threading.Thread(target=self._beat, args=(over,), name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(BEAT_S):
            if time.monotonic() - self._moved < STALLED_S:
                with contextlib.suppress(OSError):
                    self._touch()

    def _touch(self) -> None:
        if self._handle is not None:
            os.utime(self._handle)  # our own file, wherever it lies by now: never the claim of whoever took over
        elif self.held():
            os.utime(self.path)

    def moved_on(self) -> None:
        """Say that the work goes on, as after every step."""
        self._moved = time.monotonic()

    def release(self) -> None:
        """Give the folder free, if it is still ours."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        with contextlib.suppress(OSError):
            if self.held():
                self.path.unlink()
        shutil.rmtree(self.room, ignore_errors=True)


def take_over(folder: Path) -> Claim:
    """The claim of a process that hangs: it is ended where it is one of this machine, and can write no more in any
    case.

    Raises
        Busy: where its heart beats.
    """
    owner = owner_of(folder)
    if owner and silence(folder) > SILENT_S:
        end(owner, folder / CLAIM if _BY_HANDLE else None)
    return Claim(folder, over_silent=True)


def evict(folder: Path) -> None:
    """Void whatever claim there is on a folder that nobody may write: one that is deleted, or comes back."""
    remove(folder / CLAIM)
    for room in folder.glob(f"{ROOM}*"):
        away = room.with_name(f".{secrets.token_hex(8)}.part")
        with contextlib.suppress(FileNotFoundError):
            os.rename(room, away)
        shutil.rmtree(away, ignore_errors=True)
