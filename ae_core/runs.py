"""A run is a folder, and the folder is all there is between the page and the training:

    run.json             recipe, versions, format number; written once
    status.json          waiting | running | done | stopped | failed, epoch, error, heartbeat; replaced, never edited
    metrics.jsonl        one line per logged step; a reader ignores an unterminated last line
    manifest.json        the checkpoints that exist, with SHA-256; written after their weights-NNNNNN.safetensors
    live.safetensors     how the eight fixed test images look right now; replaced
    errors.safetensors   squared error of every test image, with the final weights
    codes.safetensors    codes and labels of the test images, where those may be absent: in pretrained/, of own pictures
    snapshots/           codes of fixed test images and a few reconstructions at some steps, for scrubbing back
    claim.json           the process that writes here
    stop                 its presence asks the run to stop

A pretrained model is a finished run that lives in `pretrained/`. Ids are made here and looked up in the listing, never
joined to a path.
"""

from __future__ import annotations

import contextlib
import functools
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ae_core import checkpoints
from ae_core.durable import Damaged, read_json, read_lines, write_bytes, write_json
from ae_core.knobs import KnobError
from ae_core.models import Autoencoder
from ae_core.ownership import CLAIM, alive
from ae_core.recipe import Recipe

FORMAT = 1
ACTIVE = ("waiting", "running")


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
                f"{self.id} has format {record.get('format')!r}: this version reads format {FORMAT}; open it with the "
                "version that wrote it."
            )
        return record

    def recipe(self) -> Recipe:
        """The checked recipe. RunError where it is not one we could train."""
        try:
            found = (self.folder / "run.json").stat()
            state = (found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError:
            state = (0, 0, 0)
        made = _recipe(self.folder, state)
        return replace(made, knobs=dict(made.knobs), plan=dict(made.plan))

    def status(self) -> Status:
        """Where the run stands; `interrupted` where it claims to be running but its process is gone."""
        try:
            record = read_json(self.folder / "status.json")
            known = {name: record[name] for name in Status.__dataclass_fields__ if name in record}
            status = Status(**known)
            silent = time.time() - status.heartbeat
        except (OSError, Damaged, TypeError):
            return Status("failed", error=f"The status of {self.id} is missing or damaged; delete the run.")
        owned = (self.folder / CLAIM).exists() and alive(status.owner, silent)
        gone = status.state == "running" and not owned
        return replace(status, state="interrupted") if gone else status

    def write_status(self, status: Status) -> None:
        """Replace status.json, with the present time as heartbeat."""
        write_json(self.folder / "status.json", asdict(replace(status, heartbeat=time.time())))

    def metrics(self) -> list[dict[str, Any]]:
        """The logged lines so far: {"step", "epoch", "seconds", "train": {term: value}, "test": {term: value}}."""
        return read_lines(self.folder / "metrics.jsonl")

    def live(self) -> tuple[int, Tensor] | None:
        """Step and reconstructions (8, channels, height, width) uint8 of the fixed test images; None before the first."""
        try:
            tensors = checkpoints.read_tensors(self.folder / "live.safetensors")
            return int(tensors["step"]), tensors["reconstructions"]
        except (Damaged, KeyError, ValueError, RuntimeError):
            return None

    def errors(self) -> tuple[int, Tensor] | None:
        """Step and squared error of each test image (n,), summed over pixels; None before the first end of training."""
        try:
            tensors = checkpoints.read_tensors(self.folder / "errors.safetensors")
            return int(tensors["step"]), tensors["errors"]
        except (Damaged, KeyError, ValueError, RuntimeError):
            return None

    def codes(self) -> tuple[Tensor, Tensor] | None:
        """Codes (n, latent) and labels (n,) of the test images, where they were kept beside the weights."""
        try:
            tensors = checkpoints.read_tensors(self.folder / "codes.safetensors")
            return tensors["codes"].float(), tensors["labels"].long()
        except (Damaged, KeyError):
            return None

    def snapshots(self) -> dict[int, dict[str, Tensor]]:
        """By step: `codes` (n, latent) and `reconstructions` (8, channels, height, width) uint8 of fixed test images."""
        found = {}
        for path in sorted((self.folder / "snapshots").glob("*.safetensors")):
            with contextlib.suppress(Damaged, ValueError):
                found[int(path.stem)] = checkpoints.read_tensors(path)
        return found

    def has_weights(self) -> bool:
        """Whether there is a checkpoint to open."""
        return bool(checkpoints.manifest(self.folder))

    def load(self) -> tuple[Autoencoder, checkpoints.Checkpoint]:
        """The model with its newest whole weights, in eval mode on the processor. RunError where that fails."""
        try:
            model = self.recipe().new_model()
            entry, tensors = checkpoints.newest(self.folder)
            checkpoints.load_model(model, tensors, self.id)
            total = self.status().total
            if entry.step < total:
                model.progress = max(0, entry.step - 1) / total  # as in the last step that it learned from
        except Damaged as error:
            raise RunError(str(error)) from error
        return model.eval().requires_grad_(False), entry

    def ask_to_stop(self) -> None:
        """Ask the training to stop; it does so between two steps."""
        with contextlib.suppress(OSError):
            write_bytes(self.folder / "stop", b"")

    def stop_asked(self) -> bool:
        """Whether somebody has asked the run to stop, or has removed it."""
        return (self.folder / "stop").exists() or not self.folder.exists()

    def clear_stop(self) -> None:
        """Take back the request to stop."""
        (self.folder / "stop").unlink(missing_ok=True)


@functools.lru_cache(maxsize=512)  # a page asks for it a dozen times, and checking it is most of the work
def _recipe(folder: Path, state: tuple[int, int, int]) -> Recipe:
    """The recipe in a run folder whose run.json is that file: inode, size, time of writing."""
    run = Run(folder)
    try:
        return Recipe.from_json(run.record().get("recipe"))
    except (KnobError, ValueError) as error:
        raise error if isinstance(error, RunError) else RunError(f"{run.id} cannot be opened: {error}") from error
