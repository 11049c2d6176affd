"""How a run learns, and how the one before it did: their curves on one axis."""

from __future__ import annotations

import contextlib

import numpy as np
import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.datasets.choosing import SHOWN
from ae_core.looks.baseline import pca_loss, pca_size
from ae_core.looks.errors import errors_so_far
from ae_core.models import model_class
from ae_core.runs import reading
from ae_core.runs.execution import MONITORED
from ae_core.runs.recipe import Recipe
from ui.colours import BASELINE
from ui.figures import charts
from ui.figures.frame import note
from ui.results.asking import NotReady, ask
from ui.sections.train.pair import One, Pair

HEIGHT = 280
NOTHING = 1e-6  # a squared error below it is rounding; on a logarithmic axis it would push all else together
DOTTED, SOLID, DASHED = "dot", "solid", "dash"
Curve = tuple[str, np.ndarray, np.ndarray, str, str]  # name, epochs, values, colour, dash


def curves(pair: Pair) -> None:
    """One figure, whose place is kept until there is something to draw: the loss of one run by its terms, the whole
    loss of two where they share its unit, else the error of both.
    """
    with st.container(key="watch_curves_place"):
        if len(pair.alike) == 1:
            _terms(pair.now)
        elif pair.now.recipe.unit == pair.alike[1].recipe.unit:
            _losses(pair)
        else:
            _errors(pair)


def _terms(one: One) -> None:
    lines = reading.log(one.run)[0]
    if len(lines) < 2:
        return
    reference = pca_line(one.recipe)
    beside = f"; {reference[0]}: {reference[1]:.3g}" if reference else ""
    alt = f"Loss by epoch; the test loss is now {sum(lines[-1]['test'].values()):.3g}{beside}"
    charts.show(charts.loss_curves(lines, one.per_epoch, reference), key="watch_curves", height=HEIGHT, alt=alt)
    note(_meaning(one.recipe, reference))


def _losses(pair: Pair) -> None:
    drawn = [curve for one in pair.shown for curve in _loss(one)]
    reference = pca_line(pair.now.recipe)
    if drawn and reference:
        ends = np.array([min(curve[1].min() for curve in drawn), max(curve[1].max() for curve in drawn)])
        drawn.append((reference[0], ends, np.full(2, reference[1]), BASELINE, DASHED))
    _show(drawn, f"test loss, {pair.now.recipe.unit}")
    note(f"{_meaning(pair.now.recipe, reference)} All terms of the loss are added.")


def _loss(one: One) -> list[Curve]:
    """The loss of training batches and of test pictures, all terms added; nothing where nothing is logged yet."""
    lines = [line for line in reading.log(one.run)[0] if line.get("test")]
    if not lines:
        return []
    epochs = np.array([line["step"] for line in lines]) / one.per_epoch
    both = ((f"{one.name}, training", "train", DOTTED), (one.name, "test", SOLID))
    return [(name, epochs, _sums(lines, part), one.colour, dash) for name, part, dash in both]


def _sums(lines: list[dict[str, dict[str, float]]], part: str) -> np.ndarray:
    return np.array([sum(line[part].values()) if line.get(part) else np.nan for line in lines])


def _errors(pair: Pair) -> None:
    drawn: list[Curve] = []
    with contextlib.suppress(DatasetError):
        for one in pair.shown:
            steps, values = errors_so_far(one.run)
            drawn += [(one.name, steps / one.per_epoch, values, one.colour, SOLID)] if len(steps) else []
    _show(drawn, "squared error per pixel")
    units = " and in ".join(one.recipe.unit for one in pair.shown)
    note(
        f"Their losses are in {units}, which cannot be compared: this is the squared error of the {SHOWN} test "
        "pictures that every training keeps."
    )


def _show(drawn: list[Curve], title: str) -> None:
    if not drawn:
        return
    spoken = "; ".join(f"{name} {values[-1]:.3g}" for name, _, values, _, _ in drawn)
    quiet = [name for name, _, _, _, dash in drawn if dash == DOTTED]
    figure = charts.compared_curves(drawn, title, quiet)
    charts.show(figure, key="watch_curves", height=HEIGHT, alt=f"{title} by epoch. Now: {spoken}")


def _meaning(recipe: Recipe, reference: tuple[str, float] | None) -> str:
    return (
        f"Loss in {recipe.unit}, summed over pixels, mean over images; dotted: training batches, solid: "
        f"{MONITORED} fixed test images at most"
        + (", dashed: PCA with a code of this size, on the same." if reference else ".")
    )


def pca_line(recipe: Recipe) -> tuple[str, float] | None:
    """What PCA with as large a code leaves of the monitored test images, where the loss is a squared error and PCA is
    there; None also where PCA leaves nothing, since its code has as many numbers as the pictures need.
    """
    damaged = "corruption" in recipe.knobs  # a harder task than the one that PCA is measured at here
    if recipe.unit != "squared error" or damaged or not recipe.data.present():
        return None
    with contextlib.suppress(NotReady):
        # The loss of a network without a bend at its end takes the outputs as they are, so PCA's are not cut either.
        cut = model_class(recipe.model).ends_in_logits
        size = pca_size(recipe.data, recipe.knobs["latent"])
        left = ask(pca_loss, recipe.data, size, MONITORED, cut)
        return (f"PCA, {size} numbers", left) if left > NOTHING else None
    return None
