"""A closer look at single pictures of Latent space: what becomes of them, and their neighbours in both kinds of
code.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from torch import Tensor

from ae_core.looks.baseline import pca
from ae_core.looks.maps import View
from ae_core.looks.neighbours import other_test_pictures, test_pictures
from ae_core.measures.metrics import reconstructions
from ae_core.runs.opened import Opened
from ui.colours import class_colour
from ui.figures.pictures import Row, Tile, grey, sheet, tiles
from ui.plain import plain
from ui.results.asking import ask

COUNT = 10
NAMED = 12  # classes that are named in a sentence, the largest


def look_closer(run: Opened, view: View, chosen: np.ndarray) -> None:
    """The chosen test pictures, what the model makes of them, and their nearest neighbours in both kinds of code."""
    test, names = run.data.load().test, run.data.classes
    counts = np.bincount(test.labels[chosen].numpy(), minlength=len(names))
    largest = [k for k in np.argsort(-counts, kind="stable").tolist() if counts[k]]
    share = ", ".join(f"{counts[k]} of class {names[k]}" for k in sorted(largest[:NAMED]))
    more = f", and {counts[largest[NAMED:]].sum()} of {len(largest) - NAMED} others" if len(largest) > NAMED else ""
    st.markdown(f"**{len(chosen)} chosen:** {plain(share + more)}.")
    if len(chosen) == 1:
        one = int(chosen[0])
        with st.container(width=720):
            rebuilt(run, f"Picture {one}", test.images[[one]])
            neighbours(run, view, test.images[[one]], skip=1)
    else:
        _several(run, view, chosen[:COUNT])


def _several(run: Opened, view: View, shown: np.ndarray) -> None:
    test, names = run.data.load().test, run.data.classes
    near = ask(other_test_pictures, run, view, tuple(shown.tolist()))
    x, labels = test.images[shown], test.labels[shown].tolist()
    texts = [names[label] for label in labels]
    rows = [
        Row(
            "Input",
            grey(x.numpy()),
            f"Chosen test pictures of the classes {', '.join(texts)}",
            f"the first {len(shown)}",
        ),
        Row("Output", grey(reconstructions(run.model, x).numpy()), "The same, rebuilt by the autoencoder"),
        Row(
            "Neighbour",
            grey(test.images[near.ours].numpy()),
            "The nearest other picture in the code",
            "nearest in the code",
        ),
        Row(
            "Neighbour",
            grey(test.images[near.theirs].numpy()),
            "The nearest other picture in PCA",
            "nearest in PCA",
        ),
    ]
    st.html(sheet(rows, texts, "class", [class_colour(label) for label in labels]))


def rebuilt(run: Opened, label: str, x: Tensor) -> None:
    """One picture x (1, channels, height, width), rebuilt by the model and by PCA."""
    model = run.model
    shown = [
        Tile(label, _pixels(x), label),
        Tile("Model", _pixels(reconstructions(model, x)), "Rebuilt by the model", [f"{model.latent} numbers"]),
        Tile("PCA", _pixels(ask(pca, run.data).reconstruct(x, model.latent)), "Rebuilt by PCA", ["as many"]),
    ]
    st.html(tiles(shown))


def _pixels(x: Tensor) -> np.ndarray:
    return grey(x.numpy())[0]


def neighbours(run: Opened, view: View, x: Tensor, skip: int = 0) -> None:
    """The test pictures whose codes are nearest to that of picture x (1, channels, height, width), in both kinds of
    code; `skip` leaves out so many: a test picture is its own nearest.
    """
    test, rows = run.data.load().test, []
    ours = "answers of the layer" if view.layer else "codes"
    found = ask(test_pictures, run, view, x, COUNT, skip)
    for near, what in zip(found, (ours, "PCA codes"), strict=True):
        names = ", ".join(run.data.classes[i] for i in test.labels[near].tolist())
        alt = f"Test pictures with the nearest {what}, of the classes {names}"
        rows.append(Row("Neighbours", grey(test.images[near].numpy()), alt, f"nearest {what}"))
    st.html(sheet(rows))
