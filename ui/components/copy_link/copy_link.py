"""A small button that copies the address of the page, which opens it again as it is now; with it, links stay in the
visit.
"""

from __future__ import annotations

import streamlit as st

from ui.components.shared.files import texts
from ui.components.shared.modules import script


def copy_link() -> None:
    """Show the button; it stands on every page, so the script that keeps marked links in the visit comes along."""
    html, css = texts(__file__, "copy_link.html", "copy_link.css")
    component = st.components.v2.component("copy_link", html=html, css=css, js=script(__file__, "copy_link.js"))
    component(key="copy_link", width="content")
