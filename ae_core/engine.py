"""Where runs are computed: an embedded Dask cluster of warm worker processes, one slot of one thread per core.

Beside them runs one process for what pages have computed (`side`), which never waits behind a training. Dask queues
what does not fit, and computes a run again elsewhere when its worker dies; the run then goes on from its last
checkpoint. The engine and the training share nothing but the run folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ae_core.cluster import local_cluster
from ae_core.device import prepare_process
from ae_core.execution import execute_by_id
from ae_core.recipe import Recipe
from ae_core.runs import Run, Status
from ae_core.side_process import SideProcess
from ae_core.store import Store

if TYPE_CHECKING:
    from distributed import Future

log = logging.getLogger(__name__)


def _warm_worker() -> None:
    """Pay now for what the first training would pay: torch, the first Adam, the smallest data set."""
    from ae_core.datasets import DATASETS
    from ae_core.models import build
    from ae_core.training import Plan, new_optimiser, train

    prepare_process()
    data = DATASETS["digits"]
    model, plan = build("vanilla", data.shape, {}), Plan(epochs=1)
    list(train(model, new_optimiser(model, plan), data.load().train.images[:8], plan))


class Engine:
    """A running cluster; make one per server and `close` it. Starting takes as long as its processes' imports."""

    def __init__(self, store: Store, slots: int | None = None) -> None:
        from distributed import Client

        self.store, self.slots = store, slots or max(1, os.cpu_count() or 1)
        self._cluster = local_cluster(n_workers=self.slots, threads_per_worker=1)
        self.side = SideProcess(store.root)
        self._client = Client(self._cluster, set_as_default=False)
        self._futures: dict[str, Future] = {}
        self._warming: list[Future] = []

    def warm(self, wait: bool = False) -> None:
        """Let every worker import torch and train its first steps, so that the first visitor need not wait for that."""
        addresses = self._client.scheduler_info(n_workers=-1)["workers"]
        self._warming = [self._client.submit(_warm_worker, workers=[address], pure=False) for address in addresses]
        self._warming.append(self.side.warm())
        if wait:
            for future in self._warming:
                future.result()

    def submit(self, recipe: Recipe) -> Run:
        """Make a run of a checked recipe and put it into the queue. RunError where its folder cannot be written."""
        run = self.store.create(recipe, origin="app")
        self._compute(run)
        return run

    def resume(self, run: Run) -> None:
        """Let a stopped, failed or interrupted run go on from its last checkpoint."""
        run.clear_stop()
        run.write_status(Status(**{**vars(run.status()), "state": "waiting", "error": None, "owner": None}))
        self._compute(run)

    def stop(self, run: Run) -> None:
        """Stop a run: at once if it waits, between two steps if it is being computed."""
        run.ask_to_stop()
        if run.status().state == "waiting":
            if future := self._futures.get(run.id):
                future.cancel()
            run.write_status(Status(**{**vars(run.status()), "state": "stopped"}))

    def recover(self) -> list[Run]:
        """Take up again what an earlier server left waiting or running; returns those runs."""
        left = [run for run in self.store.listing() if self._was_ours(run)]
        for run in reversed(left):  # the listing has the newest first
            self.resume(run)
        return left

    def _was_ours(self, run: Run) -> bool:
        if run.pretrained or run.id in self._futures or run.status().state not in ("waiting", "interrupted"):
            return False
        with contextlib.suppress(ValueError):
            return run.record().get("origin") == "app" and not run.stop_asked()
        return False

    def ahead_of(self, run: Run) -> int:
        """How many active runs were put into the queue before this one."""
        queue = list(self._futures.items())  # a copy: futures that end take themselves out, in another thread
        ids = [run_id for run_id, _ in queue]
        return sum(not future.done() for _, future in queue[: ids.index(run.id)]) if run.id in ids else 0

    def _compute(self, run: Run) -> None:
        root = str(Path(self.store.root))
        key = f"{run.id}-{os.urandom(4).hex()}"
        # As a "data producer" it is queued by the scheduler; otherwise a worker is chosen at once, and the run waits for
        # that one even while another is free.
        future = self._client.submit(execute_by_id, root, run.id, key=key, pure=False, _data_producer=True)
        self._futures[run.id] = future
        future.add_done_callback(lambda done: self._finished(run, done))

    def _finished(self, run: Run, future: Future) -> None:
        """Forget a computed run; say so in its status where its worker died too often to try again."""
        if self._futures.get(run.id) is future:
            del self._futures[run.id]
        if future.status == "error" and run.folder.exists() and run.status().state not in ("done", "stopped", "failed"):
            log.error("run %s was given up: %s", run.id, future.exception())
            reason = "Training was given up: its process died several times, probably for lack of memory; try a smaller model."
            run.write_status(Status(**{**vars(run.status()), "state": "failed", "error": reason, "owner": None}))

    def workers(self) -> dict[str, int]:
        """Process id of each worker by its address."""
        return self._client.run(os.getpid)

    def close(self) -> None:
        """End the workers; runs being computed go on when a next engine calls `recover`."""
        self.side.close()
        self._client.close()
        self._cluster.close()


__all__ = ["Engine"]
