"""Where worker processes come from: on Linux from one process that has imported everything already, and forks them.

A new worker is then there in a fraction of a second, instead of seconds of imports, and its memory is shared with the
others as long as nobody writes to it. The process starts no threads and computes nothing, so there is nothing that a
fork could find half done. Elsewhere (on Windows, and on macOS, whose libraries do not stand a fork) every worker is
a new Python.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import set_forkserver_preload, spawn
from typing import Any

METHOD = "forkserver" if sys.platform == "linux" else "spawn"  # as multiprocessing and Dask call it
IMPORTS = ["ae_core.engine.worker_imports"]


def begin() -> None:
    """Start that process, if it does not run; it goes on importing in the background, and ends with this one."""
    if METHOD == "forkserver":
        from multiprocessing.forkserver import ensure_running

        set_forkserver_preload(IMPORTS)
        with interrupts_ignored():
            ensure_running()


def wake() -> None:
    """Have that process go on where somebody has stopped it; one that was killed is started anew by who asks it
    next.
    """
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        if process := getattr(forkserver._forkserver, "_forkserver_pid", None):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def without_main_module() -> None:
    """Have all processes that this one starts from now on leave its main module alone.

    Each would run that again, to know what is defined there; of the server they need nothing of it. It would be
    Streamlit's command, and once anybody has visited the app itself, which would start another server.
    """
    prepared = spawn.get_preparation_data

    def without_main(name: str) -> dict[str, Any]:
        return {key: value for key, value in prepared(name).items() if not key.startswith("init_main_")}

    spawn.get_preparation_data = without_main


@contextlib.contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Processes started meanwhile leave Ctrl-C to the server, which ends them in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
