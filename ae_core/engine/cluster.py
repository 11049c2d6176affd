"""Pools of worker processes of this computer, as the engine and the process beside it need them: Dask, kept whole."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from ae_core.engine import forkserver

if TYPE_CHECKING:
    from distributed import LocalCluster

SETTINGS = {
    "distributed.worker.multiprocessing-method": forkserver.METHOD,
    "distributed.scheduler.allowed-failures": 1_000_000,  # `execution` counts those without progress
    # Dask would close the nanny of a worker that is missing 15 s after one was lost, also where that is another one.
    "distributed.deploy.lost-worker-timeout": "3650 days",
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-saturation": 1.0,  # a run waits for any slot, never behind another run
    "distributed.scheduler.http.routes": [],  # nobody needs Dask's own pages
    "distributed.worker.http.routes": [],
    # A result waits in the memory of a worker until it is fetched: what a visitor brought along must never be on disk.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    # What Dask measures of itself would wake this process, and interrupt every training, fifty times a second.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",  # ten times as often it is half of what an idle server uses
}
WATCH_S = 1.0  # between two looks at the workers
SILENT, HUNG = (
    10,
    30,
)  # looks in which nothing was heard of a worker: it counts as missing; it is ended, and Dask replaces it
REOPEN_S = 5.0  # Dask replaces a worker that ended; where none is there after so long, its slot is opened anew
START_S = 60  # a worker that has not reported for duty by then is given up, and its slot opened anew

log = logging.getLogger(__name__)


class Pool:
    """Worker processes that are replaced when they end, or answer no more; `close` ends them.

    Dask's nanny replaces a worker that was killed. It gives the slot up for good where the new one dies before it has
    reported for duty, as on a machine that is short of memory; that slot is opened anew here.
    """

    def __init__(self, size: int, **workers: Any) -> None:
        from distributed import Client

        self.size = size
        self._cluster = _local_cluster(n_workers=size, death_timeout=START_S, **workers)
        self.client = Client(self._cluster, set_as_default=False)
        self.missing = 0  # workers that have ended or are silent; those that are replaced at once are hardly ever seen
        self._heard: dict[str, tuple[float, int]] = {}  # by address: when it was last heard of, in how many looks
        self._closing = threading.Event()
        threading.Thread(target=self._watch, name="pool", daemon=True).start()

    def _watch(self) -> None:
        whole = time.monotonic()  # when all slots were last seen to have a worker
        while not self._closing.wait(WATCH_S):
            with contextlib.suppress(Exception):  # the cluster is on its way to close, or it is tried again
                self._end_hung()
                if len(self._heard) >= self.size:
                    whole = time.monotonic()
                elif time.monotonic() - whole > REOPEN_S:
                    whole = time.monotonic()
                    log.warning("%d of %d worker processes are missing: starting new ones", self.missing, self.size)
                    forkserver.wake()
                    self._cluster.sync(self._reopen)

    def _end_hung(self) -> None:
        """Count the looks in which nothing new was heard of each worker, and end those that hang.

        Looks are counted, not seconds: whoever sets the clock of the machine or puts it to sleep ends nobody.
        """
        before, scheduler = self._heard, self._cluster.scheduler
        workers = list(scheduler.workers.values()) if scheduler else []
        self._heard = {}
        for worker in workers:
            last, silent = before.get(worker.address, (worker.last_seen, -1))
            self._heard[worker.address] = (worker.last_seen, silent + 1 if last == worker.last_seen else 0)
        self.missing = self.size - sum(silent < SILENT for _, silent in self._heard.values())
        for nanny in list(self._cluster.workers.values()):
            if nanny.pid and self._heard.get(nanny.worker_address, (0, 0))[1] >= HUNG:
                log.error("worker %s hangs and is ended", nanny.pid)
                os.kill(nanny.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    async def _reopen(self) -> None:
        """Have slots without a worker opened anew. In the loop of the cluster."""
        from distributed.core import Status

        for name, nanny in list(self._cluster.workers.items()):
            if nanny.status in (Status.closing, Status.closed, Status.failed):
                del self._cluster.workers[name]
        self._cluster.scale(self.size)

    def close(self) -> None:
        """End all workers; what they were computing is lost."""
        self._closing.set()
        self.client.close()
        self._cluster.close()


def _local_cluster(**workers: Any) -> LocalCluster:
    """A cluster that talks to nobody else; `workers` says how many, with how many threads each.

    Its processes have the variables AE_* of this moment: the one they are forked from may be older.
    """
    import dask
    from distributed import LocalCluster

    dask.config.set(SETTINGS)
    forkserver.begin()
    with forkserver.interrupts_ignored():
        return LocalCluster(
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.ERROR,
            env={name: value for name, value in os.environ.items() if name.startswith("AE_")},
            **workers,
        )
