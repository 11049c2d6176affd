"""A closer look at single pictures of Latent space: what becomes of them, and their neighbours in both kinds of code."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.metrics import reconstructions
from ae_core.recipe import Recipe
from ae_core.runs import Run
from ui import cached, latent
from ui.colours import class_colour
from ui.latent import View
from ui.pictures import Row, Tile, grey, sheet, tiles

COUNT = 10


def look_closer(run: Run, made: Recipe, view: View, chosen: np.ndarray) -> None:
    """The chosen test pictures, what the model makes of them, and their nearest neighbours in both kinds of code."""
    test, names = made.data.load().test, made.data.classes
    counts = np.bincount(test.labels[chosen].numpy(), minlength=len(names))
    share = ", ".join(f"{count} of class {name}" for count, name in zip(counts, names, strict=True) if count)
    st.markdown(f"**{len(chosen)} chosen:** {share}.")
    if len(chosen) == 1:
        one = int(chosen[0])
        found = latent.shown(run, view).codes[[one]]
        with st.container(width=720):
            rebuilt(run, made, f"Picture {one}", test.images[[one]])
            neighbours(run, made, view, test.images[[one]], found, skip=1)
    else:
        _several(run, made, view, chosen[:COUNT])


def _several(run: Run, made: Recipe, view: View, shown: np.ndarray) -> None:
    test, names = made.data.load().test, made.data.classes
    model, found = latent.network(run), latent.shown(run, view).codes
    theirs = cached.pca(made.dataset).codes(test.images[: len(found)], model.latent)
    x, labels = test.images[shown], test.labels[shown].tolist()
    texts = [names[label] for label in labels]
    rows = [
        Row("Input", grey(x.numpy()), f"Chosen test pictures of the classes {', '.join(texts)}", f"the first {len(shown)}"),
        Row("Output", grey(reconstructions(model, x).numpy()), "The same, rebuilt by the autoencoder"),
        Row("Neighbour", grey(test.images[_nearest_other(found, shown)].numpy()), "The nearest other picture in the code", "nearest in the code"),
        Row("Neighbour", grey(test.images[_nearest_other(theirs, shown)].numpy()), "The nearest other picture in PCA", "nearest in PCA"),
    ]  # fmt: skip
    st.html(sheet(rows, texts, "class", [class_colour(label) for label in labels]))


def _nearest_other(codes: Tensor, chosen: np.ndarray) -> np.ndarray:
    """Index of the nearest other code (m,) of each chosen picture."""
    distances = torch.cdist(codes[chosen], codes)
    distances[torch.arange(len(chosen)), torch.from_numpy(chosen)] = torch.inf
    return distances.argmin(dim=1).numpy()


def rebuilt(run: Run, made: Recipe, label: str, x: Tensor) -> None:
    """One picture x (1, channels, height, width), rebuilt by the model and by PCA."""
    model = latent.network(run)
    shown = [
        Tile(label, _pixels(x), label),
        Tile("Model", _pixels(reconstructions(model, x)), "Rebuilt by the model", [f"{model.latent} numbers"]),
        Tile("PCA", _pixels(cached.pca(made.dataset).reconstruct(x, model.latent)), "Rebuilt by PCA", ["as many"]),
    ]
    st.html(tiles(shown))


def _pixels(x: Tensor) -> np.ndarray:
    return grey(x.numpy())[0]


def neighbours(run: Run, made: Recipe, view: View, x: Tensor, code: Tensor, skip: int = 0) -> None:
    """The test pictures whose codes are nearest to that of picture x (1, channels, height, width), in both kinds of code.

    `code` (1, n) is its code, or its answer of the layer that is mapped; `skip` leaves out so many: a test picture is its
    own nearest.
    """
    test, model, fitted = made.data.load().test, latent.network(run), cached.pca(made.dataset)
    known = latent.shown(run, view).codes
    images = test.images[: len(known)]
    pairs = [(code, known), (fitted.codes(x, model.latent), fitted.codes(images, model.latent))]
    rows = []
    ours = "answers of the layer" if view.layer else "codes"
    for (own, others), what in zip(pairs, (ours, "PCA codes"), strict=True):
        near = (others - own).norm(dim=1).topk(COUNT + skip, largest=False).indices[skip:]
        names = ", ".join(made.data.classes[i] for i in test.labels[near].tolist())
        alt = f"Test pictures with the nearest {what}, of the classes {names}"
        rows.append(Row("Neighbours", grey(images[near].numpy()), alt, f"nearest {what}"))
    st.html(sheet(rows))
