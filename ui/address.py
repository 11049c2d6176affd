"""The address of the page and the widgets say the same: `?model=vae&latent=2` opens the page as it was left.

Streamlit's own binding writes the text on screen instead of the short name, and keeps a widget's old value when the
default beneath it changes with another choice; here a widget that nobody touched follows its new start value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_MEMORY = "_address_memory"  # session key: per widget its start value and the text last put into the address


def settle(
    key: str, start: Any, read: Callable[[str], Any], typed: bool = False, write: Callable[[Any], str] = str
) -> None:
    """Before the widget `key`: give it the value of a new address, else the one it has, else `start`.

    `read` makes a value of the text in the address, or raises ValueError with a sentence: then the visitor is told and
    `start` is taken. A value remembered from another choice that `read` would refuse is dropped silently, but a text that
    people type (`typed`) stays as they left it, for the page to answer. `write` is the way back from a value to text.
    """
    memory = st.session_state.setdefault(_MEMORY, {})
    before, written = memory.get(key, (start, None))
    asked = st.query_params.get(key)
    value = st.session_state.get(key, start)
    if value == before:
        value = start
    try:
        if asked is not None and asked != written:
            value = read(asked)
        elif value != start and not typed:
            read(write(value))
    except ValueError as error:
        value = start
        if asked is not None and asked != written:
            st.toast(f"The address asks for {error} It is not used.", icon=":material/info:")
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    memory[key] = (start, written)


def publish(key: str, start: Any, write: Callable[[Any], str] = str) -> None:
    """After the widget `key`: put its value into the address, or take it out where it is the start value."""
    value = st.session_state[key]
    text = None if value == start else write(value)
    st.session_state[_MEMORY][key] = (start, text)
    if text is not None and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif text is None and key in st.query_params:
        del st.query_params[key]


def asked(key: str, read: Callable[[str], Any]) -> Any | None:
    """What a new address asks for under `key`; None where it asks nothing, or only what `tell` put there.

    `read` makes a value of the text or raises ValueError with a sentence; then the visitor is told, and it is dropped.
    """
    memory = st.session_state.setdefault(_MEMORY, {})
    text = st.query_params.get(key)
    if text is None or (None, text) == memory.get(key):
        return None
    memory[key] = (None, text)
    try:
        return read(text)
    except ValueError as error:
        del st.query_params[key]
        st.toast(f"The address asks for {error} It is not used.", icon=":material/info:")
        return None


def tell(key: str, text: str | None) -> None:
    """Put a text into the address under `key`, or take it out."""
    st.session_state.setdefault(_MEMORY, {})[key] = (None, text)
    if text and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif not text and key in st.query_params:
        del st.query_params[key]
