"""What was computed once, kept on disk beside the runs: safetensors files that are whole or not there, with a checksum.

They are a convenience: every one can be computed again, so the oldest go where they grow too large together.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save as save_tensors
from torch import Tensor

from ae_core.durable import Damaged, remove_half_made, write_bytes
from ae_core.runs.checkpoints import LARGEST_HEADER, read_tensors

FOLDER = ".computed"  # in the runs folder; the listing of runs passes over names with a dot
MOST_BYTES = 512 << 20


def place(root: Path, key: str) -> Path:
    """Where the result of that key is kept in the runs folder `root`, whether it is there or not."""
    return root / FOLDER / f"{key}.safetensors"


def write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Keep tensors at `path`, in one step; the SHA-256 of their bytes stands in the header. OSError where the disk
    refuses.
    """
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    data = save_tensors(plain, {"sha256": _digest(save_tensors(plain))})
    write_bytes(path, data, lasting=False)  # what a power cut leaves half is found by its checksum, and computed again
    _keep_small(path.parent)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors at `path`. Damaged where there are none, or where they are not what was written."""
    try:
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length]) if length <= LARGEST_HEADER else {}
        whole = header["__metadata__"]["sha256"] == _digest(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path.name} cannot be read; it will be computed again.") from error
    if not whole:
        raise Damaged(f"{path.name} differs from its checksum; it will be computed again.")
    return read_tensors(path)


def _digest(data: bytes) -> str:
    """SHA-256 of a safetensors file without its header."""
    return hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()


def _keep_small(folder: Path) -> None:
    """Drop the files that were written longest ago, until all are below MOST_BYTES together, and what is half made."""
    remove_half_made(folder)
    files = []
    for path in folder.glob("*.safetensors"):
        with contextlib.suppress(OSError):
            found = path.stat()
            files.append((found.st_mtime_ns, found.st_size, path))
    total = 0
    for _, size, path in sorted(files, reverse=True):
        total += size
        if total > MOST_BYTES:
            path.unlink(missing_ok=True)
