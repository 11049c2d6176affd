"""A sheet to draw on, joined to a data set: the drawing is framed as its makers would, and kept in the address."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.datasets.choosing import one_of_each
from ae_core.datasets.framing import resized
from ae_core.looks.look import look
from ae_core.pictures.pixels import as_bytes
from ae_core.pictures.shaping import with_channels
from ui.components.sketch_pad.sketch_pad import Drawing, drawing, sketch_pad
from ui.controls.address import not_used
from ui.controls.address_bytes import packed, unpacked
from ui.controls.pick import pick
from ui.results.asking import ask

IN_ADDRESS = "drawn"
_MEMORY = "_sketch"  # session key: what the sheet began with, and what was last put into the address
PLACES = {"centred": "Centred", "sheet": "As drawn"}
_HELP = "The makers of the data set put every picture into the middle, at one size; the network knows no others."
EXAMPLES = 20  # test pictures to start from, at most
GREYS = 15  # the address keeps sixteen grey values


def written(picture: np.ndarray) -> str:
    """A picture (height, width) in [0, 1] as a short text for the address, in sixteen greys."""
    height, width = picture.shape
    values = (picture.clip(0, 1) * GREYS).round().astype(np.uint8).ravel()
    pairs = np.pad(values, (0, len(values) % 2)).reshape(-1, 2)
    return f"{height}x{width}." + packed((pairs[:, 0] << 4 | pairs[:, 1]).astype(np.uint8).tobytes())


def read(text: str, height: int, width: int) -> np.ndarray:
    """The picture (height, width) uint8 that `written` made a text of. ValueError where it is none of that size."""
    size, _, body = text.partition(".")
    wanted = (height * width + 1) // 2
    try:
        if size != f"{height}x{width}":
            raise ValueError
        pairs = unpacked(body, wanted, 4 * wanted)
    except ValueError:
        raise ValueError(f"the drawing {text[:20]!r}: must be one of {height}x{width} pixels, made here.") from None
    values = np.frombuffer(pairs, np.uint8)
    both = np.stack([values >> 4, values & GREYS], 1).ravel()[: height * width]
    return (both * (255 // GREYS)).astype(np.uint8).reshape(height, width)


def sketched(data: Dataset, key: str) -> Tensor | None:
    """Show the sheet; returns the drawing as a picture (1, channels, height, width), None while there is none."""
    channels, height, width = data.shape
    memory: dict[str, Any] = st.session_state.setdefault(_MEMORY, {"began": None, "kept": None})
    restore = _restored(memory, height, width)
    own_key = _sheet_key(key, data, memory)
    made = drawing(own_key, height, width)
    if made is None and memory["kept"] != memory["began"]:  # the sheet was left and is opened anew
        memory["began"] = memory["kept"]
        restore = _restored(memory, height, width)
        own_key = _sheet_key(key, data, memory)
    examples, names = _examples(data)
    sketch_pad(own_key, examples, names, restore)
    placed = (
        data.framing is not None
        and pick("Place and size", PLACES, "place", widget=st.segmented_control, required=True, help=_HELP) == "centred"
    )
    if made is None:
        return None if restore is None else with_channels(restore[..., None], channels)[None]
    picture = _picture(data, made, placed)
    if made.done:
        _keep(memory, picture)
    return picture if made.ink.any() else None


def _sheet_key(key: str, data: Dataset, memory: dict[str, Any]) -> str:
    """A sheet that begins with another picture is another sheet: the browser makes it anew."""
    return f"{key}_{data.name}_{zlib.crc32((memory['began'] or '').encode()):08x}"


def _restored(memory: dict[str, Any], height: int, width: int) -> np.ndarray | None:
    """The picture in the address, or of this visit, that the sheet begins with; a bad one is ignored with a notice."""
    asked = st.query_params.get(IN_ADDRESS)
    if asked is not None and asked != memory["kept"]:
        memory["began"] = memory["kept"] = asked
    elif asked is None and memory["kept"]:
        st.query_params[IN_ADDRESS] = memory["kept"]  # back from another page
    if memory["began"] is None:
        return None
    try:
        return read(memory["began"], height, width)
    except ValueError as error:
        if asked is not None:
            not_used(error)
            del st.query_params[IN_ADDRESS]
        memory["began"] = memory["kept"] = None
        return None


def _keep(memory: dict[str, Any], picture: Tensor) -> None:
    """Put the drawing into the address, or take it out where the sheet is empty."""
    memory["kept"] = written(picture[0].mean(0).numpy()) if picture.any() else None
    if memory["kept"] is None:
        st.query_params.pop(IN_ADDRESS, None)
    elif st.query_params.get(IN_ADDRESS) != memory["kept"]:
        st.query_params[IN_ADDRESS] = memory["kept"]


def _picture(data: Dataset, made: Drawing, placed: bool) -> Tensor:
    """A drawing as the network sees it (1, channels, height, width)."""
    ink = torch.from_numpy(made.ink)
    if placed and not made.whole_picture:
        return data.frame(ink)
    channels, height, width = data.shape
    return resized(ink, height, width).expand(1, channels, height, width)


@look()
def _example_pictures(data: Dataset) -> tuple[np.ndarray, list[str]]:
    test = data.load().test
    chosen = one_of_each(test.labels, min(len(data.classes), EXAMPLES))
    pictures = as_bytes(test.images[chosen].mean(1)).numpy()
    return pictures, [data.classes[label] for label in test.labels[chosen].tolist()]


def _examples(data: Dataset) -> tuple[np.ndarray, list[str]]:
    """A test picture of each class: uint8 (n, height, width), and what they show."""
    return ask(_example_pictures, data)
