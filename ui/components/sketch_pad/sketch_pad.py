"""The sketch pad: draw, erase, damage, clear; or start from a test picture. What is drawn comes back while it
is drawn.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui.components.shared.files import texts
from ui.components.shared.modules import script

GRID = 112  # grey values on a side of the sheet, about


@dataclass(frozen=True)
class Drawing:
    """What is on the sheet: light ink on dark, k x k grey values for each pixel of the network's picture."""

    ink: np.ndarray  # (k * height, k * width) float32 in [0, 1]
    whole_picture: bool  # it began as a picture of the data set: its place and size are right already
    example: int  # which of the examples it began as; -1: none of them
    done: bool  # the brush is lifted


def fineness(height: int, width: int) -> int:
    """k: how many grey values of the sheet stand for one pixel of a picture, along each side."""
    return max(2, round(GRID / max(height, width)))


def sketch_pad(key: str, examples: np.ndarray, names: list[str], restore: np.ndarray | None = None) -> None:
    """Show the sheet. Examples (n, height, width) uint8 are pictures to start from; `restore` (height, width) is on it
    first.

    What is drawn is read by `drawing`, before or after this call.
    """
    _component()(key=key, data=_payload(examples, names, restore), on_drawing_change=_nothing)


def _payload(examples: np.ndarray, names: list[str], restore: np.ndarray | None) -> dict[str, Any]:
    height, width = examples.shape[1:]
    digest = hashlib.sha256(examples.tobytes() + (b"" if restore is None else restore.tobytes())).hexdigest()
    return {
        "version": f"{height}x{width}-{digest[:16]}",
        "height": height,
        "width": width,
        "k": fineness(height, width),
        "examples": [
            {"pixels": base64.b64encode(picture.tobytes()).decode(), "name": name}
            for picture, name in zip(examples, names, strict=True)
        ],
        "restore": None if restore is None else base64.b64encode(restore.tobytes()).decode(),
    }


def _component() -> ComponentRenderer:
    html, slider, css = texts(__file__, "sketch_pad.html", "slider.css", "sketch_pad.css")
    js = script(__file__, "sketch_pad.js")
    return st.components.v2.component("sketch_pad", html=html, css=slider + css, js=js)


def _nothing() -> None:
    """Streamlit keeps a component's value only where somebody asks to be told of its changes."""


def drawing(key: str, height: int, width: int) -> Drawing | None:
    """What the visitor has on the sheet of a picture (height, width); None before anything, or where it cannot
    be read.
    """
    state = st.session_state.get(key)
    return read_drawing(state.get("drawing") if isinstance(state, Mapping) else None, height, width)


def read_drawing(sent: Any, height: int, width: int) -> Drawing | None:
    """What the browser sent, checked: nothing in it is believed. None where it is not a drawing of that size."""
    k = fineness(height, width)
    size = [k * height, k * width]
    match sent:
        case {"ink": str(text), "size": sizes, "origin": origin, "picture": int(example), "done": done}:
            values = _unpacked(text, size[0] * size[1]) if sizes == size else None
            if values is not None:
                ink = values.reshape(size).astype(np.float32) / 255
                return Drawing(ink, origin == "picture", example, done is True)
    return None


def _unpacked(text: str, n: int) -> np.ndarray | None:
    """Grey values (n,) uint8 of runs (count, value) in base64; None where they are not exactly n."""
    if len(text) > 8 * n:
        return None
    try:
        runs = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except ValueError:
        return None
    if len(runs) % 2 or int(runs[::2].sum(dtype=np.int64)) != n:
        return None
    return np.repeat(runs[1::2], runs[::2])
