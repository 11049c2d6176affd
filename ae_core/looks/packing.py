"""Results of looks as tensors alone, as they are kept on disk, and back by the type that the look is annotated with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np
import torch
from torch import Tensor

T = TypeVar("T")
_RECORD = "record"  # all that is no tensor, as MessagePack


def packed(value: Any) -> dict[str, Tensor]:
    """A result made of tensors, arrays, numbers, texts, lists, mappings, named tuples and data classes, as tensors."""
    tensors: dict[str, Tensor] = {}

    def put(part: Any) -> Any:
        if isinstance(part, np.generic):
            return part.item()
        if not isinstance(part, Tensor | np.ndarray):
            raise TypeError(f"{type(part).__name__} cannot be part of a result that is kept on disk.")
        name = str(len(tensors))
        tensors[name] = part if isinstance(part, Tensor) else torch.from_numpy(np.array(part))
        return name

    record = msgspec.msgpack.encode(value, enc_hook=put)
    return {**tensors, _RECORD: torch.frombuffer(bytearray(record), dtype=torch.uint8)}


def unpacked(kind: type[T], tensors: Mapping[str, Tensor]) -> T:
    """The result of type `kind` that these are. ValueError where they are not."""

    def take(wanted: type, name: Any) -> Any:
        found = tensors.get(str(name))
        if found is None:
            raise ValueError(f"tensor {str(name)[:20]!r} is missing")
        return found.numpy() if wanted is np.ndarray else found

    record = tensors.get(_RECORD)
    if record is None:
        raise ValueError("it has no record")
    return msgspec.msgpack.decode(record.numpy().tobytes(), type=kind, dec_hook=take)
