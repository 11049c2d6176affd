"""The process beside the trainings in which pages have looks computed: it never waits behind a training.

It has two threads: short looks always find one free, since of the lasting ones only one at a time is let in. A small
file tells how far a look is, another one what there is of it so far, a third one asks it to stop; the result is kept
on disk (`ae_core.engine.disk_cache`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import torch
from torch import Tensor

from ae_core import records
from ae_core.durable import Damaged, write_bytes, write_json
from ae_core.engine import disk_cache, heap
from ae_core.engine.cluster import Pool
from ae_core.looks import memory, packing
from ae_core.looks.look import Asked, Stopped, found_by, heard_by
from ae_core.runs.run import RunError
from ae_core.waits import about_to_wait, patient

if TYPE_CHECKING:
    from distributed import Future

log = logging.getLogger(__name__)
NICE = 5  # after the pages, before the trainings
LASTING = "lasting"  # a resource of which the process has one
REPORT_S, STOP_S = 0.2, 0.05  # at least between two reports, two looks for a stop
UNTAKEN = 4  # private results that are there, and that nobody may come for any more
AGAIN_S = 5.0  # a failure is repeated for so long before it is tried again


class Progress(NamedTuple):
    """How far a computation is: `share` done from 0 to 1, after `seconds`; both 0 while it waits."""

    share: float
    seconds: float

    @property
    def left(self) -> float | None:
        """Seconds it will still take, by what it took so far; None where that cannot be said yet."""
        return self.seconds * (1 - self.share) / self.share if self.share > 0.02 else None


@dataclass
class _Task:
    """A look that was handed to the process: its future, and the name of its small files."""

    future: Future
    token: str
    private: bool
    ended: float | None = None  # when it was seen to have failed


class _Files(NamedTuple):
    """The small files of a task."""

    progress: Path
    so_far: Path
    stop: Path

    @classmethod
    def of(cls, root: Path, token: str) -> _Files:
        return cls(*(root / disk_cache.FOLDER / f".{token}.{name}" for name in cls._fields))

    def remove(self) -> None:
        for path in self:
            path.unlink(missing_ok=True)


class _Reporter:
    """Writes the share done for the pages, and looks whether anybody wants the look to stop."""

    def __init__(self, files: _Files, private: bool) -> None:
        self._files, self._private, self._began = files, private, time.monotonic()
        self._wrote = self._looked = -1.0

    def __call__(self, share: float, so_far: object = None) -> None:
        now = time.monotonic()
        self.stop_if_asked(now)
        if now - self._wrote > REPORT_S:
            self._wrote = now
            record = {"share": round(share, 4), "seconds": round(now - self._began, 3)}
            write_json(self._files.progress, record, lasting=False)
            if so_far is not None and not self._private:
                disk_cache.write(self._files.so_far, packing.packed(so_far))

    def stop_if_asked(self, now: float) -> None:
        """Stopped where somebody asked for it."""
        if now - self._looked > STOP_S:
            self._looked = now
            if self._files.stop.exists():
                raise Stopped


def carry_out(root: str, sent: Asked[Any], token: str) -> dict[str, Tensor] | None:
    """What the process does: compute, unless it is kept already, and keep the result. Nothing where it was stopped.

    What is private comes back as it is, and is kept nowhere.
    """
    torch.set_num_threads(1)
    with contextlib.suppress(psutil.Error, OSError, AttributeError):  # on Linux it counts for this thread
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    what, files = sent.arrived(), _Files.of(Path(root), token)
    files.progress.parent.mkdir(parents=True, exist_ok=True)
    report = _Reporter(files, what.look.private)
    with contextlib.suppress(Stopped), found_by(lambda inner: _kept(Path(root), inner, report)):
        try:
            report(0.0)
            target = disk_cache.place(Path(root), what.key)
            if not target.exists():
                with heard_by(report):
                    made = packing.packed(what.compute())
                if what.look.private:
                    return made
                disk_cache.write(target, made)
        finally:
            files.remove()
            heap.give_back()
    return None


def _kept(root: Path, what: Asked[Any], report: _Reporter) -> Any:
    """The result of a look that another one needs: from memory, from disk, or computed and kept there."""

    def make() -> Any:
        path = disk_cache.place(root, what.key)
        kept = what.look.words and not what.look.private
        if kept and path.exists():
            with contextlib.suppress(Damaged, ValueError):
                return packing.unpacked(what.look.result, disk_cache.read(path))
        with heard_by(lambda share, so_far=None: report.stop_if_asked(time.monotonic())):
            made = what.compute()
        if kept:
            disk_cache.write(path, packing.packed(made))
        return made

    return memory.kept(what.key, make)


def _warm() -> None:
    """Pay now for the imports of the first computation."""
    import sklearn.decomposition  # noqa: F401

    torch.set_num_threads(1)


class SideProcess:
    """One more worker process, in a cluster of its own; `close` ends it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pool = Pool(1, threads_per_worker=2, resources={LASTING: 1})
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._there: set[str] = set()  # keys of results that were seen on disk
        for left in (root / disk_cache.FOLDER).glob(".*.*"):  # of an earlier server
            left.unlink(missing_ok=True)

    def warm(self) -> Future:
        """Let the process import what most computations need."""
        return self.pool.client.submit(_warm, pure=False)

    def ready(self, what: Asked[Any]) -> bool:
        """Whether the result is kept on disk, or has come and was not taken yet."""
        key = what.key
        if what.look.private:
            task = self._tasks.get(key)
            return task is not None and task.future.status == "finished"
        if key not in self._there and disk_cache.place(self.root, key).exists():
            self._there.add(key)
        return key in self._there

    def result(self, what: Asked[Any]) -> Any:
        """The result, from disk or, of what is private, once. Damaged, and forgotten, where it is not there or not
        whole.
        """
        if what.look.private:
            return self._take(what)
        path = disk_cache.place(self.root, what.key)
        try:
            return _read(what, path)
        except Damaged:
            self._there.discard(what.key)
            with contextlib.suppress(OSError):
                path.unlink()
            raise

    def _take(self, what: Asked[Any]) -> Any:
        with patient(self._lock):
            task = self._tasks.pop(what.key, None)
        about_to_wait()
        tensors = task.future.result() if task else None
        if tensors is None:
            raise Damaged("It was stopped, or somebody else has taken it; it will be computed again.")
        return packing.unpacked(what.look.result, tensors)

    def _drop_untaken(self) -> None:
        """Forget private results that nobody has come for, but for the last ones."""
        there = [key for key, task in self._tasks.items() if task.private and task.future.status == "finished"]
        for key in there[:-UNTAKEN]:
            del self._tasks[key]

    def ask(self, what: Asked[Any], wait_s: float = 0.0) -> bool:
        """Have it computed, unless it is; whether it is ready. Whoever asks first waits for it, up to `wait_s`.

        Raises
            RunError, DatasetError: what went wrong with it; asked some seconds later, it is tried again.
        """
        if self.ready(what):
            return True
        with patient(self._lock):
            before = self._tasks.get(what.key)
            task = before
            if task is None or (task.ended and time.monotonic() - task.ended > AGAIN_S):
                self._drop_untaken()
                task = self._tasks[what.key] = self._submit(what)
        if task is not before and wait_s:
            about_to_wait()
            with contextlib.suppress(Exception):  # too slow, or wrong: that is looked at next
                task.future.result(timeout=wait_s)
        return self._looked_at(what, task)

    def _submit(self, what: Asked[Any]) -> _Task:
        about_to_wait()
        token = os.urandom(8).hex()
        resources = {LASTING: 1} if what.look.lasting else None
        submit = self.pool.client.submit
        future = submit(carry_out, str(self.root), what, token, key=token, pure=False, resources=resources)
        return _Task(future, token, what.look.private)

    def _looked_at(self, what: Asked[Any], task: _Task) -> bool:
        if not task.future.done():
            return False
        if task.future.status == "error":
            task.ended = task.ended or time.monotonic()
            self._files(task).remove()  # where its process was killed
            raise _as_sentence(task.future.exception())
        if not task.private:
            self._forget(what, task)
        return self.ready(what)

    def _forget(self, what: Asked[Any], task: _Task) -> None:
        with patient(self._lock):
            if self._tasks.get(what.key) is task:
                del self._tasks[what.key]

    def _files(self, task: _Task) -> _Files:
        return _Files.of(self.root, task.token)

    def settled(self, what: Asked[Any]) -> bool:
        """Whether there is nothing to wait for: it is ready, has failed, was stopped or was never asked for."""
        task = self._tasks.get(what.key)
        return task is None or task.future.done() or self.ready(what)

    def progress(self, what: Asked[Any]) -> Progress:
        """How far it is; nothing while it waits or where it was not asked for."""
        if task := self._tasks.get(what.key):
            with contextlib.suppress(OSError, Damaged):
                record = records.read(self._files(task).progress, records.PROGRESS)
                return Progress(float(record["share"]), float(record["seconds"]))
        return Progress(0.0, 0.0)

    def so_far(self, what: Asked[Any]) -> Any:
        """What there is of its result while it is computed; None where there is nothing yet."""
        if task := self._tasks.get(what.key):
            with contextlib.suppress(Damaged):
                return _read(what, self._files(task).so_far)
        return None

    def stop(self, what: Asked[Any]) -> None:
        """Stop it: at once where it waits, else at its next report."""
        if task := self._tasks.get(what.key):
            about_to_wait()
            self._ask_to_stop(task)
            task.future.cancel()
            self._forget(what, task)

    def _ask_to_stop(self, task: _Task) -> None:
        with contextlib.suppress(OSError):
            write_bytes(self._files(task).stop, b"")

    def close(self) -> None:
        """End the process; what it was computing is lost."""
        for task in list(self._tasks.values()):
            if not task.future.done():
                self._ask_to_stop(task)
        self.pool.close()


def _read(what: Asked[Any], path: Path) -> Any:
    try:
        with torch.inference_mode():  # as `memory` keeps them: nothing is copied
            return packing.unpacked(what.look.result, disk_cache.read(path))
    except ValueError as error:
        raise Damaged(f"{path.name} holds no such result; it will be computed again.") from error


def _as_sentence(error: BaseException) -> Exception:
    """The error of a computation as one that pages answer."""
    if isinstance(error, ValueError):  # RunError, DatasetError and their like, with a sentence
        return error
    log.error("a look failed: %r", error)
    return RunError(
        f"A computation failed unexpectedly ({type(error).__name__}): it may lack memory; try again, or another run."
    )
