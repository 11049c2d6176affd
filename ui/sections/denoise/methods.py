"""Methods that clean a damaged picture, side by side: their outputs, their curves, and their hundredth application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.baselines import FILTERS
from ae_core.datasets import Dataset
from ae_core.looks.baseline import pca
from ae_core.looks.cleaning import Again, again, curve, damaged_curve
from ae_core.measures.metrics import ssims
from ae_core.measures.restoration import (
    JUDGED_ON,
    LEVELS,
    TIMES,
    TUNED_ON,
    Curve,
    Method,
    by_filter,
    by_model,
    by_pca,
    quality,
)
from ae_core.models import Vanilla, model_class
from ae_core.models.base import PlainAutoencoder
from ae_core.pictures.pixels import as_bytes
from ae_core.runs.opened import Opened, opened
from ae_core.runs.run import Run
from ui.colours import BASELINE, CLASSES, RUN_COLOURS
from ui.controls.pick import short_title
from ui.figures import charts
from ui.figures.frame import table, wide
from ui.figures.pictures import Row, Tile, grey
from ui.results.asking import ask, by_now
from ui.results.failed_runs import sound

KINDS = {
    "gaussian": "Gaussian noise",
    "salt_and_pepper": "Salt and pepper",
    "masking": "Missing pixels",
    "block": "Black block",
}
FILTER_TITLES = {"median": "Median", "gaussian": "Gaussian blur", "non_local_means": "Non-local means"}
FILTER_COLOURS = {"median": CLASSES[3], "gaussian": CLASSES[5], "non_local_means": CLASSES[6]}
HUNDRED = ("damaged", *(f"× {times}" for times in TIMES))  # what stands under the pictures of `hundred`
EVERY_S = 0.3  # between two looks at what is still being measured
EQUAL_DB = 60.0  # from here on two pictures count as equal: a quarter of a grey level of 256 apart


@dataclass(frozen=True)
class Candidate:
    """A method on the page, the colour of its curve, and the curve itself; None while it is being measured."""

    who: str | Opened  # as looks name it
    method: Method
    colour: str
    curve: Curve | None

    @property
    def psnr(self) -> dict[float, float]:
        """By level, in dB; empty while it is being measured."""
        return self.curve.psnr if self.curve else {}

    def strength(self, level: float) -> float | None:
        """The tuned strength at a level; None where it has to be tuned and is not yet."""
        if len(self.method.strengths) == 1:
            return self.method.strengths[0]
        return self.curve.strength[level] if self.curve else None


def damage_of(run: Run) -> tuple[str, float] | None:
    """The kind and the level of damage that a run was trained to undo; None where it was trained on clean pictures."""
    knobs = run.recipe().knobs
    return (knobs["corruption"], knobs["level"]) if {"corruption", "level"} <= knobs.keys() else None


def starting_runs(runs: Sequence[Run]) -> list[Run]:
    """The first run that learned to undo damage, and the first plain one that never saw any; a vanilla one if
    there is.
    """
    kinds = {run.id: model_class(run.recipe().model) for run in runs}
    plain = [run for run in runs if issubclass(kinds[run.id], PlainAutoencoder)]
    plain.sort(key=lambda run: kinds[run.id] is not Vanilla)
    first = (next(filter(sound, found), None) for found in ([run for run in runs if damage_of(run)], plain))
    return [run for run in first if run]


def candidates(data: Dataset, runs: Sequence[Run], kind: str) -> list[Candidate]:
    """The chosen runs, PCA and the filters, for one kind of damage. RunError where a run cannot be opened."""
    fitted = ask(pca, data)

    def candidate(who: str | Opened, colour: str, method: Method) -> Candidate:
        return Candidate(who, method, colour, by_now(curve, data, kind, who))

    filters = [
        candidate(name, FILTER_COLOURS[name], by_filter(name, FILTER_TITLES[name], FILTERS[name]))
        for name in reversed(FILTERS)  # the slowest is asked for first
    ]
    ours = candidate("pca", BASELINE, by_pca(fitted))
    networks = [
        candidate(opened(run), colour, by_model(run.id, short_title(run), opened(run).model))
        for run, colour in zip(runs, RUN_COLOURS, strict=False)
    ]
    return [*networks, ours, *reversed(filters)]


def decibel(value: float) -> str:
    """A PSNR in words."""
    return f"{value:.1f} dB" if value < EQUAL_DB else "equal"


def _pixels(x: Tensor) -> np.ndarray:
    return as_bytes(x[0]).movedim(0, -1).numpy()


def once(clean: Tensor, damaged: Tensor, level: float, shown: Sequence[Candidate], alt: str) -> list[Tile]:
    """The clean picture, the damaged one, and what each method makes of it, with PSNR and SSIM under each."""
    tuned = [(one.method, one.strength(level)) for one in shown]
    outputs = [torch.zeros_like(damaged) if s is None else method.apply(damaged, s) for method, s in tuned]
    under, *numbers = _numbers(clean, [damaged, *outputs])
    found = [
        Tile("Clean", _pixels(clean), alt, ["what they should find"]),
        Tile("Damaged", _pixels(damaged), f"{alt}, damaged", under),
    ]
    for (method, strength), output, words in zip(tuned, outputs, numbers, strict=True):
        if strength is None:
            found.append(Tile(method.title, _pixels(output), "Not there yet", ["being tuned …"]))
            continue
        heard = f"Cleaned by {method.title}: {', '.join(words)}"
        detail = [f"{method.knob}: {strength:g}"] if method.knob else []
        found.append(Tile(method.title, _pixels(output), heard, words + detail))
    return found


def _numbers(clean: Tensor, outputs: Sequence[Tensor]) -> list[list[str]]:
    """PSNR and SSIM of each picture (1, channels, height, width) in words; all SSIMs at once, which is ten times as
    fast.
    """
    together = torch.cat(list(outputs))
    return [
        [f"PSNR {decibel(quality(clean, output))}", f"SSIM {ssim:.2f}"]
        for output, ssim in zip(outputs, ssims(clean.expand_as(together), together).tolist(), strict=True)
    ]


def hundred(data: Dataset, damaged: Tensor, level: float, shown: Sequence[Candidate]) -> tuple[list[Row], bool]:
    """What every method's output becomes when it goes through again and again; and whether all is computed."""
    tuned = [(c, strength) for c in shown if (strength := c.strength(level)) is not None]
    found = {c.method.title: by_now(again, data, c.who, strength, damaged) for c, strength in tuned}
    rows = [_repeated_row(name, damaged, one) for name, one in found.items()]
    return rows, len(tuned) == len(shown) and None not in found.values()


def _repeated_row(name: str, damaged: Tensor, found: Again | None) -> Row:
    empty = torch.zeros_like(damaged)
    outputs = [damaged, *(found.outputs[times] if found else empty for times in TIMES)]
    detail = f"last change {found.change:.4f}" if found else "computing …"
    change = f"root mean square of the last change {found.change:.4f}" if found else detail
    return Row(name, grey(torch.cat(outputs).numpy()), f"{name} applied again and again; {change}", detail)


def curve_chart(data: Dataset, kind: str, shown: Sequence[Candidate], marks: dict[float, str]) -> None:
    """PSNR against the level of damage for all methods, and the same as a table."""
    noisy = ask(damaged_curve, data, kind)
    curves = [(c.method.title, _drawable(c.psnr), c.colour, "solid") for c in shown]
    curves.append(("damaged, as it is", _drawable(noisy), CLASSES[8], "dot"))
    best = {level: max((c.psnr.get(level, 0.0), c.method.title) for c in shown) for level in LEVELS[1:]}
    spoken = "; ".join(f"{level:g}: {title} {value:.1f} dB" for level, (value, title) in best.items() if value)
    charts.show(
        charts.quality_curves(curves, marks),
        key="denoise_curves",
        height=360,
        alt=f"PSNR against the level of damage. Best method at each level: {spoken or 'not measured yet'}",
    )
    with st.expander("The same numbers as a table"):
        st.html(_table([*((c.method.title, c.psnr) for c in shown), ("damaged, as it is", noisy)]))


def _drawable(points: dict[float, float]) -> dict[float, float]:
    return {level: value for level, value in points.items() if level > 0 and value < EQUAL_DB}


def _table(rows: Sequence[tuple[str, dict[float, float]]]) -> str:
    lines = [
        (name, *(decibel(points[level]).removesuffix(" dB") if level in points else "…" for level in LEVELS))
        for name, points in rows
    ]
    return wide("PSNR by level", table(("PSNR in dB at level", *(f"{level:g}" for level in LEVELS)), lines))


def subset_words(data: Dataset) -> str:
    """Which pictures the curves are measured on."""
    return (
        f"Curves: PSNR of the mean squared error over {JUDGED_ON} fixed test pictures of {data.title}, classes in turn,"
        f" damaged by a fixed draw. Filters and PCA: for each level the strength that is best on {TUNED_ON} training "
        "pictures."
    )
