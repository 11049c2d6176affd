"""Numbers on their way to the browser: safetensors, whose metadata hold a header of plain values that names the arrays.

{"points": {"tensor": "0"}, "tiles": {"deflated": "1"}, "title": "plain", "version": "0123456789abcdef"}
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save

from ae_core.export.dense import Dense

FORM = 2  # of packed bytes; a browser keeps some by an address, which must be another one when this changes
TENSOR, DEFLATED = "tensor", "deflated"  # how the header names an array, and bytes that must be inflated first


class Packer:
    """Collects arrays; each `add` returns what the header says about it."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def copy(self) -> Packer:
        """Another one with the same arrays; what is added to it stays out of this one."""
        other = Packer()
        other._arrays = {**self._arrays}
        return other

    def add(self, array: np.ndarray) -> dict[str, str]:
        """Take a copy of a float32, int32 or uint8 array; returns its name as the header says it.

        Numbers that lose nothing by it travel as float16, half as long: the weights and codes of shipped runs are such.
        """
        if array.dtype == np.float32:
            with np.errstate(over="ignore"):
                half = array.astype(np.float16)
            array = half if np.array_equal(half, array) else array
        return self._named(TENSOR, array)

    def add_pictures(self, array: np.ndarray) -> dict[str, str]:
        """Take uint8 pictures, deflated (RFC 1950), as the decoded ones are mostly black."""
        data = zlib.compress(np.ascontiguousarray(array, dtype=np.uint8).data)
        return self._named(DEFLATED, np.frombuffer(data, np.uint8))

    def _named(self, kind: str, array: np.ndarray) -> dict[str, str]:
        name = str(len(self._arrays))
        self._arrays[name] = np.array(array, order="C")
        return {kind: name}

    def pack(self, header: Mapping[str, Any]) -> bytes:
        """Header and arrays in one; the header gets a `version` of all of it.

        safetensors sorts the arrays by the size of their numbers, so each begins where the browser can read it.
        """
        content = hashlib.sha256(json.dumps(header, sort_keys=True, allow_nan=False).encode())
        for array in self._arrays.values():
            content.update(array.data)
        text = json.dumps({**header, "version": content.hexdigest()[:16]}, allow_nan=False)
        return save(self._arrays, {"header": text})


Packed = tuple[dict[str, Any], Packer]  # what a component is sent: plain values, and arrays beside them


def packed_layers(packer: Packer, layers: list[Dense]) -> list[dict[str, Any]]:
    """What a header says about layers whose numbers travel in `packer`."""
    return [
        {
            "weight": packer.add(w.detach().float().numpy()),
            "bias": packer.add(b.detach().float().numpy()),
            "activation": activation,
        }
        for w, b, activation in layers
    ]
