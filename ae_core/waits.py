"""Whoever is about to wait says so first, and a server lets its other visitors go on meanwhile.

The package waits for disks, processes, servers and for its own locks. It knows nothing of pages and their turns; who
does has something called before (`before_each`). Without a server nothing is called, and waiting is just that.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_calls: list[Callable[[], None]] = []


def before_each(call: Callable[[], None]) -> None:
    """Have this called, in the thread that is about to wait, before every wait of this process from now on."""
    if call not in _calls:
        _calls.append(call)


def about_to_wait() -> None:
    """Say that this thread may now wait, or compute, for longer than a page takes; as often as it likes."""
    for call in _calls:
        call()


class Line(threading.Condition):
    """Whoever waits here, for what another thread makes, says so first."""

    def wait(self, timeout: float | None = None) -> bool:
        about_to_wait()
        return super().wait(timeout)


@contextlib.contextmanager
def patient(lock: threading.Lock | threading.RLock) -> Iterator[None]:
    """Hold a lock; where somebody else holds it, say first that this may take a while."""
    if not lock.acquire(blocking=False):
        about_to_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
