"""A part of the page that is pictures with words, and follows the dials beside it without a rerun."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from ui.components.shared.modules import script


def live_pictures(key: str, html: str, address: str, at: Mapping[str, str]) -> None:
    """Show `html`, made for the dials standing `at` (name of a dial -> its stop).

    While one of them moves, the browser asks `address` for the same at other stops: `address?draw=3&level=0.5`.
    """
    js = script(__file__, "live_pictures.js")
    component = st.components.v2.component("live_pictures", html="\n<div></div>\n", js=js, isolate_styles=False)
    component(key=key, data={"html": html, "address": address, "at": dict(at)})
