"""On a phone, where controls and result stand one below the other: a press leads to its result."""

from __future__ import annotations

import time

import streamlit as st

from ui.components.shared.modules import script


def scroll_to(key: str, now: bool) -> None:
    """Bring the container of this key into view, where it is `now` to be looked at and the screen is narrow."""
    component = st.components.v2.component("scroll", html="\n<i></i>\n", js=script(__file__, "scroll.js"))
    data = {"to": key, "pressed": time.time()} if now else {"to": ""}  # each press is another one
    component(key="scroll", data=data, height=1)
