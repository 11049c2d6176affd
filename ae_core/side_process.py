"""The process beside the trainings in which pages have something computed: it never waits behind a training.

It has two threads: short computations always find one free, since of the lasting ones only one at a time is let in. A
small file tells how far a computation is, another one asks it to stop; the result is kept on disk (`ae_core.kept`).
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

from ae_core import kept
from ae_core.cluster import local_cluster
from ae_core.computations import Computation, Stopped
from ae_core.durable import Damaged, read_json, write_bytes, write_json
from ae_core.runs import RunError
from ae_core.store import Store

if TYPE_CHECKING:
    from distributed import Future

log = logging.getLogger(__name__)
NICE = 5  # after the pages, before the trainings
LASTING = "lasting"  # a resource of which the process has one
REPORT_S, STOP_S = 0.2, 0.05  # at least between two reports, two looks for a stop
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
class _Asked:
    """A computation that was handed to the process: its future, and the name of its two small files."""

    future: Future
    token: str
    ended: float | None = None  # when it was seen to have failed


class _Reporter:
    """Writes the share done for the pages, and looks whether anybody wants the computation to stop."""

    def __init__(self, folder: Path, token: str) -> None:
        self._progress, self._stop = _files(folder, token)
        self._began = time.monotonic()
        self._wrote = self._looked = -1.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._looked > STOP_S:
            self._looked = now
            if self._stop.exists():
                raise Stopped
        if now - self._wrote > REPORT_S:
            self._wrote = now
            write_json(self._progress, {"share": round(share, 4), "seconds": round(now - self._began, 3)})

    def close(self) -> None:
        """Take both files away."""
        for path in (self._progress, self._stop):
            path.unlink(missing_ok=True)


def _files(folder: Path, token: str) -> tuple[Path, Path]:
    return folder / f".{token}.progress", folder / f".{token}.stop"


def carry_out(root: str, name: str, arguments: dict[str, Any], token: str) -> None:
    """What the process does: compute, unless it is kept already, and keep the result. Nothing where it was stopped."""
    torch.set_num_threads(1)
    with contextlib.suppress(psutil.Error, OSError, AttributeError):  # on Linux it counts for this thread
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    what, store = Computation.of(name, **arguments), Store(Path(root))
    target = kept.place(store.root, what.key)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    report = _Reporter(target.parent, token)
    try:
        report(0.0)
        kept.write(target, what.carry_out(store, report))
    except Stopped:
        pass
    finally:
        report.close()


def _warm() -> None:
    """Pay now for the imports of the first computation."""
    import sklearn.decomposition  # noqa: F401

    torch.set_num_threads(1)


class SideProcess:
    """One more worker process, in a cluster of its own; `close` ends it."""

    def __init__(self, root: Path) -> None:
        from distributed import Client

        self.root = root
        self._cluster = local_cluster(n_workers=1, threads_per_worker=2, resources={LASTING: 1})
        self._client = Client(self._cluster, set_as_default=False)
        self._lock = threading.Lock()
        self._asked: dict[str, _Asked] = {}
        self._there: set[str] = set()  # keys of results that were seen on disk
        for left in (root / kept.FOLDER).glob(".*.*"):  # of an earlier server
            left.unlink(missing_ok=True)

    def warm(self) -> Future:
        """Let the process import what most computations need."""
        return self._client.submit(_warm, pure=False)

    def ready(self, what: Computation) -> bool:
        """Whether the result is kept on disk."""
        key = what.key
        if key not in self._there and kept.place(self.root, key).exists():
            self._there.add(key)
        return key in self._there

    def result(self, what: Computation) -> dict[str, torch.Tensor] | None:
        """The result from disk; None, and forgotten, where it is not there or damaged."""
        path = kept.place(self.root, what.key)
        try:
            return kept.read(path)
        except Damaged:
            self._there.discard(what.key)
            with contextlib.suppress(OSError):
                path.unlink()
            return None

    def ask(self, what: Computation, wait_s: float = 0.0) -> bool:
        """Have it computed, unless it is; whether it is ready. Whoever asks first waits for it, up to `wait_s`.

        Raises
            RunError, DatasetError: what went wrong with it; asked some seconds later, it is tried again.
        """
        if self.ready(what):
            return True
        with self._lock:
            before = self._asked.get(what.key)
            asked = before
            if asked is None or (asked.ended and time.monotonic() - asked.ended > AGAIN_S):
                asked = self._asked[what.key] = self._submit(what)
        if asked is not before and wait_s:
            with contextlib.suppress(Exception):  # too slow, or wrong: that is looked at next
                asked.future.result(timeout=wait_s)
        return self._looked_at(what, asked)

    def _submit(self, what: Computation) -> _Asked:
        token = os.urandom(8).hex()
        resources = {LASTING: 1} if what.kind.lasting else None
        arguments = (str(self.root), what.name, dict(what.arguments), token)
        return _Asked(self._client.submit(carry_out, *arguments, key=token, pure=False, resources=resources), token)

    def _looked_at(self, what: Computation, asked: _Asked) -> bool:
        if not asked.future.done():
            return False
        if asked.future.status == "error":
            asked.ended = asked.ended or time.monotonic()
            raise _as_sentence(asked.future.exception())
        self._forget(what, asked)
        return self.ready(what)

    def _forget(self, what: Computation, asked: _Asked) -> None:
        with self._lock:
            if self._asked.get(what.key) is asked:
                del self._asked[what.key]

    def settled(self, what: Computation) -> bool:
        """Whether there is nothing to wait for: it is ready, has failed, was stopped or was never asked for."""
        asked = self._asked.get(what.key)
        return asked is None or asked.future.done() or self.ready(what)

    def progress(self, what: Computation) -> Progress:
        """How far it is; nothing while it waits or where it was not asked for."""
        if asked := self._asked.get(what.key):
            path, _ = _files(self.root / kept.FOLDER, asked.token)
            with contextlib.suppress(OSError, Damaged, KeyError, TypeError):
                record = read_json(path)
                return Progress(float(record["share"]), float(record["seconds"]))
        return Progress(0.0, 0.0)

    def stop(self, what: Computation) -> None:
        """Stop it: at once where it waits, else at its next report."""
        if asked := self._asked.get(what.key):
            self._ask_to_stop(asked)
            asked.future.cancel()
            self._forget(what, asked)

    def _ask_to_stop(self, asked: _Asked) -> None:
        with contextlib.suppress(OSError):
            write_bytes(_files(self.root / kept.FOLDER, asked.token)[1], b"")

    def close(self) -> None:
        """End the process; what it was computing is lost."""
        for asked in list(self._asked.values()):
            if not asked.future.done():
                self._ask_to_stop(asked)
        self._client.close()
        self._cluster.close()


def _as_sentence(error: BaseException) -> Exception:
    """The error of a computation as one that pages answer."""
    if isinstance(error, ValueError):  # RunError, DatasetError and their like, with a sentence
        return error
    log.error("a computation failed: %r", error)
    return RunError(
        f"A computation failed unexpectedly ({type(error).__name__}): it may lack memory; try again, or another run."
    )
