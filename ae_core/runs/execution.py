"""Train a run in its folder: the loop of `training`, and around it log, checkpoints, live pictures, heartbeat and the
stop.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as save_tensors
from torch import Tensor

from ae_core import records
from ae_core.datasets import DatasetError
from ae_core.datasets.choosing import SHOWN, one_of_each
from ae_core.durable import Damaged, unwritable, write_bytes, write_json
from ae_core.knobs import KnobError
from ae_core.measures.metrics import codes, loss_terms, reconstructions, squared_errors
from ae_core.measures.table import measure
from ae_core.pictures.pixels import as_bytes
from ae_core.runs import checkpoints
from ae_core.runs.claim import Busy, Claim, Lost, identity
from ae_core.runs.log import POINTS, TrainingLog
from ae_core.runs.run import ACTIVE, Run, RunError, Status
from ae_core.runs.store import Store
from ae_core.training.device import DeviceError, chosen_device, prepare_process
from ae_core.training.loop import Diverged, Step, begin, evenly, new_optimiser, train
from ae_core.training.soundness import diverged, flaw, not_finite

MONITORED = 512  # test images behind a point of the test curve
MAPPED = 500  # test images whose codes go into a snapshot
SHOW_S, STOP_S, CHECKPOINT_S = 0.5, 0.05, 5.0  # at least new pictures, a look at `stop`, a checkpoint every so often
SNAPSHOTS = 16
ATTEMPTS = 3  # to go on from one and the same checkpoint after the process died
GIVEN_UP = (
    "Training was given up: its process died {} times since it last saved, perhaps for lack of memory; let it go on, "
    "or try a smaller model."
)
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
                if _dealt_with(run, state):
                    return
            except Lost:
                return
            except Busy:
                pass
            looks += state != "waiting"
            if looks > MOST_LOOKS:
                return
            time.sleep(LEAVING_S)


def _dealt_with(run: Run, state: str) -> bool:
    """Train a run that nobody trains; leave it where it is to stop, or its process died again and again.

    False where it is to stop and the process that had it is still there: stopping, or dying.
    """
    if state == "interrupted" and run.stop_asked():
        leave_stopped(run, Claim(run.folder))
    elif state == "interrupted" and _tries(run) > ATTEMPTS:
        _fail(run, None, GIVEN_UP.format(ATTEMPTS + 1))
    elif state == "waiting" or not run.stop_asked():
        execute(run)
    else:
        return False
    return True


def execute(run: Run, watch: Callable[[Step], None] = lambda step: None) -> Status:
    """Train a run from where it stands to its end, or until it is stopped. `watch` sees every step.

    Whatever goes wrong with the training becomes the status `failed` with the reason.

    Raises
        Busy: where another living process trains this run; Lost, one kind of it, where it took the run over.
    """
    claim = None
    try:
        claim = Claim(run.folder)
        with claim.beating():
            return _Execution(run, claim).run_to_end(watch)
    except (KnobError, DatasetError, DeviceError, RunError, Damaged) as error:
        return _fail(run, claim, str(error))
    except (Busy, OSError) as error:
        if not run.folder.exists():
            return run.status()  # removed while it was trained
        if isinstance(error, Busy):
            raise
        return _fail(run, claim, f"{unwritable('The run folder', error)}, then resume.")
    except Exception as error:  # the last resort: a run must never end without a word
        log.exception("run %s failed", run.id)
        reason = f"Training failed unexpectedly ({type(error).__name__}); the log of the server has the details."
        return _fail(run, claim, reason)
    finally:
        if claim:
            claim.release()


def _tries(run: Run) -> int:
    """How often a run whose process died has gone on from its newest checkpoint, with this time; kept in its folder."""
    saved, path = checkpoints.manifest(run.folder), run.folder / "attempt.json"
    step = saved[-1].step if saved else 0
    try:
        last = records.read(path, records.ATTEMPT)
        tries = last["tries"] + 1 if last["step"] == step else 1
    except (Damaged, OSError):
        tries = 1
    with contextlib.suppress(OSError):
        write_json(path, {"step": step, "tries": tries})
    return tries


def leave_stopped(run: Run, claim: Claim) -> None:
    """Leave a run that nobody trains any more as it was saved last, and let go of it. OSError where it cannot be
    written.
    """
    saved = checkpoints.manifest(run.folder)
    step, epoch, seconds = (saved[-1].step, saved[-1].epoch, saved[-1].seconds) if saved else (0, 0, 0.0)
    stopped = replace(run.status(), state="stopped", step=step, epoch=epoch, seconds=seconds, owner=None)
    try:
        run.write_status(stopped, claim.room)
    finally:
        claim.release()


def _fail(run: Run, claim: Claim | None, reason: str) -> Status:
    """Write down that a run has failed, and why.

    Raises
        Lost: where it was taken over meanwhile, and what fails here is of no interest any more.
    """
    if not run.folder.exists():
        return run.status()  # removed while it was trained
    if claim:
        claim.check()
    status = replace(run.status(), state="failed", error=reason, owner=None)
    with contextlib.suppress(OSError):
        run.write_status(status, claim.room if claim else None)
    return status


class _Execution:
    """State of one execution: model, optimiser, data, log, and when was last shown, saved and looked for a stop."""

    def __init__(self, run: Run, claim: Claim) -> None:
        self.run, self.claim = run, claim
        self.recipe, self.plan = run.recipe(), run.recipe().training_plan()
        self.device = chosen_device()
        self.model = self.recipe.new_model().to(self.device)
        self.optimiser = new_optimiser(self.model, self.plan)
        self.split = self.recipe.data.load()
        self.shown = self.split.test.images[one_of_each(self.split.test.labels, SHOWN)]
        self.log = TrainingLog(run.folder, claim.room, run.metrics())
        self.start, self.epoch, self.seconds_before = self._resume()
        self.total = self.plan.epochs * self.plan.steps_per_epoch(len(self.split.train))
        self.log_at, self.snapshot_at = evenly(self.total, POINTS), evenly(self.total, SNAPSHOTS)
        self.shown_at = self.saved = self.looked = time.monotonic()

    def _resume(self) -> tuple[int, int, float]:
        """Load the newest checkpoint, if any, and cut the log back to it; returns its step, epoch and seconds."""
        (self.run.folder / "codes.safetensors").unlink(missing_ok=True)  # of weights that will soon be old
        if not self.run.has_weights():
            self.log.cut(-1)
            return 0, 0, 0.0
        entry, tensors = checkpoints.newest(self.run.folder)
        checkpoints.load_model(self.model, tensors, self.run.id, halves=self.run.shipped())
        self.run.require_sound(self.model)
        checkpoints.load_optimiser(self.model, self.optimiser, tensors, entry.step, self.run.id)
        self.log.cut(entry.step)
        self.log.restore(tensors)
        return entry.step, entry.epoch, entry.seconds or (self.log.lines[-1]["seconds"] if self.log.lines else 0.0)

    def run_to_end(self, watch: Callable[[Step], None]) -> Status:
        self._write_status("running", Step(self.start, self.epoch, {}, 0.0))
        begin(self.model, self.split.train.images, self.plan, self.start)  # before its first measurement
        step = Step(self.start, self.epoch, {}, 0.0)
        if not self.log.lines:
            self.log.count(loss_terms(self.model, self.split.train.images[:MONITORED]))
            self._log(step)  # before the first step: what an untrained network answers
        try:
            for step in train(self.model, self.optimiser, self.split.train.images, self.plan, self.start):
                watch(step)
                if self._tend(step):
                    return self._leave(step, "stopped")
        except Diverged as reason:
            return self._leave(step, "failed", str(reason))
        return self._finish(step)

    def _tend(self, step: Step) -> bool:
        """Log, show, save and look for a stop as far as they are due; True where the run must stop."""
        self.claim.moved_on()
        self.log.count(step.losses)
        now = time.monotonic()
        if step.step in self.log_at:
            self._log(step)
        elif now - self.shown_at > SHOW_S:
            self._show(step)
        if step.step in self.snapshot_at:
            self._snapshot(step.step)
        if now - self.saved > CHECKPOINT_S:
            self._save(step)
            self.saved = time.monotonic()
        if now - self.looked > STOP_S:
            self.looked = now
            return self.run.stop_asked()
        return False

    def _seconds(self, step: Step) -> float:
        return round(self.seconds_before + step.seconds, 3)

    def _log(self, step: Step) -> None:
        """Add a line to the log, and show what it says."""
        test = loss_terms(self.model, self.split.test.images[:MONITORED])
        self.log.write(step.step, step.epoch, self._seconds(step), test)
        self._show(step)

    def _show(self, step: Step) -> None:
        """Let the pages see how far it is, and the pictures as they are now. Lost where the run was taken over."""
        self.claim.check()
        self._write_pictures(self.run.folder / "live.safetensors", step.step, lasting=False)
        self._write_status("running", step)
        self.shown_at = time.monotonic()

    def _write_pictures(
        self, path: Path, step: int, more: Iterable[tuple[str, Tensor]] = (), lasting: bool = True
    ) -> None:
        pictures = as_bytes(reconstructions(self.model, self.shown)).contiguous()  # filters may leave channels last
        pack = save_tensors({"step": torch.tensor(step), "reconstructions": pictures, **dict(more)})
        write_bytes(path, pack, self.claim.room, lasting)

    def _snapshot(self, step: int) -> None:
        mapped = codes(self.model, self.split.test.images[:MAPPED]).to(torch.float16)
        folder = self.run.folder / "snapshots"
        folder.mkdir(exist_ok=True)
        self._write_pictures(folder / f"{step:06d}.safetensors", step, [("codes", mapped)])

    def _save(self, step: Step) -> str:
        """Keep the weights, unless they compute no finite numbers: then a sentence says so, and those before stay."""
        if found := flaw(self.model, self.split.test.images):
            return diverged(found, step, self.plan)
        self.log.keep()
        state = checkpoints.training_state(self.model, self.optimiser) | self.log.state()
        numbers = (step.step, step.epoch, self.log.loss, self._seconds(step))
        checkpoints.save(self.run.folder, state, *numbers, self.claim.room)
        return ""

    def _write_status(self, state: str, step: Step, **more: Any) -> Status:
        owner = identity() if state == "running" else None
        status = Status(state, step.step, self.total, step.epoch, self._seconds(step), owner=owner, **more)
        self.run.write_status(status, self.claim.room)
        return status

    def _write_errors(self, step: int) -> None:
        test = self.split.test
        errors = squared_errors(test.images, reconstructions(self.model, test.images))
        self._write_pack("errors", {"step": torch.tensor(step), "errors": errors})
        if self.recipe.data.remove:  # the map can be drawn when the pictures have been deleted
            self._write_pack("codes", {"codes": codes(self.model, test.images), "labels": test.labels})

    def _write_pack(self, name: str, tensors: dict[str, Tensor]) -> None:
        write_bytes(self.run.folder / f"{name}.safetensors", save_tensors(tensors), self.claim.room)

    def _leave(self, step: Step, state: str, error: str | None = None) -> Status:
        """Stop before the end: keep the weights as they are and say why."""
        found = ""
        if self.run.folder.exists():
            self._show(step)
            if (found := self._save(step)) and not error:
                return self._leave(step, "failed", found)
        status = self._write_status(state, step, error=error)
        if not found:
            self._write_errors(step.step)  # after the word "stopped": it may take a second
        return status

    def _finish(self, step: Step) -> Status:
        """Save the final weights and measure them on the whole test split."""
        if step.step > self.start and (found := self._save(step)):
            return self._leave(step, "failed", found)
        self._write_errors(step.step)
        self.claim.moved_on()
        train_numbers, test_numbers = measure(self.model, self.split)
        if bad := not_finite(train_numbers) or not_finite(test_numbers):
            return self._leave(step, "failed", diverged(bad, step, self.plan))
        return self._write_status("done", step, train=train_numbers, test=test_numbers)
