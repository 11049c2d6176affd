"""What a visitor has marked on a latent pad, and the address that brings it back: `?at=0.3,-1.2&pins=0,0;1,1`."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from ae_core.planes import MOST_FURTHER
from ui.address import asked, tell
from ui.components.latent_pad import latent_pad
from ui.latent import Packed

_PAD = "marks_pad"  # session key: the pad that the marks in the address belong to
_START = "marks_start"  # session key: the marks that the pad began with
Point = tuple[float, ...]


class Marks(NamedTuple):
    """The pointer and the pins in coordinates of the (first) map, and the test pictures that were chosen."""

    at: Point | None
    pins: list[Point]
    chosen: np.ndarray  # indices, none where nothing is chosen


def marked_pad(packed: Packed, key: str, n: int) -> Marks:
    """Show a pad of n test pictures and keep its marks in the address; `key` names what is on it."""
    start = _start(key)
    mark = latent_pad(packed, f"pad:{key}", start)
    if mark:
        for name in ("at", "pins", "sliders"):
            tell(name, _text(mark.get(name)))
    return Marks(
        tuple(mark.get("at") or start.get("at") or ()) or None,
        [tuple(pin) for pin in mark.get("pins", start.get("pins", []))],
        _indices(mark.get("chosen"), n),
    )


def _start(key: str) -> dict[str, Any]:
    """The marks to begin with; those of another pad are forgotten unless a new address asks for them."""
    new = {name: asked(name, read) for name, read in _READERS.items()}
    new = {name: value for name, value in new.items() if value is not None}
    before = st.session_state.get(_PAD)
    if before not in (None, key) and not new:
        for name in _READERS:
            tell(name, None)
    if before != key or new:
        st.session_state[_START] = new
    st.session_state[_PAD] = key
    return dict(st.session_state[_START])


def _numbers(text: str, what: str, fewest: int, most: int) -> list[float]:
    try:
        values = [float(part) for part in text[:2000].split(",")]
    except ValueError:
        values = []
    if not fewest <= len(values) <= most or not all(math.isfinite(v) and abs(v) < 1e6 for v in values):
        raise ValueError(f"{what} = {text[:40]!r}: must be {fewest} finite numbers or up to {most}, with commas.")
    return values


def _pins(text: str) -> list[list[float]]:
    return [_numbers(part, "pins", 2, 2) for part in text[:2000].split(";")[:2]]


_READERS: dict[str, Callable[[str], Any]] = {
    "at": lambda text: _numbers(text, "at", 2, 2),
    "pins": _pins,
    "sliders": lambda text: _numbers(text, "sliders", 1, MOST_FURTHER),
}


def _text(values: Any) -> str | None:
    """Numbers with commas; lists of them with semicolons."""
    if not values:
        return None
    if isinstance(values[0], list):
        return ";".join(filter(None, (_text(part) for part in values)))
    return ",".join(f"{value:g}" for value in values)


def _indices(chosen: Any, n: int) -> np.ndarray:
    """Indices of the set bits of a base64 mask of n bits; none where it is not one."""
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(chosen or ""), np.uint8), bitorder="little")
    except (binascii.Error, TypeError, ValueError):
        bits = np.zeros(0, np.uint8)
    return np.flatnonzero(bits[:n]) if len(bits) >= n else np.zeros(0, int)
