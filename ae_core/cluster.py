"""Dask clusters of processes of this computer, as the engine and the process beside it need them."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ae_core import forkserver

if TYPE_CHECKING:
    from distributed import LocalCluster

SETTINGS = {
    "distributed.worker.multiprocessing-method": forkserver.METHOD,
    "distributed.scheduler.allowed-failures": 3,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-saturation": 1.0,  # a run waits for any slot, never behind another run
    "distributed.scheduler.http.routes": [],  # nobody needs Dask's own pages
    "distributed.worker.http.routes": [],
    # What Dask measures of itself would wake this process, and interrupt every training, fifty times a second.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",  # ten times as often it is half of what an idle server uses
}


def local_cluster(**workers: Any) -> LocalCluster:
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
