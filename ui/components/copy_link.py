"""A small button that copies the address of the page, which opens it again as it is now; with it, links stay in the visit."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_HTML = """
<div class="link"><span role="status"></span><button type="button">
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9.5 14.5l5-5M11 6.5l1.8-1.8a4.6 4.6 0 0 1 6.5 6.5L17.5 13M13 17.5l-1.8 1.8a4.6 4.6 0 0 1-6.5-6.5L6.5 11"/></svg>
Copy link</button></div>
"""
_CSS = """
.link { position: relative; font-family: var(--st-font); color: var(--st-text-color); display: flex; justify-content: flex-end; align-items: center; gap: 0.6rem; }
button { font: inherit; font-size: 0.84rem; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); cursor: pointer; padding: 0.2rem 0.6rem; min-height: 1.9rem; display: inline-flex; align-items: center; gap: 0.4rem; white-space: nowrap; }
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
svg { width: 1rem; height: 1rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; }
span { font-size: 0.8rem; position: absolute; right: 0; top: calc(100% + 0.2rem); white-space: nowrap; z-index: 2; background: var(--st-background-color); padding: 0 0.2rem; }
"""


def copy_link() -> None:
    """Show the button; it stands on every page, so the script that keeps marked links in the visit comes along."""
    script = "".join((_HERE / name).read_text(encoding="utf-8") for name in ("visit_links.js", "copy_link.js"))
    st.components.v2.component("copy_link", html=_HTML, css=_CSS, js="\n" + script)(key="copy_link", width="content")
