"""Latent space: where every picture lies as a code, and what the decoder makes of the places between them."""

import math

import numpy as np
import streamlit as st
import torch

from ae_core.datasets import DatasetError
from ae_core.exploration import one_of_each
from ae_core.metrics import reconstructions
from ae_core.recipe import Recipe
from ae_core.representation import NEIGHBOURS
from ae_core.runs import Run, RunError
from ui import cached, export, family, latent
from ui.absent import say_if_absent
from ui.colours import class_colour
from ui.frame import heading, note, notice
from ui.latent import View
from ui.marks import marked_pad
from ui.pick import pick, pick_run, pick_two
from ui.pictures import Row, grey, sheet
from ui.provenance import provenance

COUNT = 10
VIEWS = {"pca": "Where codes vary most", "dims": "Two numbers of the code", "three": "Through three pictures"}

heading(
    "Latent space",
    "Every test picture is a dot: its <em>code</em>, placed by its numbers. Move the pointer: the decoder paints what it "
    "would make of that place, also where no picture ever was.",
)
run = pick_run(family.planes()[0].id)


def chosen_view(made: Recipe, size: int, n: int) -> View:
    """Which plane of a code of `size` numbers to show, by controls and by the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layers = latent.layers(run)
        layer = pick("Layer", layers, "layer", "code", width=190)
        if layer != "code":
            return View("layer", layer=layers[layer])
        if size <= 2:
            return View("dims")
        kind = pick("Map", VIEWS, "map", widget=st.segmented_control, required=True)
        if kind == "pca":
            return View("pca")
        if kind == "dims":
            return View("dims", *pick_two(latent.order(run)))
        starts = one_of_each(torch.from_numpy(latent.codes(run).labels.astype(int)), 3).tolist()
        three = [
            int(st.number_input(f"Picture {name}", 0, n - 1, start, key=name, bind="query-params", width=130))
            for name, start in zip("abc", starts, strict=True)
        ]
    return View("three", three[0], three[1], three[2])


def neighbours(codes: torch.Tensor, chosen: np.ndarray) -> np.ndarray:
    """Index of the nearest other code (m,) of each chosen picture."""
    distances = torch.cdist(codes[chosen], codes)
    distances[torch.arange(len(chosen)), torch.from_numpy(chosen)] = torch.inf
    return distances.argmin(dim=1).numpy()


def closest(codes: torch.Tensor, one: int) -> np.ndarray:
    """Indices of the codes nearest to that of picture `one`, itself left out."""
    distances = (codes - codes[one]).norm(dim=1)
    return distances.argsort()[1 : COUNT + 1].numpy()


def one_picture(made: Recipe, one: int, kinds: tuple[torch.Tensor, torch.Tensor]) -> None:
    """One test picture, rebuilt in both ways, and those with the nearest codes in both."""
    test, model = made.data.load().test, cached.model(run)[0]
    x = test.images[[one]]
    three = torch.cat([x, reconstructions(model, x), cached.pca(made.dataset).reconstruct(x, model.latent)])
    rows = [
        Row("Neighbours", grey(test.images[closest(near, one)].numpy()), f"Test pictures with the nearest {what}", f"nearest {what}")
        for near, what in zip(kinds, ("codes", "PCA codes"), strict=True)
    ]  # fmt: skip
    left, right = st.columns([1, 2.4], gap="large")
    alt = "The picture, rebuilt by the model, rebuilt by PCA"
    with left:
        st.html(sheet([Row(f"Picture {one}", grey(three.numpy()), alt)], ["input", "model", "PCA"]))
    with right:
        st.html(sheet(rows))


def look_closer(made: Recipe, view: View, chosen: np.ndarray) -> None:
    """The chosen pictures, what the model makes of them, and their nearest neighbours in both kinds of code."""
    test, names = made.data.load().test, made.data.classes
    model, found = latent.network(run), latent.shown(run, view).codes
    theirs = cached.pca(made.dataset).codes(test.images, model.latent)
    shown = chosen[:COUNT]
    counts = np.bincount(test.labels[chosen].numpy(), minlength=len(names))
    share = ", ".join(f"{count} of class {name}" for count, name in zip(counts, names, strict=True) if count)
    st.markdown(f"**{len(chosen)} chosen:** {share}.")
    if len(chosen) == 1:
        one_picture(made, int(chosen[0]), (found, theirs))
        return
    x = test.images[shown]
    texts = [names[label] for label in test.labels[shown].tolist()]
    colours = [class_colour(label) for label in test.labels[shown].tolist()]
    rows = [
        Row("Input", grey(x.numpy()), f"Chosen test pictures of the classes {', '.join(texts)}", f"the first {len(shown)}"),
        Row("Output", grey(reconstructions(model, x).numpy()), "The same, rebuilt by the autoencoder"),
        Row("Neighbour", grey(test.images[neighbours(found, shown)].numpy()), "The nearest other picture in the code", "nearest in the code"),
        Row("Neighbour", grey(test.images[neighbours(theirs, shown)].numpy()), "The nearest other picture in PCA", "nearest in PCA"),
    ]  # fmt: skip
    st.html(sheet(rows, texts, "class", colours))


@st.fragment
def explore(run: Run, made: Recipe, view: View) -> None:
    """The pad, and below it what was chosen on it; answers without the rest of the page being drawn again."""
    n = len(latent.shown(run, view).labels)
    packed = latent.beside_pca(run, latent.version(run), view)
    marks = marked_pad(packed, f"{run.id}:{'-'.join(map(str, view))}", n)
    provenance(run, cached.model(run)[1])
    export.offer([export.pad(run, packed), *export.codes(run)], key="latent")
    if len(marks.chosen):
        try:
            look_closer(made, view, marks.chosen)
        except DatasetError as error:
            st.info(str(error))
    else:
        note(
            "Choose Box or Lasso and draw around dots to see their pictures, what was made of them, and their neighbours."
        )


def numbers(run: Run, made: Recipe, view: View) -> None:
    """Error, neighbours, silhouette and trustworthiness of both maps, as a table."""
    pixels, size = int(np.prod(made.data.shape)), latent.network(run).latent
    one_class = len(made.data.classes) == 1
    worth = latent.measured(run, latent.version(run), view)
    errors = [cached.test_errors(run).mean() / pixels, cached.pca_errors(made.dataset, size).mean() / pixels]
    rows = {
        "Squared error per pixel (lower is better)": [f"{value:.4f}" for value in errors],
        f"Class told by {NEIGHBOURS} neighbours": ["one class" if one_class else f"{100 * m.knn:.1f} %" for m in worth],
        "Silhouette of the classes, −1 to 1": [
            "–" if math.isnan(m.silhouette) else f"{m.silhouette:.2f}" for m in worth
        ],
        "Trustworthiness, 0 to 1": [f"{m.trustworthiness:.3f}" for m in worth],
    }
    own = view.layer or f"{latent.network(run).title}, code ({size})"
    head = f"| | {own} | PCA ({min(size, pixels)}) |\n|---|---:|---:|\n"
    st.markdown(head + "\n".join(f"| {name} | {a} | {b} |" for name, (a, b) in rows.items()))
    note(
        f"All numbers of each code are used, not only the two on the map. The error is that of the whole model over all "
        f"{len(cached.test_errors(run)):,} test pictures, the rest is measured on {worth[0].n:,} of them; neighbours vote from one half of "
        "the pictures on the other. Trustworthiness: whether neighbours in the code are neighbours as pictures too."
    )


try:
    made, size = run.recipe(), latent.network(run).latent
    n = len(latent.codes(run).labels)
    say_if_absent(run)
except (RunError, DatasetError) as error:
    st.error(str(error))
    st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")
    st.stop()

view = chosen_view(made, size, n)
try:
    if view.kind == "three":
        latent.plane(run, view)
except ValueError as error:
    st.warning(f"{error} Here is the plane in which codes vary most.")
    view = View("pca")
try:
    explore(run, made, view)
    st.subheader("How good is the map?", anchor=False)
    numbers(run, made, view)
except DatasetError:
    note("To measure how good the map is, the pictures themselves are needed.")
notice(
    "Both maps show the same pictures in the same colours, and both use one scale for both axes; one pointer moves over "
    "both. PCA may only lay a flat sheet through the pictures, so with two numbers classes pile up; the autoencoder may bend "
    "it. Move across a gap between two classes: a VAE paints a picture in between, a plain autoencoder often something "
    "that is no digit, because nothing ever made it care about that place."
)
