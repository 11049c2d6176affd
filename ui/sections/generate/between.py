"""Ways from one test picture to another through the codes, beside fading the pixels."""

from __future__ import annotations

import contextlib
from functools import partial

import streamlit as st
import torch

from ae_core.datasets import DatasetError
from ae_core.datasets.choosing import one_of_each
from ae_core.looks.codes import codes
from ae_core.looks.samples import WAYS, faded, film, way
from ae_core.pictures.gif import gif
from ae_core.pictures.pixels import as_bytes
from ae_core.runs.opened import Opened
from ui.figures import export
from ui.figures.export import File
from ui.figures.frame import note, notice
from ui.figures.pictures import Row, Sheet, grey, levels, sheets
from ui.figures.provenance import provenance, source_words
from ui.plain import plain
from ui.results.asking import ask

STEPS, FRAMES = 11, 33  # on the page, and of an animation


def between(run: Opened, own: bool) -> None:
    """The straight and the spherical way from one test picture to another, beside fading the pixels."""
    labels = torch.from_numpy(ask(codes, run).labels.astype(int))
    starts = one_of_each(labels, 2).tolist()
    with st.container(horizontal=True):
        first, second = (
            int(
                st.number_input(
                    f"{plain(name)} test picture", 0, len(labels) - 1, start, key=key, bind="query-params", width=170
                )
            )
            for name, key, start in zip(("First", "Second"), ("first", "second"), starts, strict=True)
        )
    ways = {kind: ask(way, run, kind, first, second, STEPS) for kind in WAYS}
    most = max(1, *(count for found in ways.values() for count in found.near))
    shown = []
    for kind, found in ways.items():
        name, pixels = kind.capitalize(), grey(found.pictures.numpy())
        density = levels([count / most for count in found.near], pixels.shape[2])
        crowd = f"Test codes near each step of the {kind} way: {', '.join(map(str, found.near))}"
        shown.append(
            Sheet(
                [
                    Row(name, pixels, f"{name} way in {STEPS} steps", "through the codes"),
                    Row("Codes nearby", density, crowd, f"full height: {most}"),
                ]
            )
        )
    with contextlib.suppress(DatasetError):
        pictures = ask(faded, run, first, second, STEPS).numpy()
        words = "The two pictures faded into each other"
        shown.append(Sheet([Row("Faded", grey(pictures), words, "pixel by pixel, no model")]))
    st.html(sheets(shown))
    note(f"Near: within {found.radius:.2f} of the step, twice the usual distance from a code to its nearest neighbour.")
    provenance(run.run, run.checkpoint)
    words = f"From test picture {first} to test picture {second} in {STEPS} steps"
    lines = [words, source_words(run.run, run.checkpoint)]
    name = f"{run.id}-{first}-to-{second}"
    export.offer(lambda: [export.pictures(name, shown, lines), *films(run, first, second)], key="generate")
    notice(
        "A fade shows two half pictures at once; a good latent space shows one whole picture at each step. Where no "
        "test code is near, the way crosses empty land, and there the decoder guesses. With many numbers the straight "
        "way cuts inside the shell on which the codes of a normal prior lie; the spherical one stays on it."
    )


def films(run: Opened, first: int, second: int) -> list[File]:
    """Both ways as animations, with more steps than fit on the page."""

    def made(kind: str) -> bytes:
        return gif(grey(as_bytes(ask(film, run, kind, first, second, FRAMES)).numpy()))

    name = f"{run.id}-{first}-to-{second}"
    return [File(f"{kind.capitalize()} way (GIF)", f"{name}-{kind}.gif", partial(made, kind)) for kind in WAYS]
