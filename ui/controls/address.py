"""The address of the page and the widgets say the same: `?model=vae&latent=2` opens the page as it was left.

Streamlit's own binding writes the text on screen instead of the short name, and keeps a widget's old value when the
default beneath it changes with another choice; here a widget that nobody touched follows its new start value.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.plain import plain

_MEMORY = "_address_memory"  # session key: per widget its start value and the text last put into the address
_REPLACED = "_address_replaced"  # session key: per widget the texts that were replaced in the address, and when
_TOUCHED = object()  # stands for a start value that no widget has: what it has now is no longer where it began
UNDER_WAY_S = 2.0  # so long may a click be under way that still carries the address from before the last one


def settle(
    key: str, start: Any, read: Callable[[str], Any], typed: bool = False, write: Callable[[Any], str] = str
) -> None:
    """Before the widget `key`: give it the value of a new address, else the one it has, else `start`.

    `read` makes a value of the text in the address, or raises ValueError with a sentence: then the visitor is told and
    `start` is taken. A value remembered from another choice that `read` would refuse is dropped silently, but a text
    that people type (`typed`) stays as they left it, for the page to answer. `write` is the way back from a value to
    text.
    """
    memory = st.session_state.setdefault(_MEMORY, {})
    before, written = memory.get(key, (start, None))
    asked = st.query_params.get(key)
    new = asked is not None and asked != written and not _outdated(key, asked)
    value = st.session_state.get(key, start)
    if value == before:
        value = start
    try:
        if new:
            value = read(str(asked))
        elif value != start and not typed:
            value = read(write(value))  # another page may keep a number under this name where this one keeps its text
    except ValueError as error:
        value = start
        if new:
            not_used(error)
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    memory[key] = (start, written)


def put(key: str, value: Any) -> None:
    """Give the widget `key` a value before it is drawn, as if the visitor had touched it."""
    memory = st.session_state.setdefault(_MEMORY, {})
    memory[key] = (_TOUCHED, memory.get(key, (None, None))[1])
    st.session_state[key] = value


def not_used(error: ValueError) -> None:
    """Tell the visitor that the address asks for something that there is not."""
    st.toast(plain(f"The address asks for {error} It is not used."), icon=":material/info:")


def publish(key: str, start: Any, write: Callable[[Any], str] = str, pinned: bool = False) -> None:
    """After the widget `key`: put its value into the address, or take it out where it is the start value; that stays
    there too where it is `pinned`, because it may be another tomorrow, as what there is to choose from is.
    """
    value = st.session_state[key]
    text = None if value == start and not pinned else write(value)
    _written(key, start, text)
    if text is not None and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif text is None and key in st.query_params:
        del st.query_params[key]


def _written(key: str, start: Any, text: str | None) -> None:
    """Remember what is in the address now, and what was there until now."""
    _, before = st.session_state.setdefault(_MEMORY, {}).get(key, (start, None))
    if before != text:
        st.session_state.setdefault(_REPLACED, {}).setdefault(key, {})[before] = time.monotonic()
    st.session_state[_MEMORY][key] = (start, text)


def _outdated(key: str, text: str) -> bool:
    """Whether the address was `text` until a moment ago: a second click was quicker than the answer to the first."""
    replaced = st.session_state.get(_REPLACED, {}).get(key, {})
    return time.monotonic() - replaced.get(text, -UNDER_WAY_S) < UNDER_WAY_S


def asked(key: str, read: Callable[[str], Any]) -> Any | None:
    """What a new address asks for under `key`; None where it asks nothing, or only what `tell` put there.

    `read` makes a value of the text or raises ValueError with a sentence; then the visitor is told, and it is dropped.
    """
    memory = st.session_state.setdefault(_MEMORY, {})
    text, told = st.query_params.get(key), _told(key)
    if text is None or (None, text) == memory.get(told) or _outdated(told, text):
        return None
    memory[told] = (None, text)
    try:
        return read(text)
    except ValueError as error:
        del st.query_params[key]
        not_used(error)
        return None


def tell(key: str, text: str | None) -> None:
    """Put a text into the address under `key`, or take it out."""
    _written(_told(key), None, text)
    if text and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif not text and key in st.query_params:
        del st.query_params[key]


def _told(key: str) -> str:
    """Under which name it is remembered: a widget on another page may have the same key."""
    return f"told {key}"
