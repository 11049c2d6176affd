"""Keys of looks: what was asked of which weights and pictures, as text that is also a file name.

A key is made of the name of the look, of the source of this package, and of everything that is asked: of a thing with
an `identity` (an opened run, a data set, a recipe, a file that was brought along) that, of everything else its value.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import ae_core


@functools.cache
def source() -> str:
    """SHA-256 of all files of this package: what an earlier version of it computed is not shown."""
    found, folder = hashlib.sha256(), Path(ae_core.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


def key(name: str, asked: Mapping[str, Any]) -> str:
    """The key of a look and what it is asked. TypeError where that holds something that has no plain value."""
    found = hashlib.sha256(f"{source()} {name}".encode())
    _add(found, asked)
    return f"{name.rpartition('.')[2][:20]}-{found.hexdigest()[:32]}"


def _add(found: hashlib._Hash, value: Any) -> None:
    """Add a value with its kind and its size, so that no two different ones look alike."""
    if hasattr(type(value), "identity"):
        value = (type(value).__qualname__, value.identity)
    if isinstance(value, Tensor | np.ndarray):
        array = np.ascontiguousarray(value.detach().numpy() if isinstance(value, Tensor) else value)
        found.update(f"{type(value).__name__} {array.dtype.str} {array.shape} ".encode())
        found.update(array.data)
    elif isinstance(value, str | bytes):
        found.update(f"{type(value).__name__} {len(value)} ".encode())
        found.update(value.encode() if isinstance(value, str) else value)
    elif value is None or isinstance(value, bool | int | float):
        found.update(f"{type(value).__name__} {value!r} ".encode())
    else:
        parts = _parts(value)
        found.update(f"{type(value).__qualname__} {len(parts)} ".encode())
        for part in parts:
            _add(found, part)


def _parts(value: Any) -> list[Any]:
    """What a list, a mapping or a frozen record consists of."""
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, Mapping):
        return [part for name in sorted(value) for part in (name, value[name])]
    if dataclasses.is_dataclass(value) and getattr(type(value), "__dataclass_params__").frozen:  # noqa: B009
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    raise TypeError(
        f"{type(value).__name__} cannot be asked of a look: it must be a number, a text, a tensor, a frozen record, or "
        "something with an identity."
    )
