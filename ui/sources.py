"""Where a picture comes from: the test split, the visitor's hand, or a file the visitor brings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.exploration import as_bytes, one_of_each
from ae_core.fitting import FITS, crop_box, dark_on_light, fitted, on_dark, with_channels
from ae_core.models.base import Shape
from ae_core.own_pictures import KINDS, PictureError, Upload, read_upload
from ae_core.slices import EachPicture
from ui.frame import note
from ui.pick import number, pick
from ui.pictures import Tile, tiles
from ui.sketching import sketched

SOURCES = {"test": "Test picture", "drawing": "Draw", "upload": "Upload"}
NUMBERED = 50  # test pictures to choose from
SHOWN_FIRST = 4  # of them, until something is drawn or brought along
_SHAPED = "_uploaded_shaped"  # session key: what the zip, the data set and the shaping were, and the pictures
_UPLOADED = "_uploaded"  # session key: digest of the file, and what was in it


@dataclass(frozen=True)
class Source:
    """One picture and where it is from."""

    x: Tensor  # (1, channels, height, width)
    words: str  # for the line below the pictures
    alt: str
    dials: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)  # that choose it, for `ui.live`


def pick_source(data: Dataset) -> Source | None:
    """Let the visitor choose a picture of the shape of `data`; None while there is none yet."""
    how = pick("Picture from", SOURCES, "source", widget=st.segmented_control, required=True)
    if how != "test":
        return picked(data, how)
    return replace(of_test(data, number("Test picture", 1, NUMBERED, "picture")), dials={"picture": int})


def of_test(data: Dataset, which: int) -> Source:
    """A test picture, from 1 to `NUMBERED`; the classes take turns."""
    test = data.load().test
    chosen = one_of_each(test.labels[:1000], NUMBERED)
    index = int(chosen[min(which, len(chosen)) - 1])
    name = data.classes[int(test.labels[index])]
    return Source(
        test.images[index : index + 1],
        f"test picture {index}, class {name}",
        f"Test picture of class {name}",
    )


def until_then(data: Dataset, what: str) -> Source:
    """Say what a visitor can do here, and give the test picture that stands in until it is done."""
    st.info(f"{what} Until then, a test picture stands here.", icon=":material/draw:")
    return of_test(data, SHOWN_FIRST)


def picked(data: Dataset, how: str) -> Source | None:
    """The visitor's `drawing` or `upload`; None while there is none yet."""
    if how == "upload":
        return uploaded(data)
    x = sketched(data, "sketch")
    return None if x is None else Source(x, "your drawing", "Your drawing")


def uploaded(data: Dataset) -> Source | None:
    """A picture from a file, turned to the shape of `data`; the crop is shown. None while there is none."""
    upload = opened("upload")
    if upload is None:
        note("PNG, JPEG, WebP, BMP, GIF, or a zip of such; 20 MB, 16 megapixels. It stays in memory, for you alone.")
        return None
    k = 0
    if len(upload.pictures) > 1:
        k = st.slider("Picture of the zip", 1, len(upload.pictures), 1, key="upload_picture") - 1
    if upload.skipped:
        note(f"{upload.skipped:,} other files in the zip are no such pictures and were left out.")
    x = _shaped(upload.pictures[k], data)
    return Source(x, "your picture", "Your picture, as the network sees it")


def all_uploaded(data: Dataset) -> EachPicture | None:
    """Every picture of the zip that is open, shaped (channels, height, width) as the one on screen, in slices of time.

    The same while file, data set and shaping stay the same; None without a zip.
    """
    found = _zip()
    if found is None:
        return None
    digest, pictures = found
    key = (digest, data.name, st.session_state["fit"], st.session_state["invert"])
    if st.session_state.get(_SHAPED, ("",))[0] != key:
        st.session_state[_SHAPED] = (key, EachPicture(pictures, lambda picture: _turned(picture, data, *key[2:])[0][0]))
    return st.session_state[_SHAPED][1]


def uploaded_together(data: Dataset, most: int) -> Source | None:
    """The picture of the zip that is on screen and those after it, `most` in all; None where there is no more than one."""
    found = _zip()
    if found is None or len(found[1]) == 1:
        return None
    pictures, how, invert = found[1], st.session_state["fit"], st.session_state["invert"]
    first = min(st.session_state["upload_picture"] - 1, max(0, len(pictures) - most))
    last = min(first + most, len(pictures))
    shown = torch.cat([_turned(picture, data, how, invert)[0] for picture in pictures[first:last]])
    return Source(shown, f"your pictures {first + 1} to {last} of {len(pictures):,}", "Your pictures")


def _zip() -> tuple[str, tuple[np.ndarray, ...]] | None:
    """Digest and pictures of the zip that is open."""
    kept = st.session_state.get(f"{_UPLOADED}_upload")
    return (kept[0], kept[1].pictures) if kept and kept[1].whole_set else None


def opened(key: str, kinds: Sequence[str] = KINDS) -> Upload | None:
    """An upload widget, and what was in the file; a file that is not taken is answered with one sentence."""
    file = st.file_uploader("Your picture", type=list(kinds), key=key, label_visibility="collapsed")
    memory = f"{_UPLOADED}_{key}"
    if file is None:
        st.session_state.pop(memory, None)
        return None
    content = file.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    kept = st.session_state.get(memory)
    if kept and kept[0] == digest:
        return kept[1]
    try:
        with st.spinner("Decoding …"):
            upload = read_upload(content)
    except PictureError as error:
        st.error(str(error))
        return None
    st.session_state[memory] = (digest, upload)
    return upload


def _shaped(picture: np.ndarray, data: Dataset) -> Tensor:
    """Controls for how a picture is turned to the data set's shape, with the crop; returns (1, channels, height, width)."""
    titles = FITS if data.framing else {name: text for name, text in FITS.items() if name != "framed"}
    how = pick("Fit", titles, "fit")
    invert = pick(
        "Turn dark and light",
        {"auto": "Automatic", "yes": "Yes", "no": "No"},
        "invert",
        widget=st.segmented_control,
        required=True,
    )
    x, turned = _turned(picture, data, how, invert)
    st.html(
        tiles([
            Tile("Your picture", with_crop(picture, data.shape, how), "Your picture; what is cut off is dimmed"),
            Tile("For the network", np.moveaxis(as_bytes(x[0]).numpy(), 0, -1), "Your picture, as the network sees it"),
        ])
    )  # fmt: skip
    if invert == "auto" and turned:
        note(
            "It looks like dark ink on light paper; the pictures the network knows are light on dark, so it was turned."
        )
    return x


def _turned(picture: np.ndarray, data: Dataset, how: str, invert: str) -> tuple[Tensor, bool]:
    values = with_channels(picture, data.shape[0])
    turned = dark_on_light(values) and on_dark(data) if invert == "auto" else invert == "yes"
    return fitted(values, data, how, turned), turned


def with_crop(picture: np.ndarray, shape: Shape, how: str) -> np.ndarray:
    """The picture in a square, uint8 (side, side, channels), dimmed where it is cut off."""
    height, width, channels = picture.shape
    shown = picture
    if how == "crop":
        top, left, tall, wide = crop_box(height, width, shape)
        shown = (picture * 0.3).astype(np.uint8)
        shown[top : top + tall, left : left + wide] = picture[top : top + tall, left : left + wide]
    side = max(height, width)
    square = np.full((side, side, channels), 128, np.uint8)
    y, x = (side - height) // 2, (side - width) // 2
    square[y : y + height, x : x + width] = shown
    return square
