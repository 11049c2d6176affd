"""Where the runs are: everybody's own in one folder, the shipped ones in another."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import time
from pathlib import Path

import torch

from ae_core import __version__
from ae_core.durable import sync_folder, write_json
from ae_core.places import PROGRAM, runs_folder
from ae_core.recipe import Recipe
from ae_core.runs import FORMAT, Run, RunError, Status

ROOT = PROGRAM
TRASH = ".trash"
EXAMPLE = "vanilla-digits"  # the shipped run that pages show before anything was trained


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
            sync_folder(self.root)
        except OSError as error:
            for half_made in (aside, run.folder):
                shutil.rmtree(half_made, ignore_errors=True)
            raise RunError(
                f"{self.root} cannot be written ({error.strerror}): runs are kept there; free some space or set AE_RUNS."
            ) from error
        return run

    def listing(self) -> list[Run]:
        """All runs, the newest first, then the pretrained ones by name."""
        own = sorted(_folders(self.root), key=_made, reverse=True)
        shipped = sorted(_folders(self.pretrained)) if self.pretrained else []
        return [Run(folder) for folder in own] + [Run(folder, pretrained=True) for folder in shipped]

    def find(self, run_id: str) -> Run:
        """The run of that id. RunError where the listing has none."""
        for root in (self.root, self.pretrained):
            if root and run_id in _names(root):  # looked up in what is there, never just joined to a path
                return Run(root / run_id, pretrained=root == self.pretrained)
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
        return [e.name for e in os.scandir(root) if e.is_dir(follow_symlinks=False) and e.name[0] != "."]
    except OSError:
        return []
