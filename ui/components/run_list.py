"""The list of runs, drawn by the browser: one element however many there are; what is asked of a run is a link, or Delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

# Where a run is looked at: addresses beside that of the list, to which the browser adds its id.
LINKS = {"watch": "train?run=", "open": "reconstruct?run=", "compare": "compare?runs="}
DELETE = "delete"
_HERE = Path(__file__).parent
_HTML = """
<div class="list">
  <ul role="list" aria-label="Runs"></ul>
  <p class="said" role="status"></p>
  <template><li tabindex="-1">
    <p class="name"><b></b><small></small></p>
    <p class="state"><span></span></p>
    <svg class="curve" role="img" aria-label="test loss over the training" viewBox="0 0 100 30" preserveAspectRatio="none"><polyline/></svg>
    <p class="numbers"><b></b> <small>test error per pixel</small><span></span></p>
    <div class="actions">
      <a data-visit data-action="watch"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3.5 17.5l6-6 4 4 7-8.5"/></svg>Watch</a>
      <a data-visit data-action="open"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3v18M9 5.5H4.5v13H9M15 5.5h4.5v13H15"/></svg>Open</a>
      <a data-visit data-action="compare"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3.5 5.5h17v13h-17zM9.2 5.5v13M14.8 5.5v13"/></svg>Compare</a>
      <button data-action="delete" type="button"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4.5 6.5h15M9.5 6.5v-3h5v3M6.5 6.5v14h11v-14M10 10.5v6M14 10.5v6"/></svg>Delete</button>
    </div>
  </li></template>
</div>
"""


def run_list(rows: Sequence[Mapping[str, Any]], colour: str, key: str) -> None:
    """Show rows, which `ui.listed` makes, with curves of this colour; `to_delete` says what was pressed in them."""
    _component()(key=key, data={"rows": list(rows), "links": LINKS, "colour": colour}, on_delete_change=_nothing)


def to_delete(key: str) -> str | None:
    """The id of the run whose Delete was pressed just now, as a browser sent it: any text. None where there is none."""
    state = st.session_state.get(key)
    sent = state.get(DELETE) if isinstance(state, Mapping) else None
    return sent if isinstance(sent, str) else None


def _component() -> ComponentRenderer:
    read = {kind: "\n" + (_HERE / f"run_list.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")}
    return st.components.v2.component("run_list", html=_HTML, css=read["css"], js=read["js"])


def _nothing() -> None:
    """Streamlit hands on what a component sends only where somebody asks to be told of it."""
