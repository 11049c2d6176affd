"""Methods that clean a damaged picture, side by side: their outputs, their curves, and their hundredth application."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.baselines import FILTERS
from ae_core.computations import Computation, as_curve
from ae_core.datasets import Dataset
from ae_core.exploration import as_bytes
from ae_core.metrics import ssims
from ae_core.models import Vanilla, model_class
from ae_core.models.base import PlainAutoencoder
from ae_core.restoration import (
    JUDGED_ON,
    LEVELS,
    TIMES,
    TUNED_ON,
    Again,
    Curve,
    Method,
    by_filter,
    by_model,
    by_pca,
    damaged_psnr,
    quality,
)  # fmt: skip
from ae_core.runs import Run
from ae_core.slices import Pace
from ui import cached, charts
from ui.colours import BASELINE, CLASSES, RUN_COLOURS
from ui.computing import computed_by_now
from ui.frame import table, wide
from ui.pick import short_title
from ui.pictures import Row, Tile, grey
from ui.remembered import remembered
from ui.turns import turns

KINDS = {
    "gaussian": "Gaussian noise", "salt_and_pepper": "Salt and pepper", "masking": "Missing pixels", "block": "Black block",
}  # fmt: skip
FILTER_TITLES = {"median": "Median", "gaussian": "Gaussian blur", "non_local_means": "Non-local means"}
FILTER_COLOURS = {"median": CLASSES[3], "gaussian": CLASSES[5], "non_local_means": CLASSES[6]}
HUNDRED = ("damaged", *(f"× {times}" for times in TIMES))  # what stands under the pictures of `hundred`
EVERY_S = 0.3  # between two looks at what is still being measured
REPEATING = Pace(0.12, EVERY_S)  # of all visitors together
EQUAL_DB = 60.0  # from here on two pictures count as equal: a quarter of a grey level of 256 apart


@dataclass(frozen=True)
class Candidate:
    """A method on the page, the colour of its curve, and the curve itself; None while it is being measured."""

    method: Method
    colour: str
    version: str
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
    """The first run that learned to undo damage, and the first plain one that never saw any; a vanilla one if there is."""
    kinds = {run.id: model_class(run.recipe().model) for run in runs}
    plain = [run for run in runs if issubclass(kinds[run.id], PlainAutoencoder)]
    plain.sort(key=lambda run: kinds[run.id] is not Vanilla)
    return [found[0] for found in ([run for run in runs if damage_of(run)], plain) if found]


def candidates(data: Dataset, runs: Sequence[Run], kind: str) -> list[Candidate]:
    """The chosen runs, PCA and the filters, for one kind of damage. RunError where a run cannot be opened."""

    def curve(method: str, run: str = "", weights: str = "") -> Curve | None:
        found = computed_by_now(
            Computation.of("sweep", dataset=data.name, damage=kind, method=method, run=run, weights=weights)
        )
        return as_curve(found) if found else None

    filters = [
        Candidate(by_filter(name, FILTER_TITLES[name], FILTERS[name]), FILTER_COLOURS[name], data.name, curve(name))
        for name in reversed(FILTERS)  # the slowest is asked for first
    ]
    pca = Candidate(by_pca(cached.pca(data.name)), BASELINE, data.name, curve("pca"))
    networks = []
    for run, colour in zip(runs, RUN_COLOURS, strict=False):
        model, weights = cached.model(run)
        made = by_model(run.id, short_title(run), model)
        networks.append(Candidate(made, colour, cached.version(run), curve("model", run.id, weights.sha256)))
    return [*networks, pca, *reversed(filters)]


@remembered(64)
def _again(_method: Method, _damaged: Tensor, strength: float, key: str) -> Again:
    return Again(_method, strength, _damaged)


@remembered(32)
def damaged_curve(name: str, _data: Dataset, kind: str) -> dict[float, float]:
    """PSNR of the damaged pictures themselves, by level."""
    return damaged_psnr(_data, kind)


def decibel(value: float) -> str:
    """A PSNR in words."""
    return f"{value:.1f} dB" if value < EQUAL_DB else "equal"


def _pixels(x: Tensor) -> np.ndarray:
    return as_bytes(x[0]).movedim(0, -1).numpy()


def once(clean: Tensor, damaged: Tensor, level: float, shown: Sequence[Candidate], alt: str) -> list[Tile]:
    """The clean picture, the damaged one, and what each method makes of it, with PSNR and SSIM under each."""
    tuned = [(one.method, one.strength(level)) for one in shown]
    outputs = [damaged * 0 if s is None else method.apply(damaged, s) for method, s in tuned]
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
    """PSNR and SSIM of each picture (1, channels, height, width) in words; all SSIMs at once, which is ten times as fast."""
    together = torch.cat(list(outputs))
    return [
        [f"PSNR {decibel(quality(clean, output))}", f"SSIM {ssim:.2f}"]
        for output, ssim in zip(outputs, ssims(clean.expand_as(together), together).tolist(), strict=True)
    ]


def hundred(damaged: Tensor, level: float, shown: Sequence[Candidate]) -> tuple[list[Row], bool]:
    """What every method's output becomes when it goes through again and again; and whether all is computed."""
    key = hashlib.sha256(damaged.numpy().tobytes()).hexdigest()
    tuned = [(c, strength) for c in shown if (strength := c.strength(level)) is not None]
    repeated = {
        c.method.title: _again(c.method, damaged, strength, f"{c.version}:{c.method.name}:{strength}:{key}")
        for c, strength in tuned
    }
    if not all(again.done for again in repeated.values()):
        turns.give_up()
        REPEATING.move(repeated.values())
    rows = [_repeated_row(name, damaged, again) for name, again in repeated.items()]
    done = len(tuned) == len(shown) and all(again.done for again in repeated.values())
    return rows, done


def _repeated_row(name: str, damaged: Tensor, again: Again) -> Row:
    outputs = [damaged, *(again.outputs.get(times, damaged * 0) for times in TIMES)]
    change = f"root mean square of the last change {again.change:.4f}"
    detail = f"last change {again.change:.4f}" if again.done else "computing …"
    return Row(name, grey(torch.cat(outputs).numpy()), f"{name} applied again and again; {change}", detail)


def curve_chart(name: str, data: Dataset, kind: str, shown: Sequence[Candidate], marks: dict[float, str]) -> None:
    """PSNR against the level of damage for all methods, and the same as a table."""
    noisy = damaged_curve(name, data, kind)
    curves = [(c.method.title, _drawable(c.psnr), c.colour, "solid") for c in shown]
    curves.append(("damaged, as it is", _drawable(noisy), CLASSES[8], "dot"))
    best = {level: max((c.psnr.get(level, 0.0), c.method.title) for c in shown) for level in LEVELS[1:]}
    spoken = "; ".join(f"{level:g}: {title} {value:.1f} dB" for level, (value, title) in best.items() if value)
    charts.show(
        charts.quality_curves(curves, marks), key="denoise_curves", height=360,
        alt=f"PSNR against the level of damage. Best method at each level: {spoken or 'not measured yet'}",
    )  # fmt: skip
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
        f"Curves: PSNR of the mean squared error over {JUDGED_ON} fixed test pictures of {data.title}, classes in turn, damaged "
        f"by a fixed draw. Filters and PCA: for each level the strength that is best on {TUNED_ON} training pictures."
    )
