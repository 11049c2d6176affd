"""The form of Train: the names of its fields, and a recipe put into all of them at once."""

from __future__ import annotations

import streamlit as st

from ae_core.knobs import declared
from ae_core.models import MODELS
from ae_core.runs.recipe import Recipe
from ae_core.training.loop import Plan
from ui.controls.address import put
from ui.controls.forms import put_knobs

MODEL, DATASET = "model", "dataset"


def fill(recipe: Recipe) -> None:
    """Set every field as in a recipe; nothing is trained."""
    put(MODEL, recipe.model)
    put(DATASET, recipe.dataset)
    put_knobs({**recipe.knobs, **recipe.plan})


def named_in_address() -> bool:
    """Whether the address says itself how the form is to be filled."""
    fields = {MODEL, DATASET, *(name for owner in (*MODELS.values(), Plan) for name in declared(owner))}
    return not fields.isdisjoint(st.query_params)
