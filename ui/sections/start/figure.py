"""The living figure of Start: the networks it can show, the choice between them, and what there is to notice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from ae_core.datasets.choosing import one_of_each
from ae_core.looks.codes import codes, reach
from ae_core.looks.look import look
from ae_core.pictures.pixels import as_bytes
from ae_core.runs.opened import Opened, opened
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ui.components.autoencoder.autoencoder import SHAPE, Network, autoencoder, payload
from ui.controls.pick import pick
from ui.figures.frame import note
from ui.figures.provenance import source_words
from ui.plain import plain
from ui.results import networks
from ui.results.asking import ask
from ui.results.failed_runs import usable

SIZES = {"2": "2 numbers", "8": "8", "32": "32"}
KINDS = {"plain": "plain", "variational": "variational"}
MODELS = {"plain": "multilayer", "variational": "vae"}
DATA = "handwriting"
VARIANTS = {"2": "-2d", "8": "-8d", "32": ""}  # how the folder of a shipped run ends


class Choice(NamedTuple):
    """Which network is shown, as the address says it."""

    code: str  # of so many numbers
    network: str  # its kind


def shipped() -> dict[Choice, Run]:
    """The networks that are here, by what is chosen; a choice without one is left out."""
    found = {}
    for choice in (Choice(size, kind) for size in SIZES for kind in KINDS):
        with contextlib.suppress(RunError):
            run = Store.default().find(f"{MODELS[choice.network]}-{DATA}{VARIANTS[choice.code]}")
            if run.has_weights():
                found[choice] = run
    return found


def living(runs: Mapping[Choice, Run], ways_on: Callable[[Run], None]) -> None:
    """The figure with the network that is chosen, and below it the choice, what to notice, and the ways on from it."""
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="choices"):
        size = _chosen("The code", SIZES, "code", [choice.code for choice in runs])
        kind = _chosen("The network", KINDS, "network", [choice.network for choice in runs if choice.code == size])
        st.markdown(plain(noticed(size, kind)))
    run = runs[Choice(size, kind)]
    for one in map(opened, usable([run])):
        with place:
            autoencoder(ask(content, one), key="autoencoder")
        note(f"{source_words(one.run, one.checkpoint)} · encoded and decoded here in your browser")
    ways_on(run)


def _chosen(label: str, titles: Mapping[str, str], key: str, there: Sequence[str]) -> str:
    """One of the names that are there; where there is only one, there is nothing to choose."""
    left = {name: title for name, title in titles.items() if name in there}
    if len(left) == 1:
        return next(iter(left))
    return pick(
        label, left, key, widget=st.segmented_control, required=True, label_visibility="collapsed", width="content"
    )


def noticed(size: str, kind: str) -> str:
    """What to notice of a network, in one sentence or two."""
    if size != "2":
        return (
            f"With {size} numbers instead of 2 the output comes closer. Pull a bar: one number changes whole strokes, "
            "since each has to say something about all 784 pixels."
        )
    if kind == "plain":
        return (
            "A plain autoencoder only learns to rebuild: its map has holes, and between the classes lie pictures that "
            "are no digit."
        )
    return (
        "A variational autoencoder learns to leave no holes: as the dot moves, one digit turns smoothly into another."
    )


@look()
def content(run: Opened) -> bytes:
    """What the browser needs of a network: where its weights are, the codes of the test pictures, one of each class."""
    data = run.data
    if run.model.shape != SHAPE:
        raise RunError(f"{run.id} takes pictures of {run.model.shape}: the figure has a sheet for {SHAPE}.")
    test, found = data.load().test, codes(run)
    first = one_of_each(test.labels, len(data.classes))
    network = Network(
        networks.address(run, "encoder"),
        networks.address(run, "decoder"),
        found.codes,
        found.labels,
        reach(run),
    )
    pictures = as_bytes(test.images[first]).flatten(1).numpy()
    return payload(network, data.classes, pictures, [data.classes[label] for label in test.labels[first].tolist()])
