"""Train a run in its folder: the loop of `training`, and around it log, checkpoints, live pictures and the stop."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save as save_tensors
from torch import Tensor

from ae_core import checkpoints
from ae_core.datasets import DatasetError, Split
from ae_core.device import DeviceError, chosen_device, prepare_process
from ae_core.durable import Damaged, append_line, write_bytes, write_lines
from ae_core.exploration import SHOWN, as_bytes, one_of_each
from ae_core.knobs import KnobError
from ae_core.metrics import codes, evaluate, loss_terms, reconstructions, squared_errors
from ae_core.models import Autoencoder
from ae_core.ownership import Busy, Claim, identity
from ae_core.runs import ACTIVE, Run, RunError, Status
from ae_core.store import Store
from ae_core.training import Diverged, Step, begin, evenly, new_optimiser, train

MONITORED = 512  # test images behind a point of the test curve
FINAL_TRAIN = 10_000  # training images behind the final training numbers
MAPPED = 500  # test images whose codes go into a snapshot
LOG_S, STOP_S, CHECKPOINT_S = 0.5, 0.05, 5.0  # at least a log line, a look at `stop`, a checkpoint every so often
LOG_POINTS, SNAPSHOTS = 60, 16
LEAVING_S, MOST_LOOKS = 0.05, 100  # between two looks whether the process before has let go of a run that is trained

log = logging.getLogger(__name__)


def execute_by_id(root: str, run_id: str) -> None:
    """What a worker does: find the run in the runs folder `root` and train it; nothing where it was removed.

    The process that had it before may not have let go yet: one that was stopped still measures, one that was killed is
    still dying. Both are waited for; a run that another process goes on training is left to it.
    """
    prepare_process()
    with contextlib.suppress(RunError):
        run, looks = Store(Path(root)).find(run_id), 0
        while (state := run.status().state) in ACTIVE or state == "interrupted":
            try:
                execute(run)
                return
            except Busy:
                looks += state != "waiting"
                if looks > MOST_LOOKS:
                    return
                time.sleep(LEAVING_S)


def execute(run: Run, watch: Callable[[Step], None] = lambda step: None) -> Status:
    """Train a run from where it stands to its end, or until it is stopped. `watch` sees every step.

    Whatever goes wrong with the training becomes the status `failed` with the reason.

    Raises
        Busy: where another living process trains this run, or took it over.
    """
    claim = None
    try:
        claim = Claim(run.folder)
        return _Execution(run, claim).run_to_end(watch)
    except (KnobError, DatasetError, DeviceError, RunError, Damaged) as error:
        return _fail(run, str(error))
    except (Busy, OSError) as error:
        if not run.folder.exists():
            return run.status()  # removed while it was trained
        if isinstance(error, Busy):
            raise
        return _fail(run, f"The run folder cannot be written ({error.strerror}): free some space, then resume.")
    except Exception as error:  # the last resort: a run must never end without a word
        log.exception("run %s failed", run.id)
        return _fail(
            run, f"Training failed unexpectedly ({type(error).__name__}); the log of the server has the details."
        )
    finally:
        if claim:
            claim.release()


def _fail(run: Run, reason: str) -> Status:
    status = Status(**{**vars(run.status()), "state": "failed", "error": reason, "owner": None})
    with contextlib.suppress(OSError):
        run.write_status(status)
    return status


class _Execution:
    """State of one execution: model, optimiser, data, and when was last logged, saved and looked for a stop."""

    def __init__(self, run: Run, claim: Claim) -> None:
        self.run, self.claim = run, claim
        self.recipe, self.plan = run.recipe(), run.recipe().training_plan()
        self.device = chosen_device()
        self.model = self.recipe.new_model().to(self.device)
        self.optimiser = new_optimiser(self.model, self.plan)
        self.split = self.recipe.data.load()
        self.shown = self.split.test.images[one_of_each(self.split.test.labels, SHOWN)]
        self.start, self.seconds_before = self._resume()
        self.total = self.plan.epochs * self.plan.steps_per_epoch(len(self.split.train))
        self.log_at, self.snapshot_at = evenly(self.total, LOG_POINTS), evenly(self.total, SNAPSHOTS)
        self.sums: dict[str, float] = {}
        self.counted = 0
        self.monitored_loss = 0.0
        self.logged = self.saved = self.looked = time.monotonic()

    def _resume(self) -> tuple[int, float]:
        """Load the newest checkpoint, if any, and cut the log back to it; returns its step and seconds."""
        (self.run.folder / "codes.safetensors").unlink(missing_ok=True)  # of weights that will soon be old
        if not self.run.has_weights():
            self._cut_log(0)
            return 0, 0.0
        entry, tensors = checkpoints.newest(self.run.folder)
        checkpoints.load_model(self.model, tensors, self.run.id)
        checkpoints.load_optimiser(self.model, self.optimiser, tensors, entry.step)
        return entry.step, self._cut_log(entry.step)

    def _cut_log(self, step: int) -> float:
        """Drop what was logged after `step`; returns the seconds of training at the last line kept."""
        lines = self.run.metrics()
        kept = [line for line in lines if line.get("step", 0) <= step]
        if len(kept) < len(lines):
            write_lines(self.run.folder / "metrics.jsonl", kept)
        return float(kept[-1]["seconds"]) if kept else 0.0

    def run_to_end(self, watch: Callable[[Step], None]) -> Status:
        self.run.write_status(self._status("running", self.start, 0, self.seconds_before))
        begin(self.model, self.split.train.images, self.plan, self.start)  # before its first measurement
        step = Step(self.start, 0, loss_terms(self.model, self.split.train.images[:MONITORED]), 0.0)
        if not self.start:
            self._count(step)
            self._log(step)  # before the first step: what an untrained network answers
        images = self.split.train.images.to(self.device)
        try:
            for step in train(self.model, self.optimiser, images, self.plan, self.start):
                watch(step)
                if self._tend(step):
                    return self._leave(step, "stopped")
        except Diverged as reason:
            return self._leave(step, "failed", str(reason))
        return self._finish(step)

    def _count(self, step: Step) -> None:
        for name, value in step.losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.counted += 1

    def _tend(self, step: Step) -> bool:
        """Log, save and look for a stop as far as they are due; True where the run must stop."""
        self._count(step)
        now = time.monotonic()
        if step.step in self.log_at or now - self.logged > LOG_S:
            self._log(step)
            self.logged = now
        if step.step in self.snapshot_at:
            self._snapshot(step.step)
        if now - self.saved > CHECKPOINT_S:
            self._save(step)
            self.saved = time.monotonic()
        if now - self.looked > STOP_S:
            self.looked = now
            return self.run.stop_asked()
        return False

    def _log(self, step: Step) -> None:
        """Add a line to the log (unless it holds NaN or Inf) and show the pictures; the train terms are means since the last."""
        seconds = round(self.seconds_before + step.seconds, 3)
        test = loss_terms(self.model, self.split.test.images[:MONITORED])
        trained = {name: total / self.counted for name, total in self.sums.items()} if self.counted else test
        if all(map(math.isfinite, [*test.values(), *trained.values()])):
            self.monitored_loss = sum(test.values())
            line = {"step": step.step, "epoch": step.epoch, "seconds": seconds, "train": trained, "test": test}
            append_line(self.run.folder / "metrics.jsonl", line)
        self.sums, self.counted = {}, 0
        self._write_pictures(self.run.folder / "live.safetensors", step.step)
        self.run.write_status(self._status("running", step.step, step.epoch, seconds))

    def _write_pictures(self, path: Path, step: int, more: Iterable[tuple[str, Tensor]] = ()) -> None:
        pictures = as_bytes(reconstructions(self.model, self.shown)).contiguous()  # filters may leave channels last
        write_bytes(path, save_tensors({"step": torch.tensor(step), "reconstructions": pictures, **dict(more)}))

    def _snapshot(self, step: int) -> None:
        mapped = codes(self.model, self.split.test.images[:MAPPED]).to(torch.float16)
        folder = self.run.folder / "snapshots"
        folder.mkdir(exist_ok=True)
        self._write_pictures(folder / f"{step:06d}.safetensors", step, [("codes", mapped)])

    def _save(self, step: Step) -> None:
        self.claim.check()
        state = checkpoints.training_state(self.model, self.optimiser)
        checkpoints.save(self.run.folder, state, step.step, step.epoch, self.monitored_loss)

    def _status(self, state: str, step: int, epoch: int, seconds: float, error: str | None = None) -> Status:
        owner = identity() if state == "running" else None
        return Status(state, step, self.total, epoch, seconds, error, owner=owner)

    def _write_errors(self, step: int) -> None:
        test = self.split.test
        errors = squared_errors(test.images, reconstructions(self.model, test.images))
        pack = save_tensors({"step": torch.tensor(step), "errors": errors})
        write_bytes(self.run.folder / "errors.safetensors", pack)
        if self.recipe.data.remove:  # the map can be drawn when the pictures have been deleted
            pack = save_tensors({"codes": codes(self.model, test.images), "labels": test.labels})
            write_bytes(self.run.folder / "codes.safetensors", pack)

    def _leave(self, step: Step, state: str, error: str | None = None) -> Status:
        """Stop before the end: keep the weights as they are and say why."""
        seconds = round(self.seconds_before + step.seconds, 3)
        status = self._status(state, step.step, step.epoch, seconds, error)
        if self.run.folder.exists():
            if self.counted:
                self._log(step)
            self._save(step)
            self.run.write_status(status)
            self._write_errors(step.step)  # after the word "stopped": it may take a second
        return status

    def _finish(self, step: Step) -> Status:
        """Save the final weights and measure them on the whole test split."""
        seconds = round(self.seconds_before + step.seconds, 3)
        if step.step > self.start:
            if self.counted:
                self._log(step)
            self._save(step)
        self._write_errors(step.step)
        train_numbers, test_numbers = measure(self.model, self.split)
        status = self._status("done", step.step, self.plan.epochs, seconds)
        status = replace(status, train=train_numbers, test=test_numbers)
        self.claim.check()
        self.run.write_status(status)
        return status


def measure(model: Autoencoder, split: Split) -> tuple[dict[str, float], dict[str, float]]:
    """The numbers of `evaluate` on (at most 10 000) training images and on the whole test split."""
    return evaluate(model, split.train.images[:FINAL_TRAIN]), evaluate(model, split.test.images)
