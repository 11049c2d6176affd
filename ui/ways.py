"""Ways through the codes: from one test picture to another, and along a direction between two groups of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.animation import gif
from ae_core.datasets import DatasetError
from ae_core.exploration import as_bytes, one_of_each
from ae_core.generation import spherical, straight
from ae_core.runs import Run
from ui import cached, export, generation, latent
from ui.export import File
from ui.frame import note, notice
from ui.pick import pick_pictures
from ui.pictures import Row, Sheet, grey, sheet, sheets
from ui.provenance import provenance, source_words

COUNT, STEPS, FRAMES = 10, 11, 33  # pictures of a bucket, steps on the page, steps of an animation


def between(run: Run, own: bool) -> None:
    """The straight and the spherical way from one test picture to another, beside fading the pixels."""
    labels = torch.from_numpy(latent.codes(run).labels.astype(int))
    starts = one_of_each(labels, 2).tolist()
    with st.container(horizontal=True):
        first, second = (
            int(
                st.number_input(
                    f"{name} test picture", 0, len(labels) - 1, start, key=key, bind="query-params", width=170
                )
            )
            for name, key, start in zip(("First", "Second"), ("first", "second"), starts, strict=True)
        )
    both = generation.ways(run, first, second, STEPS)
    shown = []
    for name, path, near in (("Straight", both.straight, both.near[0]), ("Spherical", both.spherical, both.near[1])):
        row = Row(
            name,
            grey(generation.decoded(run, path).numpy()),
            f"{name} way in {STEPS} steps; near codes {near}",
            "through the codes",
        )
        shown.append(Sheet([row], [str(count) for count in near], "test codes near it"))
    with contextlib.suppress(DatasetError):
        ends = run.recipe().data.load().test.images[[first, second]]
        faded = torch.stack([torch.lerp(ends[0], ends[1], k / (STEPS - 1)) for k in range(STEPS)])
        words = "The two pictures faded into each other"
        shown.append(Sheet([Row("Faded", grey(faded.numpy()), words, "pixel by pixel, no model")]))
    st.html(sheets(shown))
    note(f"Near: within {both.radius:.2f} of the step, twice the usual distance from a code to its nearest neighbour.")
    provenance(run, cached.model(run)[1])
    words = f"From test picture {first} to test picture {second} in {STEPS} steps"
    lines = [words, source_words(run, cached.model(run)[1])]
    name = f"{run.id}-{first}-to-{second}"
    export.offer(lambda: [export.pictures(name, shown, lines), *films(run, first, second)], key="generate")
    notice(
        "A fade shows two half pictures at once; a good latent space shows one whole picture at each step. Where no test "
        "code is near, the way crosses empty land, and there the decoder guesses. With many numbers the straight way cuts "
        "inside the shell on which the codes of a normal prior lie; the spherical one stays on it."
    )


def films(run: Run, first: int, second: int) -> list[File]:
    """Both ways as animations, with more steps than fit on the page."""
    found, model = latent.codes(run).codes[[first, second]], latent.network(run)

    def film(way: Callable[[Tensor, Tensor, int], Tensor]) -> bytes:
        with torch.inference_mode():
            pictures = as_bytes(model.decode(way(found[0], found[1], FRAMES)))
        return gif(grey(pictures.numpy()))

    name = f"{run.id}-{first}-to-{second}"
    return [
        File("Straight way (GIF)", f"{name}-straight.gif", lambda: film(straight)),
        File("Spherical way (GIF)", f"{name}-spherical.gif", lambda: film(spherical)),
    ]


def arithmetic(run: Run, own: bool) -> None:
    """A direction from one bucket of examples to another, applied to a third picture by different amounts."""
    found, labels = latent.codes(run)
    test = run.recipe().data.load().test.images
    of = [np.flatnonzero(labels == label)[:5].tolist() for label in np.unique(labels)[:2]]
    left, right = st.columns(2, gap="large")
    picked = []
    for column, name, key, start in ((left, "From these", "minus", of[0]), (right, "To these", "plus", of[-1])):
        with column:
            numbers = pick_pictures(f"{name}: numbers of test pictures", key, start, len(labels))
            st.html(
                sheet(
                    [
                        Row(
                            name,
                            grey(test[numbers[:COUNT]].numpy()),
                            f"{name}: test pictures {numbers}",
                            f"{len(numbers)} pictures",
                        )
                    ]
                )
            )
            picked.append(numbers)
    base = int(
        st.number_input(
            "Apply to test picture", 0, len(labels) - 1, of[0][-1], key="base", bind="query-params", width=190
        )
    )
    direction = found[picked[1]].mean(dim=0) - found[picked[0]].mean(dim=0)
    amounts = torch.linspace(-0.5, 1.5, 9)
    made = generation.decoded(run, found[base] + amounts[:, None] * direction)
    row = Row(
        "Result",
        grey(made.numpy()),
        "The picture moved along the direction by growing amounts",
        "code + amount × direction",
    )
    shown = Sheet([row], [f"{a:+.2f}".replace("-", "−") for a in amounts.tolist()], "amount")
    st.html(sheet(*shown))
    provenance(run, cached.model(run)[1])
    words = f"Test picture {base}, moved from the mean code of test pictures {picked[0]} to that of {picked[1]}"
    lines = [words, source_words(run, cached.model(run)[1])]
    export.offer(lambda: [export.pictures(f"{run.id}-arithmetic", [shown], lines)], key="generate")
    notice(
        "The direction is the mean code of the one bucket minus that of the other. At 0 stands the picture itself, rebuilt; "
        "at 1 it has gone as far as the buckets lie apart. What else changed on the way shows what the code ties together."
    )
