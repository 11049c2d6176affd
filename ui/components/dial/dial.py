"""A slider with a few fixed stops that says where it is while it is dragged; a native one is silent until it is
released.

Pictures that follow it (`ui.controls.live`) change under the hand; the page is drawn again once the slider rests.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui.components.shared.files import texts
from ui.components.shared.modules import script

TURNED = "turned"
_HTML = """
<div><span></span><b aria-hidden="true"></b><input type="number" step="1"><input type="range" step="1"></div>
"""


def dial(label: str, stops: Mapping[str, str], key: str, width: int) -> None:
    """Show the slider at the stop `st.session_state[key]`, and write there where the visitor puts it.

    `stops` are its places from left to right: name -> text on screen.
    """
    data = {"name": key, "label": label, "stops": list(stops.items()), "at": st.session_state[key]}
    _component()(key=_own(key), data=data, width=width, on_turned_change=functools.partial(_turned, key, stops))


def _own(key: str) -> str:
    return f"{key}_dial"


def _turned(key: str, stops: Mapping[str, str]) -> None:
    """Take over what the browser sent, if that is one of the stops."""
    state: Any = st.session_state.get(_own(key))
    sent = state.get(TURNED) if isinstance(state, Mapping) else None
    if isinstance(sent, str) and sent in stops:
        st.session_state[key] = sent


def _component() -> ComponentRenderer:
    css = "".join(texts(__file__, "slider.css", "dial.css"))
    return st.components.v2.component("dial", html=_HTML, css=css, js=script(__file__, "dial.js"))
