"""A run is a folder, and the folder is all there is between the page and the training:

    run.json             recipe, versions, format number; written once
    status.json          waiting | running | done | stopped | failed, epoch, error, heartbeat; replaced, never edited
    metrics.jsonl        one line per logged step; a reader ignores an unterminated last line
    manifest.json        the checkpoints that exist, with SHA-256; written after their weights-NNNNNN.safetensors
    live.safetensors     how the eight fixed test images look right now; replaced
    errors.safetensors   squared error of every test image, with the final weights
    snapshots/           codes of fixed test images and a few reconstructions at some steps, for scrubbing back
    claim.json           the process that writes here
    stop                 its presence asks the run to stop

A pretrained model is a finished run that lives in `pretrained/`. Ids are made here and looked up in the listing, never
joined to a path.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ae_core import __version__, checkpoints
from ae_core.durable import Damaged, read_json, read_lines, write_bytes, write_json
from ae_core.knobs import KnobError
from ae_core.models import Autoencoder
from ae_core.ownership import alive
from ae_core.recipe import Recipe

FORMAT = 1
ROOT = Path(__file__).parent.parent
ACTIVE = ("waiting", "running")
TRASH = ".trash"


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
            return Recipe.from_json(self.record().get("recipe"))
        except (KnobError, ValueError) as error:
            raise error if isinstance(error, RunError) else RunError(f"{self.id} cannot be opened: {error}") from error

    def status(self) -> Status:
        """Where the run stands; `interrupted` where it claims to be running but its process is gone."""
        try:
            record = read_json(self.folder / "status.json")
            known = {name: record[name] for name in Status.__dataclass_fields__ if name in record}
            status = Status(**known)
            silent = time.time() - status.heartbeat
        except (OSError, Damaged, TypeError):
            return Status("failed", error=f"The status of {self.id} is missing or damaged; delete the run.")
        gone = status.state == "running" and not alive(status.owner, silent)
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
        except (Damaged, KeyError):
            return None

    def errors(self) -> tuple[int, Tensor] | None:
        """Step and squared error of each test image (n,), summed over pixels; None before the first end of training."""
        try:
            tensors = checkpoints.read_tensors(self.folder / "errors.safetensors")
            return int(tensors["step"]), tensors["errors"]
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


class Store:
    """The folder with everybody's runs, and the read-only one with the pretrained runs."""

    def __init__(self, root: Path, pretrained: Path | None = ROOT / "pretrained") -> None:
        self.root, self.pretrained = root, pretrained

    @classmethod
    def default(cls) -> Store:
        """The folder AE_RUNS, or `runs` beside the program."""
        return cls(Path(os.environ.get("AE_RUNS") or ROOT / "runs").expanduser().resolve())

    def create(self, recipe: Recipe, origin: str) -> Run:
        """A new waiting run of a checked recipe; `origin` says who asked: app or command line.

        Raises
            RunError: where the folder cannot be written.
        """
        run = Run(self.root / f"{recipe.model}-{recipe.dataset}-{secrets.token_hex(10)}")
        versions = {"ae_core": __version__, "torch": torch.__version__, "python": platform.python_version()}
        record = {
            "format": FORMAT,
            "recipe": recipe.to_json(),
            "origin": origin,
            "versions": versions,
            "created": time.time(),
        }
        aside = self.root / f".{run.id}.part"
        try:
            aside.mkdir(parents=True)
            (aside / "snapshots").mkdir()
            write_json(aside / "run.json", record)
            Run(aside).write_status(Status())
            os.replace(aside, run.folder)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise RunError(
                f"{self.root} cannot be written ({error.strerror}): runs are kept there; free some space or set AE_RUNS."
            ) from error
        return run

    def listing(self) -> list[Run]:
        """All runs, the newest first, then the pretrained ones by name."""
        own = sorted(_folders(self.root), key=lambda folder: folder.stat().st_ctime, reverse=True)
        shipped = sorted(_folders(self.pretrained)) if self.pretrained else []
        return [Run(folder) for folder in own] + [Run(folder, pretrained=True) for folder in shipped]

    def find(self, run_id: str) -> Run:
        """The run of that id. RunError where the listing has none."""
        for run in self.listing():
            if run.id == run_id:
                return run
        shown = run_id if len(run_id) <= 60 else run_id[:57] + "..."
        raise RunError(f"Run {shown!r}: there is no such run, or it was removed; choose one from the list of runs.")

    def delete(self, run: Run) -> None:
        """Stop a run and put it into the trash, from where `restore` brings it back."""
        if run.pretrained:
            raise RunError(f"{run.id} came with the program and stays; only your own runs can be deleted.")
        run.ask_to_stop()
        (self.root / TRASH).mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.replace(run.folder, self.root / TRASH / run.id)

    def restore(self, run_id: str) -> Run:
        """Bring a deleted run back. RunError where the trash does not have it."""
        for folder in _folders(self.root / TRASH):
            if folder.name == run_id:
                os.replace(folder, self.root / run_id)
                return Run(self.root / run_id)
        raise RunError("That run is no longer in the trash: it was removed for good.")

    def empty_trash(self, older_than_s: float = 86_400) -> None:
        """Remove for good what has been in the trash for a day."""
        for folder in _folders(self.root / TRASH):
            if time.time() - folder.stat().st_ctime > older_than_s:
                shutil.rmtree(folder, ignore_errors=True)


def _folders(root: Path) -> list[Path]:
    try:
        return [Path(e.path) for e in os.scandir(root) if e.is_dir(follow_symlinks=False) and e.name[0] != "."]
    except OSError:
        return []
