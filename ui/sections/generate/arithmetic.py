"""Arithmetic with codes: a test picture is moved along the direction from one group of pictures to another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ae_core.looks.codes import codes
from ae_core.looks.samples import moved
from ae_core.runs.opened import Opened
from ui.controls.pick import pick_pictures
from ui.figures import export
from ui.figures.frame import notice
from ui.figures.pictures import Row, Sheet, grey, sheet
from ui.figures.provenance import provenance, source_words
from ui.results.asking import ask

COUNT = 10  # pictures of a bucket
AMOUNTS = tuple(k / 4 for k in range(-2, 7))


def arithmetic(run: Opened, own: bool) -> None:
    """A direction from one bucket of examples to another, applied to a third picture by different amounts."""
    labels, test = ask(codes, run).labels, run.data.load().test.images
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
    made = ask(moved, run, base, tuple(picked[0]), tuple(picked[1]), AMOUNTS)
    row = Row(
        "Result",
        grey(made.numpy()),
        "The picture moved along the direction by growing amounts",
        "code + amount × direction",
    )
    shown = Sheet([row], [f"{a:+.2f}".replace("-", "−") for a in AMOUNTS], "amount")
    st.html(sheet(*shown))
    provenance(run.run, run.checkpoint)
    words = f"Test picture {base}, moved from the mean code of test pictures {picked[0]} to that of {picked[1]}"
    lines = [words, source_words(run.run, run.checkpoint)]
    export.offer(lambda: [export.pictures(f"{run.id}-arithmetic", [shown], lines)], key="generate")
    notice(
        "The direction is the mean code of the one bucket minus that of the other. At 0 stands the picture itself, "
        "rebuilt; at 1 it has gone as far as the buckets lie apart. What else changed on the way shows what the code "
        "ties together."
    )
