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

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn
from torch.optim import Optimizer

from ae_core import records
from ae_core.durable import Damaged, read_file, write_bytes, write_json

MANIFEST = "manifest.json"
LARGEST = 256 << 20  # bytes: 20 million parameters with two moments each
LARGEST_HEADER = 1 << 20
MOMENTS = {  # what each optimiser remembers of every parameter
    "Adam": ("exp_avg", "exp_avg_sq"),
    "AdamW": ("exp_avg", "exp_avg_sq"),
    "RMSprop": ("square_avg",),
    "Adadelta": ("square_avg", "acc_delta"),
}
DTYPES = (torch.bool, torch.uint8, torch.int32, torch.int64, torch.float16, torch.float32, torch.float64)
STEP = "step"  # how often a parameter was updated; fewer times than others where it rested for a while


@dataclass(frozen=True)
class Checkpoint:
    """One line of the manifest: where training stood, the test loss there, and what the file must be."""

    step: int
    epoch: int
    loss: float
    sha256: str
    bytes: int
    seconds: float = 0.0  # of training up to there; 0 where an earlier version wrote it

    @property
    def file(self) -> str:
        """Name of the weights file inside the run folder."""
        return f"weights-{self.step:06d}.safetensors"


def save(
    folder: Path,
    tensors: Mapping[str, Tensor],
    step: int,
    epoch: int,
    loss: float,
    seconds: float = 0.0,
    room: Path | None = None,
) -> None:
    """Add a checkpoint to a run folder and drop those no longer kept; `room` is that of the claim on the folder.

    Raises
        OSError: where the disk refuses, or the room has gone because another process has taken the folder over.
    """
    data = save_tensors({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    made = Checkpoint(step, epoch, loss, hashlib.sha256(data).hexdigest(), len(data), seconds)
    before = manifest(folder)
    write_bytes(folder / made.file, data, room)
    entries = [*(old for old in before if old.step < step), made]  # what lies ahead was found damaged
    best = min(entries, key=lambda entry: entry.loss)
    kept = [entry for entry in entries if entry in (best, *entries[-2:])]
    write_json(folder / MANIFEST, {"format": 1, "checkpoints": [asdict(entry) for entry in kept]}, room)
    for old in {path.name for path in folder.glob("weights-*.safetensors")} - {entry.file for entry in kept}:
        with contextlib.suppress(OSError):
            (folder / old).unlink()


def manifest(folder: Path) -> list[Checkpoint]:
    """The checkpoints of a run folder, oldest first; none where there is no manifest or a damaged one."""
    try:
        return whole_manifest(folder)
    except Damaged:
        return []


def whole_manifest(folder: Path) -> list[Checkpoint]:
    """The same; Damaged where there is a manifest that is none."""
    path = folder / MANIFEST
    try:
        found = path.stat()
        return list(_entries(path, found.st_ino, found.st_size, found.st_mtime_ns))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Damaged(
            f"{folder.name}/{MANIFEST} cannot be read ({error.strerror}); restore it or train again."
        ) from error


@functools.lru_cache(maxsize=512)  # pages ask many times; a manifest is replaced as a whole, so it is another file then
def _entries(path: Path, inode: int, size: int, written: int) -> tuple[Checkpoint, ...]:
    record = records.read(path, records.MANIFEST, "restore it or train again")
    known = Checkpoint.__dataclass_fields__
    return tuple(Checkpoint(**{k: v for k, v in entry.items() if k in known}) for entry in record["checkpoints"])


def newest(folder: Path) -> tuple[Checkpoint, dict[str, Tensor]]:
    """The newest whole checkpoint and its tensors.

    Raises
        Damaged: where no checkpoint of the manifest is what it should be, or there is none, or no whole manifest.
    """
    reason = "no weights have been written yet; wait or train it again"
    for entry in reversed(whole_manifest(folder)):
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
        data = read_file(path, LARGEST)
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
    for name, value in sorted(tensors.items()):  # the file is read in any order, and the sentence is to stay
        if value.dtype not in DTYPES:
            kind = str(value.dtype).removeprefix("torch.")
            raise Damaged(
                f"{path.name} holds numbers of the kind {kind}, in {name}: no part of a run does; train again."
            )
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


def load_model(model: nn.Module, tensors: Mapping[str, Tensor], source: str, halves: bool = False) -> None:
    """Copy weights into `model`; Damaged, and nothing changed, where a name, shape or dtype does not fit.

    With `halves`, matrices may be in half precision, as those of shipped runs are.
    """
    own = model.state_dict()
    given = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    for name in {**own, **given}:
        if name not in own or name not in given or own[name].shape != given[name].shape:
            raise Damaged(f"The weights of {source} do not fit its recipe, in {name}; train it again.")
        _require_dtype(name, given[name], own[name].dtype, source, halves and own[name].ndim > 1)
    model.load_state_dict(given)


def _require_dtype(name: str, value: Tensor, wanted: torch.dtype, source: str, or_half: bool = False) -> None:
    if value.dtype != wanted and not (or_half and value.dtype == torch.float16):
        found, right = (str(kind).removeprefix("torch.") for kind in (value.dtype, wanted))
        raise Damaged(f"The weights of {source} are {found} in {name}: they must be {right}; train it again.")


def load_optimiser(
    model: nn.Module, optimiser: Optimizer, tensors: Mapping[str, Tensor], step: int, source: str = "this run"
) -> None:
    """Give a fresh optimiser the moments it had after `step` steps; left fresh where they were not kept.

    Raises
        Damaged: where they are of another dtype than the parameters.
    """
    for name, parameter in model.named_parameters():
        kept = {moment: tensors.get(f"optimiser.{name}.{moment}") for moment in MOMENTS[type(optimiser).__name__]}
        moments = {moment: value for moment, value in kept.items() if value is not None}
        if len(moments) < len(kept) or any(value.shape != parameter.shape for value in moments.values()):
            continue
        for moment, value in moments.items():
            _require_dtype(f"{moment} of {name}", value, parameter.dtype, source)
        state = {moment: torch.empty_like(parameter.detach()).copy_(value) for moment, value in moments.items()}
        updates = tensors.get(f"optimiser.{name}.{STEP}", torch.tensor(float(step))).reshape(-1)[:1]
        _require_dtype(f"{STEP} of {name}", updates, torch.float32, source)
        optimiser.state[parameter] = {STEP: updates.reshape(()).clone().to(parameter.device), **state}
