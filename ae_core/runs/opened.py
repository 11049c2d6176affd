"""An opened run: recipe, model, weights and data set together, as looks take it."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ae_core.datasets import Dataset, DatasetError
from ae_core.models import Autoencoder
from ae_core.runs.checkpoints import Checkpoint
from ae_core.runs.file_state import until_written
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run, RunError


@dataclass(frozen=True, eq=False)
class Opened:
    """A run with its newest weights; nobody may change them. Made by `opened`."""

    run: Run
    recipe: Recipe
    model: Autoencoder  # in eval mode, on the processor
    checkpoint: Checkpoint

    @property
    def id(self) -> str:
        """Name of the run."""
        return self.run.id

    @property
    def data(self) -> Dataset:
        """The entry of the data set it learned from."""
        return self.recipe.data

    @property
    def identity(self) -> str:
        """What tells it from every other one: its weights, its recipe and the pictures, where they are here."""
        try:
            pictures = self.data.identity
        except DatasetError:
            pictures = self.recipe.dataset
        return f"{self._own} {pictures}"

    @functools.cached_property
    def _own(self) -> str:
        text = json.dumps([self.recipe.to_json(), self.checkpoint.sha256, self.model.progress], allow_nan=False)
        return f"{self.id} {hashlib.sha256(text.encode()).hexdigest()}"

    def __reduce__(self) -> tuple[type[Closed], tuple[Any, ...]]:
        """It travels closed."""
        return Closed, (self.run.folder, self.run.pretrained, self.checkpoint.sha256)


@dataclass(frozen=True)
class Closed:
    """What is left of an opened run on its way to another process: the folder, and the SHA-256 of the weights."""

    folder: Path
    pretrained: bool
    weights: str

    def open(self) -> Opened:
        """The run again. RunError where it is not there any more, or has other weights by now."""
        found = opened(Run(self.folder, self.pretrained))
        if found.checkpoint.sha256 != self.weights:
            raise RunError(
                f"{found.id} was trained further meanwhile: its weights are others now; open the page again."
            )
        return found


@until_written("run.json", "manifest.json", most=32)
def opened(run: Run) -> Opened:
    """A run with its newest weights, the same for everybody until there are newer ones. RunError where it cannot be
    opened.
    """
    model, checkpoint = run.load()
    return Opened(run, run.recipe(), model, checkpoint)
