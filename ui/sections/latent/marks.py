"""What a visitor has marked on a latent pad, and the address that brings it back:
`?at=0.3,-1.2&pins=0,0;1,1&classes=3,5`.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from ae_core.space.planes import MOST_FURTHER
from ui.components.latent_pad.latent_pad import latent_pad
from ui.components.shared.packing import Packed
from ui.controls.address import asked, tell
from ui.controls.address_bytes import packed, unpacked

_PAD = "marks_pad"  # session key: the pad and the dots that the marks in the address belong to
_START = "marks_start"  # session key: the marks that the pad began with
_LAST = "marks_last"  # session key: the marks of the dots as they are now
OF_PLACE, OF_DOTS = ("at", "pins", "sliders"), ("chosen", "classes")  # meant for one map; for the dots of any map
LONGEST = 1500  # characters of the chosen dots in an address; a link must stay one that mail and chat take
Point = tuple[float, ...]


class Marks(NamedTuple):
    """The pointer and the pins in coordinates of the (first) map, and the test pictures that were chosen."""

    at: Point | None
    pins: list[Point]
    chosen: np.ndarray  # indices, none where nothing is chosen
    three: tuple[int, int, int] | None  # the pictures that the visitor wants a plane through


def marked_pad(content: Packed, key: str, n: int) -> Marks:
    """Show a pad of n test pictures and keep its marks in the address; `key` names what is on it."""
    start = _start(key, f"{key.partition(':')[0]}:{n}", n)
    mark = latent_pad(content, f"pad:{key}", start)
    if mark:
        for name in OF_PLACE:
            tell(name, _text(mark.get(name)))
        tell("classes", _text(mark.get("classes")))
        tell("chosen", _short(mark.get("chosen")))
    now = mark or start
    st.session_state[_LAST] = {name: now.get(name) for name in OF_DOTS if now.get(name)}
    return Marks(
        tuple(mark.get("at") or start.get("at") or ()) or None,
        [tuple(pin) for pin in mark.get("pins", start.get("pins", []))],
        _indices(now.get("chosen"), n),
        _three(mark.get("three"), n),
    )


def _start(key: str, dots: str, n: int) -> dict[str, Any]:
    """The marks to begin with. Those of another map are forgotten unless a new address asks for them; chosen dots and
    classes stay while the dots stand for the same pictures."""
    new = {name: asked(name, read) for name, read in _readers(n).items()}
    new = {name: value for name, value in new.items() if value is not None}
    before, dots_before = st.session_state.get(_PAD, (None, None))
    same_dots = dots_before == dots
    if before not in (None, key) and not new:
        for name in (*OF_PLACE, *(() if same_dots else OF_DOTS)):
            tell(name, None)
    if before != key or new:
        begun = (st.session_state.get(_LAST, {}) if same_dots else {}) | new
        st.session_state[_START] = begun
        tell("classes", _text(begun.get("classes")))
        tell("chosen", _short(begun.get("chosen")))
    st.session_state[_PAD] = (key, dots)
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


def _classes(text: str) -> list[int]:
    values = _numbers(text, "classes", 1, 256)
    if not all(v == int(v) and 0 <= v < 256 for v in values):
        raise ValueError(f"classes = {text[:40]!r}: must be numbers of classes, from 0, with commas.")
    return sorted({int(v) for v in values})


def _readers(n: int) -> dict[str, Callable[[str], Any]]:
    """By the name in the address: a text becomes a mark, or a ValueError says why not."""
    return {
        "at": lambda text: _numbers(text, "at", 2, 2),
        "pins": _pins,
        "sliders": lambda text: _numbers(text, "sliders", 1, MOST_FURTHER),
        "classes": _classes,
        "chosen": lambda text: _mask(text, n),
    }


def _text(values: Any) -> str | None:
    """Numbers with commas; lists of them with semicolons."""
    if not values:
        return None
    if isinstance(values[0], list):
        return ";".join(filter(None, (_text(part) for part in values)))
    return ",".join(f"{value:g}" for value in values)


def _short(mask: Any) -> str | None:
    """A base64 mask of dots as a text for the address; None where there is none, or it is too long for one."""
    try:
        text = packed(base64.b64decode(mask or ""))
    except (TypeError, ValueError):
        return None
    return text if mask and len(text) <= LONGEST else None


def _mask(text: str, n: int) -> str:
    """The base64 mask of n dots that `_short` made a text of. ValueError where it is none."""
    try:
        return base64.b64encode(unpacked(text, (n + 7) // 8, LONGEST)).decode()
    except ValueError:
        raise ValueError(f"chosen = {text[:20]!r}: must be dots of this map, as chosen here.") from None


def _indices(chosen: Any, n: int) -> np.ndarray:
    """Indices of the set bits of a base64 mask of n bits; none where it is not one."""
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(chosen or ""), np.uint8), bitorder="little")
    except (binascii.Error, TypeError, ValueError):
        bits = np.zeros(0, np.uint8)
    return np.flatnonzero(bits[:n]) if len(bits) >= n else np.zeros(0, int)


def _three(sent: Any, n: int) -> tuple[int, int, int] | None:
    match sent:
        case [int(a), int(b), int(c)] if all(0 <= one < n for one in (a, b, c)):
            return a, b, c
    return None
