"""Methods that clean damaged pictures: their curves, and what becomes of a picture that goes through many times."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ae_core.baselines import FILTERS
from ae_core.datasets import Dataset
from ae_core.looks.baseline import pca
from ae_core.looks.look import look, report
from ae_core.measures.restoration import (
    TIMES,
    Curve,
    Method,
    by_filter,
    by_model,
    by_pca,
    damaged_psnr,
    sweep,
)
from ae_core.runs.opened import Opened


def method(data: Dataset, who: str | Opened) -> Method:
    """A method by name, a filter or `pca`, or the model of a run."""
    if isinstance(who, Opened):
        return by_model(who.id, who.model.title, who.model)
    return by_pca(pca(data)) if who == "pca" else by_filter(who, who, FILTERS[who])


@look("Measuring what cleans best")
def curve(data: Dataset, damage: str, who: str | Opened) -> Curve:
    """What one method is worth against all levels of one kind of damage."""
    return sweep(method(data, who), data, damage, report)


@look()
def damaged_curve(data: Dataset, damage: str) -> dict[float, float]:
    """PSNR of the damaged pictures themselves, by level."""
    return damaged_psnr(data, damage)


@dataclass(frozen=True)
class Again:
    """By how often a method was applied, its output (1, channels, height, width), and the root mean square of the last
    change.
    """

    outputs: dict[int, Tensor]
    change: float


@look("Applying it again and again", private=True)
def again(data: Dataset, who: str | Opened, strength: float, damaged: Tensor) -> Again:
    """A method applied to its own output a hundred times: what does it converge to?"""
    apply, outputs, now, change = method(data, who).apply, {}, damaged, 0.0
    for times in range(1, TIMES[-1] + 1):
        after = apply(now, strength)
        now, change = after, float((after - now).square().mean().sqrt())
        if times in TIMES:
            outputs[times] = after
        report(times / TIMES[-1], Again(outputs, change))
    return Again(outputs, change)
