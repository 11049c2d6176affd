"""A run is a folder, and the folder is all there is between the page and the training:

    run.json             recipe, versions, format number; written once
    status.json          waiting | running | done | stopped | failed, epoch, error, heartbeat; replaced, never edited
    metrics.jsonl        one line per logged step, at steps that depend on the recipe only; replaced with every line
    manifest.json        the checkpoints that exist, with SHA-256; written after their weights-NNNNNN.safetensors
    live.safetensors     how the eight fixed test images look right now; replaced
    errors.safetensors   squared error of every test image, with the final weights
    codes.safetensors    codes and labels of the test images, where those may be absent: in pretrained/, of own pictures
    snapshots/           codes of fixed test images and a few reconstructions at some steps, for scrubbing back
    claim.json           the process that writes here; touched every two seconds while it does
    .writing-.../        where that process makes what it then moves to its place
    stop                 its presence asks the run to stop

A pretrained model is a finished run that lives in `pretrained/`. Ids are made here and looked up in the listing, never
joined to a path.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ae_core import records
from ae_core.datasets import DatasetError
from ae_core.durable import Damaged, read_json, read_lines, remove, write_bytes, write_json
from ae_core.models import Autoencoder
from ae_core.runs import checkpoints
from ae_core.runs.claim import SILENT_S, owner_of, silence
from ae_core.runs.file_state import until_written
from ae_core.runs.recipe import Recipe
from ae_core.training.soundness import flaw

FORMAT = 1
ACTIVE = ("waiting", "running", "silent")
PICTURES = {"step": (0, (torch.int64,)), "reconstructions": (4, (torch.uint8,))}  # rank and dtypes of tensors
ERRORS = {"step": (0, (torch.int64,)), "errors": (1, (torch.float32,))}
CODES = {"codes": (2, (torch.float16, torch.float32)), "labels": (1, (torch.uint8, torch.int64))}
SNAPSHOT = {**PICTURES, "codes": CODES["codes"]}


class RunError(ValueError):
    """A run that does not exist or cannot be opened; the text says what to do."""


@dataclass(frozen=True)
class Status:
    """Where a run stands. `train` and `test` hold the final numbers; `seconds` is pure training time."""

    state: str = "waiting"
    step: int = 0
    total: int = 0  # steps from the first to the last
    epoch: int = 0
    seconds: float = 0.0
    error: str | None = None
    heartbeat: float = 0.0  # seconds since 1970
    owner: dict[str, Any] | None = None
    train: dict[str, float] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)


class Run:
    """One run folder; nothing is read before it is asked for."""

    def __init__(self, folder: Path, pretrained: bool = False) -> None:
        self.folder, self.id, self.pretrained = folder, folder.name, pretrained

    def record(self) -> dict[str, Any]:
        """What run.json says. RunError where it is absent, damaged or of another format."""
        try:
            record = read_json(self.folder / "run.json")
        except (OSError, Damaged) as error:
            raise RunError(
                f"{self.id} cannot be opened: its run.json is missing or damaged; delete the run."
            ) from error
        if record.get("format") != FORMAT:
            raise RunError(
                f"{self.id} has format {record.get('format')!r:.40}: this version reads format {FORMAT}; open it with "
                "the version that wrote it."
            )
        if told := records.trouble(record, records.RUN):
            raise RunError(
                f"{self.id} cannot be opened: its run.json is damaged, {told}; restore it or delete the run."
            )
        return record

    def shipped(self) -> bool:
        """Whether the run was made to be shipped, with large matrices in half precision, wherever it lies now."""
        return self.record().get("origin") == "pretrained"

    def recipe(self) -> Recipe:
        """The checked recipe. RunError where it is not one we could train."""
        made = _recipe(self)
        return replace(made, knobs=dict(made.knobs), plan=dict(made.plan))

    def status(self) -> Status:
        """Where the run stands; `interrupted` where it claims to be running but its process is gone, `silent` where
        that hangs.
        """
        try:
            record = records.read(self.folder / "status.json", records.STATUS)
        except Damaged as error:
            return Status("failed", error=str(error))
        except OSError:
            return Status("failed", error=f"The status of {self.id} is missing; delete the run.")
        status = Status(**{name: record[name] for name in Status.__dataclass_fields__ if name in record})
        if status.state != "running":
            return status
        if not owner_of(self.folder):
            return replace(status, state="interrupted")
        return replace(status, state="silent") if self.silence() > SILENT_S else status

    def silence(self) -> float:
        """Seconds since the process that trains the run was last heard of."""
        return silence(self.folder)

    def write_status(self, status: Status, room: Path | None = None) -> None:
        """Replace status.json, with the present time as heartbeat; `room` is that of the claim on the folder."""
        write_json(self.folder / "status.json", asdict(replace(status, heartbeat=time.time())), room)

    def metrics(self) -> list[dict[str, Any]]:
        """The logged lines so far: {"step", "epoch", "seconds", "train": {term: value}, "test": {term: value}}."""
        return self.log()[0]

    def log(self) -> tuple[list[dict[str, Any]], str]:
        """The good lines of the log, and a sentence where there are others; empty where there are none."""
        try:
            lines, told = records.good(read_lines(self.folder / "metrics.jsonl"), records.LINE)
        except Damaged as damage:
            return [], str(damage)
        except OSError as error:
            return (
                [],
                f"{self.id}/metrics.jsonl cannot be read ({error.strerror}): make it readable, or delete the run.",
            )
        return lines, told and f"{self.id}/metrics.jsonl is damaged in {told}; such lines are left out of its curves."

    def damage(self) -> str:
        """A sentence about the first record, but for the log, that is damaged; empty where all are as they
        should be.
        """
        try:
            self.recipe()
            records.read(self.folder / "status.json", records.STATUS)
            checkpoints.whole_manifest(self.folder)
        except (RunError, Damaged) as error:
            return str(error)
        except OSError:
            return self.status().error or ""
        return ""

    def live(self) -> tuple[int, Tensor] | None:
        """Step and reconstructions (8, channels, height, width) uint8 of the fixed test images; None before the
        first.
        """
        found = self._tensors("live.safetensors", PICTURES)
        return (int(found["step"]), found["reconstructions"]) if found else None

    def errors(self) -> tuple[int, Tensor] | None:
        """Step and squared error of each test image (n,), summed over pixels; None before the first end of training."""
        found = self._tensors("errors.safetensors", ERRORS)
        return (int(found["step"]), found["errors"]) if found else None

    def codes(self) -> tuple[Tensor, Tensor] | None:
        """Codes (n, latent) and labels (n,) of the test images, where they were kept beside the weights."""
        found = self._tensors("codes.safetensors", CODES)
        if not found or len(found["codes"]) != len(found["labels"]):
            return None
        return found["codes"].float(), found["labels"].long().clamp(0, len(self.recipe().data.classes) - 1)

    def snapshots(self) -> dict[int, dict[str, Tensor]]:
        """By step: `codes` (n, latent) and `reconstructions` (8, channels, height, width) uint8 of fixed test
        images.
        """
        names = sorted(path.name for path in (self.folder / "snapshots").glob("[0-9]*.safetensors"))
        found = {name: self._tensors(f"snapshots/{name}", SNAPSHOT) for name in names}
        return {int(tensors["step"]): tensors for tensors in found.values() if tensors}

    def _tensors(
        self, name: str, wanted: Mapping[str, tuple[int, tuple[torch.dtype, ...]]]
    ) -> dict[str, Tensor] | None:
        """The tensors of a file, where it has those wanted and they fit the recipe; else it counts as not there."""
        try:
            found, recipe = checkpoints.read_tensors(self.folder / name), self.recipe()
            last = {"reconstructions": recipe.data.shape, "codes": (recipe.knobs["latent"],)}
        except (Damaged, RunError):
            return None
        for key, (rank, dtypes) in wanted.items():
            value = found.get(key)
            if value is None or value.ndim != rank or value.dtype not in dtypes:
                return None
            if key in last and value.shape[1:] != last[key]:
                return None
        return found

    def has_weights(self) -> bool:
        """Whether there is a checkpoint to open."""
        return bool(checkpoints.manifest(self.folder))

    def load(self) -> tuple[Autoencoder, checkpoints.Checkpoint]:
        """The model with its newest whole weights, in eval mode on the processor. RunError where that fails."""
        try:
            model = self.recipe().new_model()
            total = int(records.read(self.folder / "status.json", records.STATUS).get("total", 0))
            entry, tensors = checkpoints.newest(self.folder)
            checkpoints.load_model(model, tensors, self.id, halves=self.shipped())
            self.require_sound(model)
            if entry.step < total:
                model.progress = max(0, entry.step - 1) / total  # as in the last step that it learned from
        except Damaged as error:
            raise RunError(self._failed() or str(error)) from error
        except OSError as error:
            raise RunError(self.status().error) from error
        return model.eval().requires_grad_(False), entry

    def _failed(self) -> str:
        """A sentence where there are no weights because the training failed; empty otherwise."""
        status = self.status()
        failed = status.state == "failed" and not self.has_weights()
        return f"{self.id} has no weights, because its training failed. {status.error or ''}".strip() if failed else ""

    def require_sound(self, model: Autoencoder) -> None:
        """RunError where the weights of `model` are finite and what they compute is not; asked of test pictures if
        here.
        """
        data = self.recipe().data
        with contextlib.suppress(DatasetError):
            test = data.load().test.images if data.present() else None
            if found := flaw(model, test):
                raise RunError(
                    f"{self.id} cannot be used: its weights are finite, but {found}; its training diverged, or the file"
                    " was changed: train it again with a lower learning rate, or restore the file."
                )

    def ask_to_stop(self) -> None:
        """Ask the training to stop; it does so between two steps."""
        with contextlib.suppress(OSError):
            write_bytes(self.folder / "stop", b"")

    def stop_asked(self) -> bool:
        """Whether somebody has asked the run to stop, or has removed it."""
        return (self.folder / "stop").exists() or not self.folder.exists()

    def clear_stop(self) -> None:
        """Take back the request to stop. OSError where that cannot be."""
        remove(self.folder / "stop")


@until_written("run.json")  # a page asks for it a dozen times, and checking it is most of the work
def _recipe(run: Run) -> Recipe:
    try:
        return Recipe.from_json(run.record().get("recipe"))
    except RunError:  # never `raise error from error`: Dask follows causes to their end, and there would be none
        raise
    except ValueError as error:
        raise RunError(f"{run.id} cannot be opened: {error}") from error
