"""The list of runs, drawn by the browser: one element however many there are; what is asked of a run is a link, or
Delete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui.components.shared.files import texts
from ui.components.shared.modules import script

# Where a run is looked at: addresses beside that of the list, to which the browser adds its id.
LINKS = {"watch": "train?run=", "open": "reconstruct?run=", "compare": "compare?runs="}
DELETE = "delete"


def run_list(rows: Sequence[Mapping[str, Any]], colour: str, key: str) -> None:
    """Show rows, which `ui.sections.runs.rows` makes, with curves of this colour; `to_delete` says what was pressed in
    them.
    """
    _component()(key=key, data={"rows": list(rows), "links": LINKS, "colour": colour}, on_delete_change=_nothing)


def to_delete(key: str) -> str | None:
    """The id of the run whose Delete was pressed just now, as a browser sent it: any text. None where there is none."""
    state = st.session_state.get(key)
    sent = state.get(DELETE) if isinstance(state, Mapping) else None
    return sent if isinstance(sent, str) else None


def _component() -> ComponentRenderer:
    html, css = texts(__file__, "run_list.html", "run_list.css")
    return st.components.v2.component("run_list", html=html, css=css, js=script(__file__, "run_list.js"))


def _nothing() -> None:
    """Streamlit hands on what a component sends only where somebody asks to be told of it."""
