"""The files that MNIST came in: a header of sizes, then a byte a value. Mapped, so that all processes share them."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

BYTES = 0x0800  # what such a file begins with; the number of its axes is added


def read_idx(path: Path, axes: int) -> Tensor:
    """The values of a file, uint8 with so many axes. The file is mapped: nothing is copied, and whoever wrote to it
    would change a page of this process alone. Where only `path`.gz is there, that is unpacked into memory.

    Raises
        OSError: where neither can be read.
        ValueError: for a file of another kind, or of another length than its header says.
    """
    data = _mapped(path) if path.is_file() else _unpacked(path.with_name(f"{path.name}.gz"))
    head = 4 * (axes + 1)
    begins, *sizes = struct.unpack(f">{axes + 1}I", bytes(data[:head]).ljust(head, b"\0"))
    if begins != BYTES + axes:
        raise ValueError(f"{path.name} begins with {begins:08x} instead of {BYTES + axes:08x}")
    if len(data) != head + math.prod(sizes):
        raise ValueError(f"{path.name} has {len(data):,} bytes instead of {head + math.prod(sizes):,}")
    return torch.from_numpy(data[head:].reshape(sizes))


def _mapped(path: Path) -> np.ndarray:
    if not path.stat().st_size:
        raise ValueError(f"{path.name} is empty")
    return np.memmap(path, np.uint8, "c")  # "r" would be a crash for who writes, and a warning of torch for all others


def _unpacked(path: Path) -> np.ndarray:
    try:
        return np.frombuffer(bytearray(gzip.decompress(path.read_bytes())), np.uint8)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} cannot be unpacked: {error}") from error
