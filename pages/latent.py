"""Latent space: where every picture lies as a code, and what the decoder makes of the places between them."""

import contextlib
import math

import numpy as np
import streamlit as st
import torch

from ae_core.datasets import Dataset, DatasetError
from ae_core.datasets.choosing import one_of_each
from ae_core.looks.baseline import pca, pca_errors, pca_size
from ae_core.looks.codes import codes, order, weight
from ae_core.looks.errors import test_errors
from ae_core.looks.maps import View, mapped, neighbour_points, plane, worth
from ae_core.measures.representation import NEIGHBOURS
from ae_core.runs.opened import Opened, opened
from ae_core.space.neighbour_map import METHODS
from ui.controls.address import asked, tell
from ui.controls.pick import pick, pick_two
from ui.controls.pick_run import pick_run
from ui.figures import export, noticing
from ui.figures.frame import heading, note, notice
from ui.figures.pictures import Row, grey, sheet
from ui.figures.provenance import provenance
from ui.plain import plain
from ui.results.absent_pictures import guarded
from ui.results.asking import ask, is_there, when_ready
from ui.sections.latent import chosen, maps
from ui.sections.latent.maps import NEAR
from ui.sections.latent.marks import marked_pad
from ui.sections.latent.own_picture import own_picture
from ui.sections.start import family

VIEWS = {"pca": "Where codes vary most", "dims": "Two numbers of the code", "three": "Through three pictures"}
OF_LAYER = {"layer": "Where its answers vary most"}
_THREE = "latent_three"  # session key: data set, and the three test pictures that the plane goes through
_WANTED = "latent_wanted"  # session key: the maps of neighbours that the visitor has asked for

OF_PLANES = (
    "Both maps show the same pictures in the same colours, and both use one scale for both axes; one pointer moves over"
    " both. PCA may only lay a flat sheet through the pictures, so with two numbers classes pile up; the autoencoder "
    "may bend it. Move across a gap between two classes: a VAE paints a picture in between, a plain autoencoder often "
    "something that is no digit, because nothing ever made it care about that place."
)
OF_NEIGHBOURS = (
    "The classes fall into islands that no flat plane shows: neighbours are mostly of one class. But the map "
    "exaggerates: the gaps between islands are made by the method, and so is their order. Choose one island with the "
    "lasso and see on the map of PCA where its pictures really lie; then look for single dots on an island of another "
    "colour."
)

heading(
    "Latent space",
    "Every test picture is a dot: its <em>code</em>, placed by its numbers. Move the pointer: the decoder paints what "
    "it would make of that place, also where no picture ever was.",
)
chosen_run = pick_run(*(run.id for run in family.planes()[:1]))


def chosen_view(run: Opened, n: int) -> View:
    """Which map of a code to show, by controls and by the address; there are n test pictures."""
    size = run.model.latent
    with st.container(horizontal=True):
        layers = maps.layer_titles(run)
        layer = pick("Layer", layers, "layer", "code", width=190)
        kinds = OF_LAYER if layer != "code" else VIEWS if size > 2 else {"dims": "The code itself"}
        kind = pick("Map", kinds | NEAR, "map", widget=st.segmented_control, required=True)
        if layer != "code":
            return View(kind, layer=layers[layer])
        if kind == "dims" and size > 2:
            return View("dims", *pick_two(ask(order, run)))
        if kind == "three":
            return View("three", *three_pictures(run, n))
        return View(kind)


def three_pictures(run: Opened, n: int) -> tuple[int, int, int]:
    """The test pictures that the plane goes through: by `?plane=3,14,15`, or as clicked on the map; at first one of
    each class.
    """

    def read(text: str) -> tuple[int, int, int]:
        parts = text[:40].split(",")
        if len(parts) != 3 or not all(p.isascii() and p.isdigit() and int(p) < n for p in parts):
            raise ValueError(f"plane = {text[:40]!r}: must be three numbers of test pictures from 0 to {n - 1}.")
        return int(parts[0]), int(parts[1]), int(parts[2])

    dataset = run.recipe.dataset
    if new := asked("plane", read):
        st.session_state[_THREE] = (dataset, new)
    kept = st.session_state.get(_THREE)
    if kept and kept[0] == dataset and max(kept[1]) < n:
        tell("plane", ",".join(map(str, kept[1])))
        return kept[1]
    a, b, c = one_of_each(torch.from_numpy(ask(codes, run).labels.astype(int)), 3).tolist()
    return a, b, c


def corners(data: Dataset, view: View) -> None:
    """The three pictures that the plane goes through, where they are here, and how to choose others."""
    chosen = [view.a, view.b, view.c]
    with st.container(horizontal=True, vertical_alignment="center"):
        with contextlib.suppress(DatasetError):  # the page says that they are not here
            three(data, chosen)
        note("To take another picture, press Set A, B or C below the maps, then click its dot.")


def three(data: Dataset, chosen: list[int]) -> None:
    """Three test pictures side by side, called A, B and C."""
    test = data.load().test
    names = [data.classes[label] for label in test.labels[chosen].tolist()]
    alt = f"The plane goes through test pictures {chosen} of the classes {', '.join(names)}"
    st.html(sheet([Row("Plane", grey(test.images[chosen].numpy()), alt, "through")], ["A", "B", "C"]), width=330)


def explore(run: Opened, view: View, ready: bool) -> None:
    """The pad, and below it what was chosen on it; answers without the rest of the page being drawn again."""
    n = len(ask(mapped, run, view).labels)
    if view.kind == "three":
        corners(run.data, view)
    packed = ask(maps.beside_pca, run, view, ready)
    marks = marked_pad(packed, f"{run.id}:{'-'.join(map(str, view))}", n)
    if view.kind == "three" and marks.three and marks.three != (view.a, view.b, view.c):
        st.session_state[_THREE] = (run.recipe.dataset, marks.three)
        st.rerun()
    if view.kind in METHODS:
        note(
            "Here only who lies beside whom means something. Distances between groups, their sizes, and the directions "
            "mean little: the map was pulled and torn until pictures that were neighbours are neighbours on paper too. "
            "Nothing can be decoded from it."
        )
    provenance(run.run, run.checkpoint)
    export.offer(lambda: [export.pad(run, packed), *export.codes(run.run)], key="latent")
    if not len(marks.chosen):
        note(
            "Choose Box or Lasso and draw around dots, or click one, to see their pictures, what was made of them, and "
            "their neighbours."
        )
        return
    try:
        chosen.look_closer(run, view, marks.chosen)
    except DatasetError as error:
        st.info(plain(error))


def wanted(run: Opened, view: View) -> bool:
    """Whether a map of neighbours may be shown: it is there, or the visitor asks for it here. A link alone starts
    nothing.
    """
    what = neighbour_points.of(run, view.layer, METHODS[view.kind])
    asked_for: set[str] = st.session_state.setdefault(_WANTED, set())
    if is_there(what) or what.key in asked_for:
        return True
    n, what_is = len(ask(mapped, run, view).labels), "answers of this layer" if view.layer else "codes of this run"
    with st.container(border=True):
        st.markdown(
            f"**{NEAR[view.kind]}** looks for places on paper so that pictures whose "
            f"{'answers' if view.layer else 'codes'} are neighbours stay neighbours. "
            + (
                "It is the usual t-SNE. "
                if METHODS[view.kind] == 1
                else (
                    f"It is t-SNE with {METHODS[view.kind]:g} times the attraction, which gives maps much like those of"
                    " UMAP. "
                )
            )
            + f"It is computed once for the {n:,} {plain(what_is)}; you can stop it."
        )
        if st.button("Compute this map", icon=":material/play_arrow:", type="primary"):
            asked_for.add(what.key)
            st.rerun()
    return False


def numbers(run: Opened, view: View) -> None:
    """Error, neighbours, silhouette and trustworthiness of all that is mapped, as a table."""
    pixels, size = int(np.prod(run.data.shape)), run.model.latent
    one_class = len(run.data.classes) == 1
    measured = ask(worth, run, view)
    every = ask(test_errors, run)
    errors = [f"{found.mean() / pixels:.4f}" for found in (every, ask(pca_errors, run.data, size))]
    heads = [
        view.layer or f"{run.model.title}, code ({size})",
        f"PCA ({pca_size(run.data, size)})",
    ]
    if view.kind in METHODS:
        heads.append(f"{NEAR[view.kind]} of {'that layer' if view.layer else 'that code'} (2)")
        errors.append("cannot be decoded")
    rows = {
        "Squared error per pixel (lower is better)": errors,
        f"Class told by {NEIGHBOURS} neighbours": [
            "one class" if one_class else f"{100 * m.knn:.1f} %" for m in measured
        ],
        "Silhouette of the classes, −1 to 1": [
            "–" if math.isnan(m.silhouette) else f"{m.silhouette:.2f}" for m in measured
        ],
        "Trustworthiness, 0 to 1": [f"{m.trustworthiness:.3f}" for m in measured],
    }
    head = f"| what is measured | {' | '.join(map(plain, heads))} |\n|---|{'---:|' * len(heads)}\n"
    st.markdown(
        head + "\n".join(f"| {plain(name)} | {' | '.join(map(plain, values))} |" for name, values in rows.items())
    )
    note(
        "All numbers of each code are used, not only the two on the map. The error is that of the whole model over all "
        f"{len(every):,} test pictures, the rest is measured on {measured[0].n:,} of them; neighbours vote from one "
        "half of the pictures on the other. Trustworthiness: whether neighbours in the code are neighbours as "
        "pictures too."
        + (" The map of neighbours was made from all pictures on it at once." if view.kind in METHODS else "")
    )


def neighbours_there(run: Opened, view: View) -> None:
    """The map of neighbours; a bar in its place while it is drawn."""
    ask(neighbour_points, run, view.layer, METHODS[view.kind])


def page(run: Opened) -> None:
    """Everything below the choice of the run."""
    size = run.model.latent
    view = chosen_view(run, len(ask(codes, run).labels))
    codes_alone = View("pca" if size > 2 else "dims")
    try:
        if view.kind == "three":
            ask(plane, run, view)
        ask(mapped, run, view)  # a hidden layer needs the pictures, where codes may do without
    except ValueError as error:
        st.warning(plain(f"{error} Here is a map of the codes."))
        view = codes_alone
    if view.kind in METHODS and not (wanted(run, view) and when_ready(neighbours_there, run, view)):
        view = View("layer", layer=view.layer) if view.layer else codes_alone  # meanwhile
    missing, ready = "", False
    try:
        ready = when_ready(ask, pca, run.data)  # until then the map of the run stands alone, below the bar
    except DatasetError as error:
        missing = str(error)
    st.fragment(when_ready)(guarded(explore), run, view, ready)
    if missing:
        st.info(plain(missing))
    elif ready:
        st.header("Your own picture on the map", anchor=False)
        st.fragment(when_ready)(guarded(own_picture), run, view)
        st.header("How good is the map?", anchor=False)
        when_ready(numbers, run, view)
    notice(noticing.of_dead_code(ask(weight, run)) + (OF_NEIGHBOURS if view.kind in METHODS else OF_PLANES))


when_ready(page, opened(chosen_run))
