"""The knobs in which the compared runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ae_core.knobs import declared
from ae_core.models import model_class
from ae_core.runs.recipe import differences
from ae_core.training.loop import Plan
from ui.sections.compare.chosen import Compared


def knob_rows(compared: Sequence[Compared]) -> list[list[str]]:
    """The knobs in which the recipes differ: their label, then the value in each run; a dash where there is no such
    knob.
    """
    recipes = [one.opened.recipe for one in compared]
    labels = {"model": "Model"}
    for owner in (*(model_class(one.model) for one in recipes), Plan):
        labels |= {
            name: knob.knob.label or name.replace("_", " ").capitalize() for name, knob in declared(owner).items()
        }
    different = differences(recipes)
    return [[labels[name], *map(_in_words, values)] for name, values in different.items()]


def _in_words(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
    return str(value)
