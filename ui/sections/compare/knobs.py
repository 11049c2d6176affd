"""The knobs in which the compared runs differ."""

from __future__ import annotations

from collections.abc import Sequence

from ae_core.knobs import declared, in_words
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
        labels |= {name: knob.label for name, knob in declared(owner).items()}
    different = differences(recipes)
    return [[labels[name], *map(in_words, values)] for name, values in different.items()]
