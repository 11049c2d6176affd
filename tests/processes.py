"""The processes of a running server, told apart from outside."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil
from small_runs import wait_until

FORKSERVER = "multiprocessing.forkserver"


def fork_server(pid: int) -> psutil.Process | None:
    """The process from which the workers of the server `pid` are forked."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(FORKSERVER in part for part in child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                    return child
    return None


def workers(pid: int) -> set[int]:
    """Process ids of the workers of the server `pid`: those that train, and the one beside them."""
    found = fork_server(pid)
    alive = set()
    for child in found.children() if found else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                alive.add(child.pid)
    return alive


def kill_and_wait(pid: int, victim: int) -> None:
    """Kill a worker of the server `pid`, and wait until another one is in its place."""
    before = workers(pid)
    assert victim in before
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in workers(pid) and len(workers(pid)) == len(before), 60)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone, also where nobody has asked for its exit status yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def gone(pid: int) -> bool:
    """The same of a process by its number."""
    try:
        return has_ended(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True
