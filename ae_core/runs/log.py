"""The log of a run: a line at steps that depend on the recipe only, the same ones however often the training was broken
off.

The train terms of a line are means over the steps since the line before. A checkpoint keeps the sums they are made of,
so a run that went on from it has the same log as one that was not disturbed, line for line; only the seconds are
others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ae_core.durable import Damaged, write_lines

FILE = "metrics.jsonl"
POINTS = 60  # lines with even distances, and as many with growing ones
SUM, COUNTED = "log.sum.", "log.counted"  # names of tensors in a checkpoint


class TrainingLog:
    """Lines that are there, and sums for the next; each line is written with all before it, whole or not at all."""

    def __init__(self, folder: Path, room: Path, lines: list[dict[str, Any]]) -> None:
        self._path, self._room, self.lines = folder / FILE, room, lines
        self._sums: dict[str, float] = {}
        self._counted = 0
        self._kept = len(lines)  # lines that a power cut leaves as they are

    @property
    def loss(self) -> float:
        """The test loss at the last line; 0 before the first."""
        return sum(self.lines[-1]["test"].values()) if self.lines else 0.0

    def cut(self, step: int) -> None:
        """Drop what was logged after `step`."""
        kept = [line for line in self.lines if line["step"] <= step]
        if len(kept) < len(self.lines):
            self.lines, self._kept = kept, len(kept)
            write_lines(self._path, kept, self._room)

    def keep(self) -> None:
        """See to it that a power cut leaves all lines, as before a checkpoint from which training would go on."""
        if self._kept < len(self.lines):
            write_lines(self._path, self.lines, self._room)
            self._kept = len(self.lines)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up the sums of a checkpoint; earlier versions kept none. Damaged where they are not such sums."""
        kept = {name: value for name, value in tensors.items() if name.startswith("log.")}
        single = all(value.numel() == 1 and value.dtype == torch.float64 for value in kept.values())
        counted = int(kept.pop(COUNTED, torch.tensor(0.0)).sum())
        if not single or counted < bool(kept):
            raise Damaged(f"The sums of the log of {self._path.parent.name} are no such sums; train it again.")
        self._counted, self._sums = counted, {name.removeprefix(SUM): value.item() for name, value in kept.items()}

    def state(self) -> dict[str, Tensor]:
        """The sums as tensors for a checkpoint, exact."""
        sums = {f"{SUM}{name}": value for name, value in self._sums.items()}
        return {
            name: torch.tensor(value, dtype=torch.float64) for name, value in {**sums, COUNTED: self._counted}.items()
        }

    def count(self, losses: Mapping[str, float]) -> None:
        """Add the loss terms of a step."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._counted += 1

    def write(self, step: int, epoch: int, seconds: float, test: dict[str, float]) -> None:
        """Add the line of a step, unless it holds NaN or Inf; OSError where the disk refuses, and nothing has changed
        then.
        """
        trained = {name: total / self._counted for name, total in self._sums.items()}
        if all(map(math.isfinite, [*test.values(), *trained.values()])):
            line = {"step": step, "epoch": epoch, "seconds": seconds, "train": trained, "test": test}
            write_lines(self._path, [*self.lines, line], self._room, lasting=False)
            self.lines.append(line)
        self._sums, self._counted = {}, 0
