"""Pictures of another data set, brought to the shape of a network that has never seen such."""

from __future__ import annotations

import math

import streamlit as st

from ae_core.datasets import dataset, datasets
from ae_core.datasets.choosing import one_of_each
from ae_core.looks import errors
from ae_core.runs.opened import Opened
from ui.controls.pick import pick
from ui.figures import charts, noticing
from ui.figures.frame import notice
from ui.figures.pictures import Row, grey, sheet, signed
from ui.figures.provenance import provenance
from ui.plain import plain
from ui.results.asking import ask

COUNT = 8


def foreign(run: Opened) -> None:
    """Pictures of another data set, brought to the network's shape: what does it make of them?"""
    data = run.data
    others = {name: other.title for name, other in datasets().items() if name != data.name and other.present()}
    name = pick("Other pictures", others, "other", width=260)
    found = ask(errors.foreign, run, dataset(name))
    labels = dataset(name).load().test.labels[: len(found.errors)]
    chosen = one_of_each(labels, COUNT)
    x, y = found.images[chosen], found.outputs[chosen]
    scale = max(0.25, float((y - x).abs().max()))
    classes = [dataset(name).classes[label] for label in labels[chosen].tolist()]
    seen = ", ".join(classes)
    theirs, own = found.errors.numpy(), ask(errors.test_errors, run)
    rows = [
        Row("Input", grey(x.numpy()), f"Pictures of {others[name]}, classes {seen}", others[name]),
        Row("Output", grey(y.numpy()), f"Rebuilt by a network that knows only {data.title}", f"by {data.title}"),
        Row(
            "Error",
            signed((y - x).numpy(), scale),
            "Signed error",
            f"blue: too dark, red: too bright, ±{scale:.2f}",
        ),
    ]
    words = [f"{name} · {theirs[i]:.1f}" for name, i in zip(classes, chosen.tolist(), strict=True)]
    st.html(sheet(rows, words, "class · squared error"))
    height, width = data.shape[1:]
    provenance(run.run, run.checkpoint, f"fed with test pictures of {others[name]}, resized to {height}×{width}")
    pixels = math.prod(data.shape)
    left, right = st.columns([1, 2.2], gap="large")
    left.metric(
        f"{plain(others[name])}, error per pixel",
        f"{theirs.mean() / pixels:.4f}",
        help=f"Mean over {len(theirs)} pictures",
    )
    left.metric(
        f"{plain(data.title)}, error per pixel", f"{own.mean() / pixels:.4f}", help="Mean over all test pictures"
    )
    with right:
        charts.show(
            charts.error_distribution(own, theirs, (data.title, others[name])),
            key="foreign",
            height=280,
            alt=(
                f"Distribution of the squared error: {data.title}, mean {own.mean():.2f}; {others[name]}, mean "
                f"{theirs.mean():.2f}"
            ),
        )
        provenance(run.run, run.checkpoint)
    notice(noticing.of_foreign(float(own.mean()), float(theirs.mean())))
