"""What several networks make of one picture: output, code, and the training pictures that come nearest."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.exploration import as_bytes
from ae_core.metrics import codes, reconstructions, squared_errors
from ae_core.runs import Run
from ui import cached
from ui.colours import BASELINE, OURS
from ui.computing import in_slices
from ui.frame import note, notice
from ui.pick import pick_several, short_title
from ui.pictures import Row, data_uri, grey, png, sheet, strip
from ui.provenance import source_words
from ui.remembered import remembered
from ui.sketching import sketched
from ui.sources import SHOWN_FIRST, Source, all_uploaded, of_test, until_then, uploaded

NEAREST, MOST = 5, 4


def beside_a_sheet(runs: list[Run], data: Dataset, key: str) -> Tensor | None:
    """A sheet to draw on, and what these networks make of the drawing, without any choice; returns the drawing."""
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        x = sketched(data, key)
    with right:
        if x is None:
            note(
                "Draw on the sheet, and the networks answer while you draw. Until then, this is their answer to a test picture."
            )
        made = of_test(data, SHOWN_FIRST) if x is None else Source(x, "your drawing", "Your drawing")
        versions = tuple(map(cached.version, runs))
        st.html(_first(runs, versions, data, data.name, made) if x is None else _lines(runs, data, made))
        note(*(source_words(one, cached.model(one)[1], made.words) for one in runs))
    return x


def of_drawing(run: Run, data: Dataset) -> None:
    """Draw, and see what each chosen network makes of it."""

    def drawn() -> Source | None:
        x = sketched(data, "sketch")
        return None if x is None else Source(x, "your drawing", "Your drawing")

    _answers(run, data, drawn, "Draw something on the sheet, or press Example: the networks answer while you draw.")
    notice(
        "A network can only say what it has learned to say: draw a letter, and one with a small code answers with the digit "
        "that is nearest. Damage a picture with *Noise* or *Black out* and see who repairs it. The nearest pictures show what "
        "the network takes your drawing for; those by pixels, what it really overlaps with."
    )


def of_upload(run: Run, data: Dataset) -> None:
    """Bring a picture, or a zip of pictures, and see what each chosen network makes of it."""
    _answers(run, data, lambda: uploaded(data), "Choose a picture on the left, and see what the networks make of it.")
    everything = all_uploaded(data)
    if everything is not None and in_slices(everything, "Turning the other pictures of the zip"):
        _whole_set(run, everything.result())
    notice(
        "Your picture is not of the kind that the network has learned from. Where it rebuilds it well, it has learned "
        "something about pictures; where it does not, it answers with what it knows. Try how much the crop and turning dark "
        "and light change the answer."
    )


def _answers(run: Run, data: Dataset, source: Callable[[], Source | None], hint: str) -> None:
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        made = source()
    with right:
        runs = {other.id: other for other in cached.runs_of(data.name)}
        start = [run.id, *(other for other in runs if other != run.id)][:MOST]
        names = {key: short_title(other) for key, other in runs.items()}
        chosen = [runs[key] for key in pick_several("Networks, up to four", names, "with", start, MOST)]
        made = made or until_then(data, hint)
        st.html(_lines(chosen, data, made))
        note(
            f"Nearest: by pixels among all training pictures; by code among the first {cached.COMPARED:,}.",
            *(source_words(one, cached.model(one)[1], made.words) for one in chosen),
        )


@remembered(8)
def _first(_runs: list[Run], versions: tuple[str, ...], _data: Dataset, name: str, _made: Source) -> str:
    """`_lines` for the test picture that everybody sees before anything is drawn."""
    return _lines(_runs, _data, _made)


def _lines(runs: list[Run], data: Dataset, made: Source) -> str:
    """HTML of a picture, and of what each network makes of it."""
    return f'<div class="ae-answers">{_itself(data, made)}{"".join(_answer(one, data, made) for one in runs)}</div>'


def _itself(data: Dataset, made: Source) -> str:
    near = _nearest_pixels(data, made.x)
    return _line(
        _figure(png(_pixels(made.x)), made.alt, "<b>The picture</b><br>as the networks see it"),
        f"<figure><figcaption>{made.x[0].numel()} pixels go in; from the code below, as many come out.</figcaption></figure>",
        _figure_of_training(data, near, "nearest by pixels"),
    )


def _answer(run: Run, data: Dataset, made: Source) -> str:
    model, _ = cached.model(run)
    output, code = reconstructions(model, made.x), codes(model, made.x)
    error = float(squared_errors(made.x, output)[0])
    among = cached.nearest_codes(run)
    near = (among - code).square().sum(1).topk(min(NEAREST, len(among)), largest=False).indices
    name = short_title(run)
    largest = int(code[0].abs().argmax())
    alt = f"Code of {code.shape[1]} numbers; the largest is number {largest + 1} with {float(code[0, largest]):.2f}"
    return _line(
        _figure(png(_pixels(output)), f"Rebuilt by {name}", f"<b>{html.escape(name)}</b><br>squared error {error:.2f}"),
        f'<figure><img class="ae-code" src="{_bars(code[0].tolist())}" alt="{alt}"><figcaption>code, {code.shape[1]} numbers '
        f"from {float(code.min()):.1f} to {float(code.max()):.1f}</figcaption></figure>",
        _figure_of_training(data, near, "nearest by code"),
    )


def _line(*figures: str) -> str:
    return f'<div class="ae-answer">{"".join(figures)}</div>'


def _figure(picture: bytes, alt: str, caption: str) -> str:
    return f'<figure><img src="{data_uri(picture)}" alt="{html.escape(alt, quote=True)}"><figcaption>{caption}</figcaption></figure>'


def _figure_of_training(data: Dataset, near: Tensor, words: str) -> str:
    train = data.load().train
    names = ", ".join(data.classes[label] for label in train.labels[near].tolist())
    picture = strip(grey(train.images[near].numpy()))
    return _figure(
        picture, f"Training pictures {words}, of the classes {names}", f"{html.escape(words)}: {html.escape(names)}"
    )


def _pixels(x: Tensor) -> np.ndarray:
    return np.moveaxis(as_bytes(x[0]).numpy(), 0, -1)


def _bars(values: list[float]) -> str:
    """Numbers as upright bars, as the address of an SVG; blue up and orange down from zero."""
    top, low = max(1e-9, *values), min(0.0, *values)  # zero is always in view
    zero, scale, wide = 98 * top / (top - low) + 1, 98 / (top - low), 100 / len(values)
    bars = "".join(
        f'<rect x="{i * wide:.2f}" y="{zero - max(0.0, v) * scale:.2f}" width="{wide * 0.82:.2f}" '
        f'height="{abs(v) * scale:.2f}" fill="{OURS if v > 0 else BASELINE}"/>'
        for i, v in enumerate(values)
    )
    line = f'<path d="M0 {zero:.2f}H100" stroke="#888" stroke-width="0.5"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none">{bars}{line}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _nearest_pixels(data: Dataset, x: Tensor) -> Tensor:
    """Indices of the training pictures with the least squared distance to x (1, channels, height, width)."""
    train, squares = data.load().train.images.flatten(1), _squares(data.name, data)
    return (squares - 2 * (train @ x.flatten())).topk(NEAREST, largest=False).indices


@remembered(8)
def _squares(name: str, _data: Dataset) -> Tensor:
    return _data.load().train.images.flatten(1).square().sum(1)


def _whole_set(run: Run, images: Tensor) -> None:
    """All pictures of the zip: their mean error beside that of the test pictures."""
    model, _ = cached.model(run)
    errors = squared_errors(images, reconstructions(model, images)).numpy()
    pixels = images[0].numel()
    st.header(f"All {len(images):,} pictures of the zip", anchor=False)
    st.metric("Mean squared error per pixel", f"{errors.mean() / pixels:.4f}", help="Lower is better.")
    note(
        f"On the test pictures of {run.recipe().data.title}: {cached.test_errors(run).mean() / pixels:.4f}, by {run.id}."
    )
    worst = torch.from_numpy(np.argsort(-errors, kind="stable")[:8].copy())
    shown = images[worst]
    rows = [("Hardest of them", shown), ("Rebuilt", reconstructions(model, shown))]
    st.html(
        sheet(
            [Row(name, grey(x.numpy()), name) for name, x in rows], [f"{errors[i]:.1f}" for i in worst], "squared error"
        )
    )
