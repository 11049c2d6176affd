"""What packing.py wrote, read again independently of the browser's script."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

KINDS = {"f2": np.float16, "f4": np.float32, "u1": np.uint8, "i4": np.int32}


def head(data: bytes) -> dict[str, Any]:
    """The header alone: it says of every array where its numbers lie."""
    return json.loads(data[4 : _begin(data)])


def array(data: bytes, entry: Mapping[str, Any]) -> np.ndarray:
    """The numbers that an entry of the header points to; of deflated pictures their bytes."""
    offset, length, kind = entry["offset"], entry["length"], entry["kind"]
    start = _begin(data) + offset
    if kind == "z1":
        return np.frombuffer(zlib.decompress(data[start : start + length]), np.uint8)
    return np.frombuffer(data, KINDS[kind], length, start)


def unpacked(data: bytes) -> dict[str, Any]:
    """The header, every entry in it replaced by its array."""

    def resolve(value: Any) -> Any:
        match value:
            case {"offset": _, "length": _, "kind": _}:
                return array(data, value)
            case dict():
                return {key: resolve(part) for key, part in value.items()}
            case list():
                return [resolve(part) for part in value]
        return value

    return {key: resolve(value) for key, value in head(data).items()}


def _begin(data: bytes) -> int:
    """Where the arrays begin: behind the length of the header and the header."""
    return 4 + int.from_bytes(data[:4], "little")
