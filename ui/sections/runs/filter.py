"""Which runs are listed: of one model, of one data set, with a part of a name."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ae_core.datasets import DatasetError, datasets
from ae_core.models import MODELS
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run, RunError
from ui.controls.pick import pick

ALL = "*"  # no model and no data set is called so


def wanted(runs: Sequence[Run]) -> list[Run]:
    """Those of the runs that the visitor asks for, by three controls that live in the address."""
    recipes = {run.id: _recipe(run) for run in runs}
    made = [recipe for recipe in recipes.values() if recipe]
    models = [name for name in MODELS if any(recipe.model == name for recipe in made)]
    known = {name: entry.title for name, entry in datasets().items()}
    data = [name for name in known if any(recipe.dataset == name for recipe in made)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search", key="search", bind="query-params", placeholder="a part of a name", width=220)
        model = pick("Model", {ALL: "all"} | {name: MODELS[name].title for name in models}, "of_model", width=190)
        on = pick("Pictures", {ALL: "all"} | {name: known[name] for name in data}, "of_data", width=220)
    words = text[:100].lower().split()
    return [run for run in runs if _is_one(run, recipes[run.id], words, model, on)]


def _recipe(run: Run) -> Recipe | None:
    try:
        return run.recipe()
    except (RunError, DatasetError):
        return None


def _is_one(run: Run, recipe: Recipe | None, words: Sequence[str], model: str, data: str) -> bool:
    """Whether a run is asked for; one that cannot be read has its id alone."""
    name = f"{run.id} {recipe.title if recipe else ''}".lower()
    return (
        all(word in name for word in words)
        and model in (ALL, recipe and recipe.model)
        and data in (ALL, recipe and recipe.dataset)
    )
