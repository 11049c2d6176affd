"""Numbers on their way to the browser: one bytes value of a JSON header and the arrays it points to."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

KINDS = {
    np.dtype(np.float16): "f2",
    np.dtype(np.float32): "f4",
    np.dtype(np.uint8): "u1",
    np.dtype(np.int32): "i4",
}


class Packer:
    """Collects arrays; each `add` returns what the header says about it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def copy(self) -> Packer:
        """Another one with the same arrays; what is added to it stays out of this one."""
        other = Packer()
        other._parts, other._size = [*self._parts], self._size
        return other

    def add(self, array: np.ndarray) -> dict[str, Any]:
        """Append a float32, int32 or uint8 array; returns {"offset", "length", "kind"}, offset in bytes.

        Numbers that lose nothing by it travel as float16, half as long: the weights and codes of shipped runs are such.
        """
        if array.dtype == np.float32:
            with np.errstate(over="ignore"):
                half = array.astype(np.float16)
            array = half if np.array_equal(half, array) else array
        return self._append(np.ascontiguousarray(array).tobytes(), int(array.size), KINDS[array.dtype])

    def add_pictures(self, array: np.ndarray) -> dict[str, Any]:
        """Append uint8 pictures, deflated (RFC 1950), as the decoded ones are mostly black; "length" counts the deflated bytes."""
        data = zlib.compress(np.ascontiguousarray(array, dtype=np.uint8).tobytes())
        return self._append(data, len(data), "z1")

    def _append(self, data: bytes, length: int, kind: str) -> dict[str, Any]:
        entry = {"offset": self._size, "length": length, "kind": kind}
        padded = data + b"\0" * (-len(data) % 4)
        self._parts.append(padded)
        self._size += len(padded)
        return entry

    def pack(self, header: Mapping[str, Any]) -> bytes:
        """Length of the header (4 bytes, little-endian), header, arrays; the header gets a `version` of all of it."""
        body = b"".join(self._parts)
        version = hashlib.sha256(json.dumps(header, sort_keys=True).encode() + body).hexdigest()[:16]
        text = json.dumps({**header, "version": version}).encode()
        text += b" " * (-(4 + len(text)) % 4)  # keeps the float32 aligned
        return struct.pack("<I", len(text)) + text + body
