"""The same pictures through several networks and PCA: test pictures, a drawing, or what the visitor brought along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from markupsafe import Markup
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.datasets.choosing import SHOWN, one_of_each
from ae_core.looks.baseline import pca
from ae_core.measures.metrics import reconstructions
from ae_core.pictures.pixels import as_bytes
from ui.colours import class_colour
from ui.controls import live
from ui.controls.pick import number, pick
from ui.controls.sources import SOURCES, Source, picked, until_then, uploaded_together
from ui.figures import export
from ui.figures.frame import note, small
from ui.figures.pictures import Row, Sheet, Tile, grey, sheets, signed, tiles
from ui.figures.provenance import source_words
from ui.figures.sheet_file import as_sheet
from ui.markup import box
from ui.results.asking import ask
from ui.sections.compare.chosen import Compared

OTHER = "trained on its training split"  # where the pictures are none of the data set
NO_ERROR = 0.25  # the colours of an error reach their full strength here, or at the largest error where that is more


class Output(NamedTuple):
    """What one of those compared makes of the pictures."""

    name: str
    detail: str
    images: Tensor  # (n, channels, height, width)


class Several(NamedTuple):
    """Two sheets: the outputs for some pictures, and their signed errors."""

    source: Source
    scale: float
    rebuilt: Sheet
    errors: Sheet


def pictures(data: Dataset, compared: list[Compared]) -> None:
    """A choice of pictures, what every run and PCA make of them, and the signed errors on one scale."""
    how = pick(
        "What goes in", {**SOURCES, "test": "Test pictures"}, "source", widget=st.segmented_control, required=True
    )
    if how == "test":
        number("Set of eight test pictures", 1, 20, "set")
        sources = _sources(compared, "test split")

        def written(shown: Several) -> str:
            return beside(shown) + small(_words(shown.source, shown.scale), *sources)

        shown = live.show("compared", lambda **at: of_eight(data, compared, at["set"]), written, set=int)
        _offer(data, [_words(shown.source, shown.scale), *sources], [shown.rebuilt, without_input(shown.errors)])
        return
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        source = picked(data, how)
        source = (uploaded_together(data, SHOWN) or source) if how == "upload" else source
    with right:
        source = source or until_then(
            data, "Draw something, or choose a picture, and see what the networks make of it."
        )
        if len(source.x) == 1:
            _one(data, compared, source)
        else:
            shown = several(data, compared, source)
            st.html(sheets([shown.rebuilt, shown.errors]))
            _give(data, compared, source, shown.scale, [shown.rebuilt, without_input(shown.errors)])


def outputs(data: Dataset, compared: Sequence[Compared], x: Tensor) -> list[Output]:
    """What the runs, and PCA with as many numbers as the first of them, make of pictures (n, channels, height,
    width).
    """
    first = compared[0].opened.model.latent
    found = [
        Output(one.name, f"{one.opened.model.latent} numbers", reconstructions(one.opened.model, x)) for one in compared
    ]
    return [*found, Output("PCA", f"{first} components", ask(pca, data).reconstruct(x, first))]


def _scale(x: Tensor, found: Sequence[Output]) -> float:
    return max(NO_ERROR, *(float((one.images - x).abs().max()) for one in found))


def of_eight(data: Dataset, compared: list[Compared], part: int) -> Several:
    """`several` of the eight test pictures number `part`, with their classes."""
    chosen = eight(data, part)
    labels = data.load().test.labels[chosen].tolist()
    words = f"Test pictures {', '.join(map(str, chosen.tolist()))}"
    source = Source(data.load().test.images[chosen], words, "Test pictures")
    return several(data, compared, source, [data.classes[label] for label in labels], list(map(class_colour, labels)))


def several(
    data: Dataset, compared: list[Compared], source: Source, names: Sequence[str] = (), colours: Sequence[str] = ()
) -> Several:
    """What each makes of the pictures; `names` of classes stand below them in `colours`."""
    x, found = source.x, outputs(data, compared, source.x)
    scale, under = _scale(x, found), "class" if names else ""
    alt = f"{source.alt} of the classes {', '.join(names)}" if names else source.alt
    rebuilt = [Row("Input", grey(x.numpy()), alt, data.title if names else "")]
    rebuilt += [Row(one.name, grey(one.images.numpy()), f"Rebuilt by {one.name}", one.detail) for one in found]
    errors = [Row("Input", grey(x.numpy()), alt, "squared error below")]
    errors += [
        Row(
            one.name,
            signed((one.images - x).numpy(), scale),
            f"Signed error of {one.name}",
            f"{mean(x, one.images):.4f} per pixel",
        )
        for one in found
    ]
    return Several(source, scale, Sheet(rebuilt, names, under, colours), Sheet(errors, names, under, colours))


def beside(shown: Several) -> Markup:
    """HTML of both sheets side by side where there is room."""
    return box("ae-beside", sheets([shown.rebuilt, shown.errors]))


def without_input(errors: Sheet) -> Sheet:
    """The sheet of errors as it goes into a file: the input is in the other sheet."""
    return errors._replace(rows=errors.rows[1:])


def _one(data: Dataset, compared: list[Compared], source: Source) -> None:
    """One picture large: what each makes of it, and below that the signed errors."""
    x, found = source.x, outputs(data, compared, source.x)
    scale = _scale(x, found)
    rebuilt = [Tile("Input", _pixels(x), source.alt, [source.words])]
    rebuilt += [
        Tile(
            one.name,
            _pixels(one.images),
            f"Rebuilt by {one.name}",
            [one.detail, f"{mean(x, one.images):.4f} per pixel"],
        )
        for one in found
    ]
    errors = [Tile("Input", _pixels(x), source.alt, ["signed error beside it"])]
    errors += [
        Tile(one.name, signed((one.images - x).numpy(), scale)[0], f"Signed error of {one.name}", ["signed error"])
        for one in found
    ]
    st.html(box("ae-many", tiles(rebuilt), tiles(errors)))
    _give(data, compared, source, scale, [as_sheet(rebuilt), as_sheet(errors[1:])])


def _give(data: Dataset, compared: list[Compared], source: Source, scale: float, shown: list[Sheet]) -> None:
    """Where the visitor's own pictures and the networks are from, and what is on screen as a file."""
    lines = [_words(source, scale), *_sources(compared, OTHER)]
    note(*lines)
    _offer(data, lines, shown)


def _words(source: Source, scale: float) -> str:
    first = f"{source.words[0].upper()}{source.words[1:]}"
    return (
        f"{first}. Squared error, mean per pixel. Colours: blue: too dark, red: too bright, all on one scale, "
        f"±{scale:.2f}."
    )


def _sources(compared: list[Compared], split: str) -> list[str]:
    return [source_words(one.run, one.opened.checkpoint, split) for one in compared]


def _offer(data: Dataset, lines: list[str], shown: list[Sheet]) -> None:
    export.offer(lambda: [export.pictures(f"compare-{data.name}", shown, lines)], key="compare_pictures")


def mean(x: Tensor, y: Tensor) -> float:
    """Squared error, mean per pixel."""
    return (y - x).square().mean().item()


def _pixels(x: Tensor) -> np.ndarray:
    return np.moveaxis(as_bytes(x[0]).numpy(), 0, -1)


def eight(data: Dataset, part: int) -> Tensor:
    """Indices of the eight test pictures number `part` (from 1), classes in turn."""
    labels = data.load().test.labels
    first = one_of_each(labels, SHOWN * part)[-SHOWN:]
    return first if len(first) == SHOWN else torch.arange(min(SHOWN, len(labels)))
