"""What several networks make of one picture: output, code, and the training pictures that come nearest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
import torch
from markupsafe import Markup
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.looks import neighbours
from ae_core.looks.codes import COMPARED
from ae_core.looks.codes import codes as test_codes
from ae_core.looks.errors import brought, test_errors
from ae_core.measures.metrics import codes, reconstructions, squared_errors
from ae_core.pictures.pixels import as_bytes
from ae_core.runs import reading
from ae_core.runs.opened import Opened, opened
from ae_core.runs.store import Store
from ui.colours import BASELINE, OURS
from ui.controls.pick import pick_several, short_title
from ui.controls.sketching import sketched
from ui.controls.sources import Source, Zip, open_zip, until_then, uploaded
from ui.figures.frame import note, notice
from ui.figures.pictures import Figure, Row, data_uri, figures, grey, png, sheet, strip
from ui.figures.provenance import source_words
from ui.markup import box, render
from ui.results.asking import ask, when_ready
from ui.results.failed_runs import failed, usable

NEAREST, MOST = 5, 4


def of_drawing(run: Opened) -> None:
    """Draw, and see what each chosen network makes of it."""

    def drawn() -> Source | None:
        x = sketched(run.data, "sketch")
        return None if x is None else Source(x, "your drawing", "Your drawing")

    _answers(run, drawn, "Draw something on the sheet, or press Example: the networks answer while you draw.")
    notice(
        "A network can only say what it has learned to say: draw a letter, and one with a small code answers with the "
        "digit that is nearest. Damage a picture with *Noise* or *Black out* and see who repairs it. The nearest "
        "pictures show what the network takes your drawing for; those by pixels, what it really overlaps with."
    )


def of_upload(run: Opened) -> None:
    """Bring a picture, or a zip of pictures, and see what each chosen network makes of it."""
    hint = "Choose a picture on the left, and see what the networks make of it."
    _answers(run, lambda: uploaded(run.data), hint)
    everything = open_zip()
    if everything is not None:
        when_ready(_whole_set, run, everything)
    notice(
        "The network has never seen your picture, nor others from where it comes. Where it rebuilds it well, it has "
        "learned something about pictures; where it does not, it answers with what it knows. Try how much the crop and "
        "turning dark and light change the answer."
    )


def _answers(run: Opened, source: Callable[[], Source | None], hint: str) -> None:
    data = run.data
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        made = source()
    with right:
        runs = {other.id: other for other in reading.runs_of(Store.default(), data.name)}
        start = [run.id, *(key for key, other in runs.items() if key != run.id and not failed(other))][:MOST]
        names = {key: short_title(other) for key, other in runs.items()}
        picked = pick_several("Networks, up to four", names, "with", start, MOST)
        chosen = list(map(opened, usable([runs[key] for key in picked], said=run.id)))
        made = made or until_then(data, hint)
        st.html(_lines(chosen, data, made))
        note(
            f"Nearest, by pixels as by code: among the first {COMPARED:,} training pictures.",
            *(source_words(one.run, one.checkpoint, made.words) for one in chosen),
        )


def _lines(runs: Sequence[Opened], data: Dataset, made: Source) -> Markup:
    """HTML of a picture, and of what each network makes of it."""
    return box("ae-answers", _itself(data, made), *(_answer(one, data, made) for one in runs))


def _itself(data: Dataset, made: Source) -> Markup:
    near = ask(neighbours.by_pixels, data, made.x, NEAREST)
    words = f"{made.x[0].numel()} pixels go in; from the code below, as many come out."
    shown = [
        Figure(_address(made.x), made.alt, "The picture", ["as the networks see it"]),
        Figure("", "", words=words),
        _figure_of_training(data, near, "nearest by pixels"),
    ]
    return figures("ae-answer", shown)


def _answer(run: Opened, data: Dataset, made: Source) -> Markup:
    output, code = reconstructions(run.model, made.x), codes(run.model, made.x)
    error = float(squared_errors(made.x, output)[0])
    near = ask(neighbours.by_code, run, made.x, NEAREST)
    name = short_title(run.run)
    largest = int(code[0].abs().argmax())
    alt = f"Code of {code.shape[1]} numbers; the largest is number {largest + 1} with {float(code[0, largest]):.2f}"
    active = int((code != 0).sum())
    used = "" if active == code.shape[1] else f", {active} of them not zero"
    words = f"code, {code.shape[1]} numbers from {float(code.min()):.1f} to {float(code.max()):.1f}{used}"
    shown = [
        Figure(_address(output), f"Rebuilt by {name}", name, [f"squared error {error:.2f}"]),
        Figure(_bars(code[0].tolist(), *_range(run)), alt, words=words, kind="ae-code"),
        _figure_of_training(data, near, "nearest by code"),
    ]
    return figures("ae-answer", shown)


def _figure_of_training(data: Dataset, near: Tensor, words: str) -> Figure:
    train = data.load().train
    names = ", ".join(data.classes[label] for label in train.labels[near].tolist())
    picture = strip(grey(train.images[near].numpy()))
    alt = f"Training pictures {words}, of the classes {names}"
    return Figure(data_uri(picture), alt, words=f"{words}: {names}")


def _address(x: Tensor) -> str:
    return data_uri(png(np.moveaxis(as_bytes(x[0]).numpy(), 0, -1)))


def _range(run: Opened) -> tuple[float, float]:
    """The least and the greatest number in the codes of the test pictures: one scale for the bars of all pictures."""
    known = ask(test_codes, run).codes
    return float(known.min()), float(known.max())


def _bars(values: list[float], least: float, greatest: float) -> str:
    """Numbers as upright bars on a scale from `least` to `greatest`, or as far as they reach, as the address of an SVG;
    blue up and orange down from zero.
    """
    top, low = max(1e-9, greatest, *values), min(0.0, least, *values)  # zero is always in view
    zero, scale, wide = 98 * top / (top - low) + 1, 98 / (top - low), 100 / len(values)
    bars = [f"M{i * wide:.2f} {zero:.2f}v{-v * scale:.2f}h{wide * 0.82:.2f}V{zero:.2f}z" for i, v in enumerate(values)]
    up = "".join(bar for bar, v in zip(bars, values, strict=True) if v > 0)
    down = "".join(bar for bar, v in zip(bars, values, strict=True) if v <= 0)
    svg = render("bars.svg", shown={OURS: up, BASELINE: down}, zero=f"{zero:.2f}")
    return data_uri(svg.encode(), "svg+xml")


def _whole_set(run: Opened, zipped: Zip) -> None:
    """All pictures of the zip: their mean error beside that of the test pictures."""
    found = ask(brought, run, *zipped)
    errors, pixels = found.errors.numpy(), found.images[0].numel()
    st.header(f"All {len(errors):,} pictures of the zip", anchor=False)
    st.metric("Mean squared error per pixel", f"{errors.mean() / pixels:.4f}", help="Lower is better.")
    note(f"On the test pictures of {run.data.title}: {ask(test_errors, run).mean() / pixels:.4f}, by {run.id}.")
    worst = torch.from_numpy(np.argsort(-errors, kind="stable")[:8].copy())
    rows = [("Hardest of them", found.images[worst]), ("Rebuilt", found.outputs[worst])]
    st.html(
        sheet(
            [Row(name, grey(x.numpy()), name) for name, x in rows], [f"{errors[i]:.1f}" for i in worst], "squared error"
        )
    )
