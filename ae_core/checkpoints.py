"""Weights on disk: `weights-000012.safetensors` per step kept, and a manifest with their SHA-256, written last.

A checkpoint that is not in the manifest does not exist. The two newest and the best are kept. Reading takes the newest
that is whole and falls back to the one before. File names are made from step numbers, never read from a record.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn
from torch.optim import Optimizer

from ae_core.durable import Damaged, read_json, write_bytes, write_json

MANIFEST = "manifest.json"
LARGEST = 256 << 20  # bytes: 20 million parameters with two moments each
LARGEST_HEADER = 1 << 20
MOMENTS = {  # what each optimiser remembers of every parameter
    "Adam": ("exp_avg", "exp_avg_sq"),
    "AdamW": ("exp_avg", "exp_avg_sq"),
    "RMSprop": ("square_avg",),
    "Adadelta": ("square_avg", "acc_delta"),
}
STEP = "step"  # how often a parameter was updated; fewer times than others where it rested for a while


@dataclass(frozen=True)
class Checkpoint:
    """One line of the manifest: where training stood, the test loss there, and what the file must be."""

    step: int
    epoch: int
    loss: float
    sha256: str
    bytes: int

    @property
    def file(self) -> str:
        """Name of the weights file inside the run folder."""
        return f"weights-{self.step:06d}.safetensors"


def save(folder: Path, tensors: Mapping[str, Tensor], step: int, epoch: int, loss: float) -> None:
    """Add a checkpoint to a run folder and drop those no longer kept. OSError where the disk refuses."""
    data = save_tensors({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    made = Checkpoint(step, epoch, loss, hashlib.sha256(data).hexdigest(), len(data))
    before = manifest(folder)
    write_bytes(folder / made.file, data)
    entries = [*(old for old in before if old.step < step), made]  # what lies ahead was found damaged
    best = min(entries, key=lambda entry: entry.loss)
    kept = [entry for entry in entries if entry in (best, *entries[-2:])]
    write_json(folder / MANIFEST, {"format": 1, "checkpoints": [asdict(entry) for entry in kept]})
    for old in {entry.file for entry in (*before, made)} - {entry.file for entry in kept}:
        with contextlib.suppress(OSError):
            (folder / old).unlink()


def manifest(folder: Path) -> list[Checkpoint]:
    """The checkpoints of a run folder, oldest first; none where there is no manifest or it cannot be read."""
    path = folder / MANIFEST
    try:
        found = path.stat()
        return list(_entries(path, found.st_ino, found.st_size, found.st_mtime_ns))
    except (OSError, Damaged, KeyError, TypeError, ValueError, OverflowError):
        return []


@functools.lru_cache(maxsize=512)  # pages ask many times; a manifest is replaced as a whole, so it is another file then
def _entries(path: Path, inode: int, size: int, written: int) -> tuple[Checkpoint, ...]:
    return tuple(map(_entry, read_json(path)["checkpoints"]))


def _entry(record: dict[str, Any]) -> Checkpoint:
    loss, digest = float(record["loss"]), str(record["sha256"])
    return Checkpoint(int(record["step"]), int(record["epoch"]), loss, digest, int(record["bytes"]))


def newest(folder: Path) -> tuple[Checkpoint, dict[str, Tensor]]:
    """The newest whole checkpoint and its tensors.

    Raises
        Damaged: where no checkpoint of the manifest is what it should be, or there is none.
    """
    reason = "no weights have been written yet; wait or train it again"
    for entry in reversed(manifest(folder)):
        try:
            return entry, read_tensors(folder / entry.file, entry)
        except Damaged as damage:
            reason = str(damage)
    raise Damaged(f"{folder.name} cannot be opened: {reason}")


def read_tensors(path: Path, entry: Checkpoint | None = None) -> dict[str, Tensor]:
    """Tensors of a safetensors file, read as a whole (never memory-mapped, a replaced file would kill the process).

    Raises
        Damaged: where the file is absent, too large, differs from `entry`, or is not safetensors with finite values.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read ({error.strerror}); restore it or train again.") from error
    if entry and (len(data) != entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256):
        raise Damaged(f"{path.name} differs from its checksum; restore it or train again.")
    if len(data) > LARGEST or int.from_bytes(data[:8], "little") > LARGEST_HEADER:
        raise Damaged(f"{path.name} is not a checkpoint: at most 256 MiB with a header of 1 MiB are read.")
    try:
        tensors = load_tensors(data)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise Damaged(f"{path.name} is not a safetensors file; only such files are opened.") from error
    for name, value in tensors.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise Damaged(f"{path.name} holds numbers that are not finite, in {name}; train again.")
    return tensors


def newest_bytes(folder: Path) -> bytes:
    """The newest whole weights file of a run folder, byte by byte. Damaged where there is none."""
    entry, _ = newest(folder)
    return (folder / entry.file).read_bytes()


def training_state(model: nn.Module, optimiser: Optimizer) -> dict[str, Tensor]:
    """Everything that training needs to go on: weights and the moments of the optimiser, by name."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for moment in (*MOMENTS[type(optimiser).__name__], STEP):
            if moment in optimiser.state[parameter]:
                tensors[f"optimiser.{name}.{moment}"] = optimiser.state[parameter][moment]
    return tensors


def load_model(model: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Copy weights into `model`; Damaged, and nothing changed, where a name or shape does not fit."""
    own = model.state_dict()
    given = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    if {n: v.shape for n, v in given.items()} != {n: v.shape for n, v in own.items()}:
        wrong = next(n for n in {**own, **given} if n not in own or n not in given or own[n].shape != given[n].shape)
        raise Damaged(f"The weights of {source} do not fit its recipe, in {wrong}; train it again.")
    model.load_state_dict(given)


def load_optimiser(model: nn.Module, optimiser: Optimizer, tensors: Mapping[str, Tensor], step: int) -> None:
    """Give a fresh optimiser the moments it had after `step` steps; left fresh where they were not kept."""
    for name, parameter in model.named_parameters():
        moments = {moment: tensors.get(f"optimiser.{name}.{moment}") for moment in MOMENTS[type(optimiser).__name__]}
        if all(value is not None and value.shape == parameter.shape for value in moments.values()):
            state = {k: torch.empty_like(parameter.detach()).copy_(v) for k, v in moments.items() if v is not None}
            updates = tensors.get(f"optimiser.{name}.{STEP}", torch.tensor(float(step))).reshape(())
            optimiser.state[parameter] = {STEP: updates.clone().to(parameter.device), **state}
