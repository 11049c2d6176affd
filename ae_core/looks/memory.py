"""Results of looks, kept in the memory of this process for everybody; nobody may change them.

Who tries is stopped with an error: an array that is kept is read-only, and a tensor one of torch's inference mode.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from cachetools import LRUCache, cached
from torch import Tensor

from ae_core.waits import Line

T = TypeVar("T")
MOST_BYTES = 384 << 20
_RECORD = 64  # bytes that a small object takes, about


@functools.singledispatch
def frozen(value: Any) -> Any:
    """The value, with tensors and arrays that nobody writes to without an error; those inside of records too."""
    if dataclasses.is_dataclass(value) and not hasattr(type(value), "identity"):
        parts = {field.name: frozen(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)  # type: ignore[type-var]
    return value


@frozen.register
def _(value: Tensor) -> Tensor:
    with torch.inference_mode():
        return value if value.is_inference() else value.detach().clone()


@frozen.register
def _(value: np.ndarray) -> np.ndarray:
    value.flags.writeable = False
    return value


@frozen.register
def _(value: tuple) -> tuple[Any, ...]:
    parts = map(frozen, value)
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


@frozen.register
def _(value: list) -> list[Any]:
    return list(map(frozen, value))


@frozen.register
def _(value: dict) -> dict[Any, Any]:
    return {name: frozen(part) for name, part in value.items()}


@functools.singledispatch
def size(value: Any) -> int:
    """Bytes that a result takes, about; what it shares with others of its kind, as an opened run, counts nothing."""
    if hasattr(type(value), "identity") or not hasattr(value, "__dict__") or callable(value):
        return sys.getsizeof(value)
    return size(vars(value))


@size.register(Tensor)
@size.register(np.ndarray)
def _(value: Tensor | np.ndarray) -> int:
    return value.nbytes + _RECORD


@size.register(tuple)
@size.register(list)
def _(value: tuple[Any, ...] | list[Any]) -> int:
    return sum(map(size, value)) + _RECORD


@size.register
def _(value: dict) -> int:
    return sum(map(size, value.values())) + _RECORD * (len(value) + 1)


_line = Line()
_kept: LRUCache[str, Any] = LRUCache(MOST_BYTES, getsizeof=size)


@cached(_kept, key=lambda key, make: key, condition=_line)
def kept(key: str, make: Callable[[], T]) -> T:
    """The result of that key, made by who asks first, while others wait; an error is not kept. What was not asked for
    longest makes room.
    """
    return frozen(make())


def known(key: str) -> bool:
    """Whether there is a result of that key."""
    return key in _kept


def forget() -> None:
    """Drop all results."""
    with _line:
        _kept.clear()
