"""Where the runs are: everybody's own in one folder, the shipped ones in another."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import time
from dataclasses import replace
from pathlib import Path

import torch

from ae_core import __version__
from ae_core.datasets import DATASETS
from ae_core.durable import remove_half_made, sync_folder, unwritable, write_json
from ae_core.places import PROGRAM, runs_folder
from ae_core.runs.claim import evict
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import FORMAT, Run, RunError, Status
from ae_core.training.device import DeviceError, chosen_device

ROOT = PROGRAM
TRASH = ".trash"
DAY_S, MOST_RUNS, MOST_BYTES = 86_400.0, 200, 2 << 30  # what the trash keeps: so long, so many, so much
EXAMPLE = "vanilla-handwriting"  # the shipped run that pages show before anything was trained


def _by_data(folder: Path) -> tuple[int, str]:
    """The place of a pretrained run in the list; its folder is called MODEL-DATASET, and -VARIANT."""
    data = folder.name.partition("-")[2].partition("-")[0]
    return (list(DATASETS).index(data) if data in DATASETS else len(DATASETS), folder.name)


class Store:
    """The folder with everybody's runs, and the read-only one with the pretrained runs."""

    def __init__(self, root: Path, pretrained: Path | None = ROOT / "pretrained") -> None:
        self.root, self.pretrained = root, pretrained

    @classmethod
    def default(cls) -> Store:
        """The folder AE_RUNS, or `runs` beside the program."""
        return cls(runs_folder())

    def create(self, recipe: Recipe, origin: str) -> Run:
        """A new waiting run of a checked recipe; `origin` says who asked: app or command line.

        Raises
            RunError: where the folder cannot be written, or AE_DEVICE asks for what this machine does not have.
        """
        try:
            chosen_device()
        except DeviceError as error:
            raise RunError(str(error)) from error
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
            sync_folder(self.root)
        except OSError as error:
            for half_made in (aside, run.folder):
                shutil.rmtree(half_made, ignore_errors=True)
            raise RunError(
                f"{unwritable(str(self.root), error)}, or set AE_RUNS to another folder: runs are kept there."
            ) from error
        return run

    def listing(self) -> list[Run]:
        """All runs, the newest first, then the pretrained ones: by data set, as these are listed, and by name."""
        own = sorted(_folders(self.root), key=_made, reverse=True)
        shipped = sorted(_folders(self.pretrained), key=_by_data) if self.pretrained else []
        return [Run(folder) for folder in own] + [Run(folder, pretrained=True) for folder in shipped]

    def find(self, run_id: str) -> Run:
        """The run of that id. RunError where the listing has none."""
        for root in (self.root, self.pretrained):
            if root and run_id in _names(root):  # looked up in what is there, never just joined to a path
                return Run(root / run_id, pretrained=root == self.pretrained)
        shown = run_id if len(run_id) <= 60 else run_id[:57] + "..."
        raise RunError(f"Run {shown!r}: there is no such run, or it was removed; choose one from the list of runs.")

    def delete(self, run: Run) -> None:
        """Stop a run and put it into the trash, from where `restore` brings it back; the trash keeps within its limits.

        Whoever trains it has lost it at once: its claim is void, and what it has not saved by now is not kept.
        """
        if run.pretrained:
            raise RunError(f"{run.id} came with the program and stays; only your own runs can be deleted.")
        run.ask_to_stop()
        trash = self.root / TRASH
        trash.mkdir(exist_ok=True)
        if run.folder.exists():
            self._discard(trash / run.id)  # a copy of the same name, deleted before
        with contextlib.suppress(FileNotFoundError):
            os.replace(run.folder, trash / run.id)
            evict(trash / run.id)
            deleted = Run(trash / run.id)
            if (status := deleted.status()).state == "waiting":
                deleted.write_status(replace(status, state="stopped"))
        self.empty_trash(but=run.id)

    def restore(self, run_id: str) -> Run:
        """Bring a deleted run back, trained by nobody. RunError where the trash does not have it, or it cannot be
        moved.
        """
        if run_id not in _names(self.root / TRASH):
            raise RunError("That run is no longer in the trash: it was removed for good.")
        folder = self.root / TRASH / run_id
        try:
            evict(folder)  # by an earlier version, or a process that died in between
            os.replace(folder, self.root / run_id)
        except OSError as error:
            raise RunError(
                f"{run_id} cannot be brought back ({error.strerror}): there may be a run of that name; delete that one "
                "first."
            ) from error
        return Run(self.root / run_id)

    def empty_trash(self, older_than_s: float = DAY_S, but: str = "") -> None:
        """Remove for good what has been in the trash for a day, and the oldest where it holds too much; one run (`but`)
        stays.

        With it goes what killed processes left half made among the runs.
        """
        for folder in (self.root, self.root / TRASH):
            remove_half_made(folder)
        runs, size = 0, 0
        for folder in sorted(_folders(self.root / TRASH), key=_deleted, reverse=True):
            runs, size = runs + 1, size + _bytes(folder)
            old = time.time() - _deleted(folder) > older_than_s
            if folder.name != but and (old or runs > MOST_RUNS or size > MOST_BYTES):
                self._discard(folder)

    def _discard(self, folder: Path) -> None:
        """Remove a folder of the trash for good: first as a whole, then file by file."""
        away = folder.with_name(f".{secrets.token_hex(8)}.part")
        with contextlib.suppress(OSError):
            os.replace(folder, away)
            shutil.rmtree(away, ignore_errors=True)


def _deleted(folder: Path) -> float:
    """When a run was moved to the trash, in seconds since 1970; 0 where it is gone by now."""
    try:
        return folder.stat().st_ctime
    except OSError:
        return 0.0


def _bytes(folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            found += path.lstat().st_size
    return found


def _made(folder: Path) -> int:
    """When a run was made, in nanoseconds: its run.json is written once; 0 where it is gone by now."""
    try:
        return (folder / "run.json").stat().st_mtime_ns
    except OSError:
        return 0


def _folders(root: Path) -> list[Path]:
    return [root / name for name in _names(root)]


def _names(root: Path) -> list[str]:
    try:
        return [
            e.name
            for e in os.scandir(root)
            if e.is_dir(follow_symlinks=False) and e.name[0] != "." and e.name.isprintable()
        ]
    except OSError:
        return []
