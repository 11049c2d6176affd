"""What packing.py wrote, read again independently of the browser's script."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np

KINDS = {"f2": np.float16, "f4": np.float32, "u1": np.uint8, "i4": np.int32}


def unpacked(data: bytes) -> Any:
    """The header, every reference in it replaced by its array (deflated pictures: by their bytes as uint8)."""
    begin = 4 + int.from_bytes(data[:4], "little")

    def resolve(value: Any) -> Any:
        match value:
            case {"offset": offset, "length": length, "kind": "z1"}:
                inflated = zlib.decompress(data[begin + offset : begin + offset + length])
                return np.frombuffer(inflated, np.uint8)
            case {"offset": offset, "length": length, "kind": kind}:
                return np.frombuffer(data, KINDS[kind], length, begin + offset)
            case dict():
                return {key: resolve(part) for key, part in value.items()}
            case list():
                return [resolve(part) for part in value]
        return value

    return resolve(json.loads(data[4:begin]))
