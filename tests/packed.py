"""What packing.py wrote, read again independently of the browser's script."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import load


def head(data: bytes) -> dict[str, Any]:
    """The header alone: it names every array."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["header"])


def array(data: bytes, entry: Mapping[str, str]) -> np.ndarray:
    """The numbers that the header names there, one after the other; of deflated pictures their bytes."""
    match entry:
        case {"deflated": name}:
            return np.frombuffer(zlib.decompress(load(data)[name]), np.uint8)
        case {"tensor": name}:
            return load(data)[name].ravel()
    raise ValueError(f"{entry} is not the name of an array.")


def unpacked(data: bytes) -> dict[str, Any]:
    """The header, every name of an array in it replaced by the array."""

    def resolve(value: Any) -> Any:
        match value:
            case {"tensor": _} | {"deflated": _}:
                return array(data, value)
            case dict():
                return {key: resolve(part) for key, part in value.items()}
            case list():
                return [resolve(part) for part in value]
        return value

    return {key: resolve(value) for key, value in head(data).items()}
