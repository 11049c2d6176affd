"""Where runs are computed: an embedded Dask cluster of warm worker processes, one slot of one thread per core.

Beside them runs one process for what pages have computed (`side`), which never waits behind a training. Dask queues
what does not fit, and computes a run again elsewhere when its worker dies; the run then goes on from its last
checkpoint. The engine and the training share nothing but the run folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ae_core.durable import remove, unwritable
from ae_core.engine import heap
from ae_core.engine.cluster import Pool
from ae_core.engine.side_process import SideProcess
from ae_core.runs.claim import Busy, Claim, take_over
from ae_core.runs.execution import execute_by_id, leave_stopped
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ae_core.training.device import prepare_process
from ae_core.waits import about_to_wait

if TYPE_CHECKING:
    from distributed import Future

log = logging.getLogger(__name__)


def _warm_worker() -> None:
    """Pay now for what the first training would pay: torch, the first Adam, the smallest data set."""
    from ae_core.datasets import DATASETS
    from ae_core.models import build
    from ae_core.training.loop import Plan, new_optimiser, train

    prepare_process()
    data = DATASETS["digits"]
    model, plan = build("vanilla", data.shape, {}), Plan(epochs=1)
    list(train(model, new_optimiser(model, plan), data.load().train.images[:8], plan))


def _train(root: str, run_id: str) -> None:
    """What a worker does with a run; then it may wait for hours, without what that took."""
    try:
        execute_by_id(root, run_id)
    finally:
        heap.give_back()


@contextlib.contextmanager
def _told(run: Run) -> Iterator[None]:
    """An OSError as the RunError that says what is wrong with the folder of a run."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{unwritable(f'The folder of {run.id}', error)}, then try again.") from error


class Engine:
    """A running cluster; make one per server and `close` it. Starting takes as long as its processes' imports."""

    def __init__(self, store: Store, slots: int | None = None) -> None:
        self.store, self.slots = store, slots or max(1, os.cpu_count() or 1)
        self.pool = Pool(self.slots, threads_per_worker=1)
        self.side = SideProcess(store.root)
        self._futures: dict[str, Future] = {}
        self._warming: list[Future] = []

    def warm(self, wait: bool = False) -> None:
        """Let every worker import torch and train its first steps, so that the first visitor need not wait for that."""
        addresses = self.pool.client.scheduler_info(n_workers=-1)["workers"]
        self._warming = [self.pool.client.submit(_warm_worker, workers=[address], pure=False) for address in addresses]
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
        """Let a stopped, failed, interrupted or silent run go on from its last checkpoint; a process that hangs is
        ended. RunError where its folder cannot be written.
        """
        if run.status().state == "silent" and not self._take_over(run):
            return
        with _told(run):
            run.clear_stop()
            remove(run.folder / "attempt.json")  # somebody wants it: counted anew
            run.write_status(replace(run.status(), state="waiting", error=None, owner=None))
        self._compute(run)

    def stop(self, run: Run) -> None:
        """Stop a run: at once if it waits or its process hangs, which is ended then; between two steps if it is
        trained. RunError where its folder cannot be written.
        """
        about_to_wait()
        run.ask_to_stop()
        state = run.status().state
        if state == "silent":
            self._take_over(run)
        elif state == "waiting":
            self._forget(run)
            with _told(run):
                run.write_status(replace(run.status(), state="stopped"))

    def _take_over(self, run: Run) -> bool:
        """End the process that has fallen silent over a run, so that its slot comes back, and leave the run as it was
        saved.

        False where it cannot be had: the process has come round, or the run is gone.
        """
        self._forget(run)  # before, or Dask would compute it again elsewhere
        try:
            leave_stopped(run, take_over(run.folder))
        except (Busy, OSError):
            return False
        return True

    def _forget(self, run: Run) -> None:
        if future := self._futures.pop(run.id, None):
            future.cancel()

    def recover(self) -> list[Run]:
        """Take up again what an earlier server left waiting or running, unless it was to stop; returns those runs."""
        left = []
        for run in filter(self._was_ours, self.store.listing()):
            if not run.stop_asked():
                left.append(run)
            elif run.status().state == "interrupted":
                with contextlib.suppress(Busy, OSError):
                    leave_stopped(run, Claim(run.folder))
        for run in reversed(left):  # the listing has the newest first
            try:
                self.resume(run)
            except RunError as error:
                log.warning("%s", error)
        return left

    def _was_ours(self, run: Run) -> bool:
        left = ("waiting", "interrupted", "silent")
        if run.pretrained or run.id in self._futures or run.status().state not in left:
            return False
        with contextlib.suppress(ValueError):
            return run.record().get("origin") == "app"
        return False

    def ahead_of(self, run: Run) -> int:
        """How many active runs were put into the queue before this one."""
        queue = list(self._futures.items())  # a copy: futures that end take themselves out, in another thread
        ids = [run_id for run_id, _ in queue]
        return sum(not future.done() for _, future in queue[: ids.index(run.id)]) if run.id in ids else 0

    def _compute(self, run: Run) -> None:
        root = str(Path(self.store.root))
        key = f"{run.id}-{os.urandom(4).hex()}"
        # As a "data producer" it is queued by the scheduler; otherwise a worker is chosen at once, and the run waits
        # for that one even while another is free.
        future = self.pool.client.submit(_train, root, run.id, key=key, pure=False, _data_producer=True)
        self._futures[run.id] = future
        future.add_done_callback(lambda done: self._finished(run, done))

    def _finished(self, run: Run, future: Future) -> None:
        """Forget a computed run; say so in its status where its worker died too often to try again."""
        if self._futures.get(run.id) is future:
            del self._futures[run.id]
        if future.status == "error" and run.folder.exists() and run.status().state not in ("done", "stopped", "failed"):
            log.error("run %s was given up: %s", run.id, future.exception())
            reason = (
                "Training was given up: its process died several times, probably for lack of memory; try a smaller "
                "model."
            )
            with contextlib.suppress(Busy, OSError):  # another process goes on with it, or it is gone
                claim = Claim(run.folder)
                run.write_status(replace(run.status(), state="failed", error=reason, owner=None), claim.room)
                claim.release()

    def workers(self) -> dict[str, int]:
        """Process id of each worker by its address."""
        return self.pool.client.run(os.getpid)

    def close(self) -> None:
        """End the workers; runs being computed go on when a next engine calls `recover`."""
        self.side.close()
        self.pool.close()


__all__ = ["Engine"]
