"""Where a picture comes from: the test split, the visitor's hand, or a file the visitor brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.datasets.choosing import one_of_each
from ae_core.models.base import Shape
from ae_core.pictures.pixels import as_bytes
from ae_core.pictures.shaping import (
    FITS,
    FLAT,
    NEARLY_BLACK,
    around,
    contrast,
    crop_box,
    of_more_contrast,
    on_dark,
    turned,
    with_channels,
)
from ae_core.pictures.upload import KINDS, Upload, left_out_words
from ui.controls import uploads
from ui.controls.pick import number, pick
from ui.controls.sketching import sketched
from ui.figures.frame import note
from ui.figures.pictures import Tile, tiles
from ui.plain import plain
from ui.results.decoding import decoded, forget

SOURCES = {"test": "Test picture", "drawing": "Draw", "upload": "Upload"}
NUMBERED = 50  # test pictures to choose from
SHOWN_FIRST = 4  # of them, until something is drawn or brought along
_UPLOADED = "_uploaded"  # session key: what was in the file


@dataclass(frozen=True)
class Source:
    """One picture and where it is from."""

    x: Tensor  # (1, channels, height, width)
    words: str  # for the line below the pictures
    alt: str
    dials: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)  # that choose it, for `ui.controls.live`


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
    st.info(f"{plain(what)} Until then, a test picture stands here.", icon=":material/draw:")
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
    if words := left_out_words(upload.left_out):
        note(plain(words))
    x = _shaped(upload.pictures[k], data)
    return Source(x, "your picture", "Your picture, as the network sees it")


class Zip(NamedTuple):
    """A zip that is open, and how its pictures are turned: see `ae_core.pictures.shaping.turned`."""

    upload: Upload
    fit: str
    invert: str


def open_zip() -> Zip | None:
    """The zip that is open, with the fit and the turning that are chosen on screen; None without one."""
    upload: Upload | None = st.session_state.get(f"{_UPLOADED}_upload")
    whole = upload is not None and upload.whole_set
    return Zip(upload, st.session_state["fit"], st.session_state["invert"]) if upload and whole else None


def uploaded_together(data: Dataset, most: int) -> Source | None:
    """The picture of the zip that is on screen and those after it, `most` in all; None where there is no more
    than one.
    """
    found = open_zip()
    if found is None or len(found.upload.pictures) == 1:
        return None
    pictures = found.upload.pictures
    first = min(st.session_state["upload_picture"] - 1, max(0, len(pictures) - most))
    last = min(first + most, len(pictures))
    shown = torch.cat([turned(picture, data, found.fit, found.invert)[0] for picture in pictures[first:last]])
    return Source(shown, f"your pictures {first + 1} to {last} of {len(pictures):,}", "Your pictures")


def opened(key: str, kinds: Sequence[str] = KINDS) -> Upload | None:
    """An upload widget, and what was in the file; None while it is decoded, and where one sentence says why it is not
    taken.
    """
    file = st.file_uploader("Your picture", type=list(kinds), key=key, label_visibility="collapsed")
    memory = f"{_UPLOADED}_{key}"
    if file is None:
        forget(key)
        st.session_state.pop(memory, None)
        return None
    if file.type == uploads.DROPPED:
        st.error(plain(uploads.TOO_MUCH))
        return None
    upload = decoded(key, file.file_id, file.getvalue())
    st.session_state[memory] = upload
    return upload


def _shaped(picture: np.ndarray, data: Dataset) -> Tensor:
    """Controls for how a picture is turned to the data set's shape, with the crop; returns (1, channels, height,
    width).
    """
    titles = FITS if data.framing else {name: text for name, text in FITS.items() if name != "framed"}
    how = pick("Fit", titles, "fit")
    invert = pick(
        "Turn dark and light",
        {"auto": "Automatic", "yes": "Yes", "no": "No"},
        "invert",
        widget=st.segmented_control,
        required=True,
    )
    x, exchanged = turned(picture, data, how, invert)
    st.html(
        tiles(
            [
                Tile("Your picture", with_crop(picture, data.shape, how), "Your picture; what is cut off is dimmed"),
                Tile(
                    "For the network",
                    np.moveaxis(as_bytes(x[0]).numpy(), 0, -1),
                    "Your picture, as the network sees it",
                ),
            ]
        )
    )
    if invert == "auto" and exchanged:
        note(
            "It looks like dark ink on lighter paper; the pictures the network knows are light on dark, so it was "
            "turned."
        )
    if how != "framed" and "framed" in titles and on_dark(data) and around(x[0]) > NEARLY_BLACK:
        note(
            f'What lies around it is grey, where the network knows black: the fit "{FITS["framed"]}" takes paper away.'
        )
    if contrast(x) < FLAT:
        _warn_of_one_grey(picture, data, titles, exchanged)
    return x


def _warn_of_one_grey(picture: np.ndarray, data: Dataset, titles: Mapping[str, str], exchanged: bool) -> None:
    """Say that next to nothing is left of a picture, and which of the switches above helps."""
    better = of_more_contrast(with_channels(picture, data.shape[0]), data, titles, exchanged)
    if better is None:
        remedy = "nothing in it stands out, whatever it is cut to; choose one with more contrast."
    elif better[1] == exchanged:
        remedy = f'choose "{titles[better[0]]}" as the fit.'
    else:
        remedy = (
            f'choose "{"Yes" if better[1] else "No"}" for Turn dark and light, and "{titles[better[0]]}" as the fit.'
        )
    st.warning(f"For the network your picture is nearly of one grey: {plain(remedy)}", icon=":material/contrast:")


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
