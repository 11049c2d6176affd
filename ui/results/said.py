"""Sentences that answer one moment (an address that was opened, a button that was pressed).

A page is drawn anew for many reasons, a part of it each second: a sentence that was only shown where the moment was
handled would be gone before anybody has read it. One that is kept here stays until the visitor does something else
there, or leaves the page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.plain import plain

_SAID = "_said"  # session key: the page, and by place what the sentence is about and its text


def _places() -> dict[str, tuple[Hashable, str]]:
    """What was said on this page; what was said on another is forgotten."""
    context = get_script_run_ctx()
    page = context.page_script_hash if context else None
    kept = st.session_state.get(_SAID)
    if kept is None or kept[0] != page:
        kept = st.session_state[_SAID] = (page, {})
    return kept[1]


def say(place: str, about: Hashable, text: str) -> None:
    """Keep a sentence for a place of this page; `about` is what it is true of. An empty one takes back the last."""
    if text:
        _places()[place] = (about, text)
    else:
        _places().pop(place, None)


def show_said(place: str, about: Hashable, box: Callable[[str], object] = st.warning) -> bool:
    """Show what was last said in a place, while that is still about the same; returns whether there is such a thing."""
    said = _places().get(place)
    if said and said[0] == about:
        box(plain(said[1]))
        return True
    _places().pop(place, None)
    return False
