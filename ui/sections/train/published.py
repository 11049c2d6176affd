"""Published recipes on the Train page: fill the form with one, and compare what came out with what was printed."""

from __future__ import annotations

import dataclasses

import streamlit as st

from ae_core.published import PUBLISHED, Published, Row
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run, RunError
from ui.controls.pick import pick
from ui.figures.frame import note
from ui.plain import plain
from ui.sections.train.form import fill


def offer_presets() -> None:
    """A choice of published recipes; a button puts one into the form above it, and nothing is started."""
    with st.expander("Published recipes", icon=":material/menu_book:"):
        name = pick("Held against a printed number", {key: e.title for key, e in PUBLISHED.items()}, "recipe")
        entry = PUBLISHED[name]
        note(f"{entry.source}. {entry.protocol}.")
        for k, row in enumerate(entry.rows):
            st.button(
                f"Fill in: {plain(row.label)}",
                key=f"fill_{name}_{k}",
                icon=":material/edit:",
                type="tertiary",
                on_click=_fill,
                args=(row,),
            )
            if row.published is not None:
                note(f"{entry.quantity}: {row.published:.{entry.digits}f} published")


def _fill(row: Row) -> None:
    fill(row.recipe())


def entry_of(recipe: Recipe) -> tuple[Published, Row] | None:
    """The published row that a recipe repeats, whatever its seed; None where there is none."""
    for entry in PUBLISHED.values():
        for row in entry.rows:
            if (
                row.model == recipe.model
                and dataclasses.replace(recipe, plan={**recipe.plan, "seed": 0}) == row.recipe()
            ):
                return entry, row
    return None


def compare(run: Run) -> None:
    """Where a finished run repeats a published recipe whose number its record holds: both numbers."""
    try:
        found = entry_of(run.recipe()) if run.status().state == "done" else None
    except RunError:
        return
    if found and found[1].published is not None and found[0].recorded:
        entry, row = found
        ours = entry.measure(run)
        st.info(
            f"{plain(entry.quantity)}: this run **{ours:.{entry.digits}f}**, published "
            f"**{row.published:.{entry.digits}f}** ({plain(entry.source)}).",
            icon=":material/menu_book:",
        )
