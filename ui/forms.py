"""Knobs become widgets, and widgets become checked values; the address of the page keeps them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ae_core.knobs import Declared, KnobError

LISTED = "_shown_defaults"  # session key: what each widget showed when nobody had touched it


def knob_widgets(knobs: Mapping[str, Declared], starts: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a widget for each knob, starting from `starts` or its default; returns the checked values.

    A value in the address or in the session that the knob does not take is dropped, with a word to the visitor.
    """
    return {name: _widget(knob, starts.get(name, knob.default)) for name, knob in knobs.items()}


def forget_untouched() -> None:
    """Let widgets that still show their start value take a new one: called when another model or data set is chosen."""
    for key, start in st.session_state.get(LISTED, {}).items():
        if st.session_state.get(key) == start:
            del st.session_state[key]


def _widget(declared: Declared, start: Any) -> Any:
    shown = _as_widget_value(declared, start)
    st.session_state.setdefault(LISTED, {})[declared.name] = shown
    _drop_illegal(declared)
    common: dict[str, Any] = {
        "key": declared.name,
        "help": f"{declared.knob.help}: {declared.rule}.",
        "bind": "query-params",
    }
    label = declared.knob.label or declared.name.replace("_", " ").capitalize()
    if declared.kind is bool:
        return st.toggle(label, shown, persist_state="session", **common)
    if declared.kind is str:
        options = declared.knob.choices
        return st.selectbox(label, options, options.index(shown), persist_state="session", **common)
    if declared.kind is tuple:
        return _list_of_numbers(declared, st.text_input(label, shown, persist_state="session", **common))
    if declared.knob.log:
        values = stops(declared, [start, _present(declared)])
        return st.select_slider(label, values, shown, persist_state="session", **common)
    low, high = declared.kind(declared.knob.low), declared.kind(declared.knob.high)
    return st.number_input(label, low, high, shown, persist_state="session", **common)


def _as_widget_value(declared: Declared, value: Any) -> Any:
    return ", ".join(map(str, value)) if declared.kind is tuple else value


def _list_of_numbers(declared: Declared, text: str) -> tuple[int, ...]:
    try:
        return declared.parse(text)
    except KnobError as error:
        st.error(str(error))
        st.stop()


def _present(declared: Declared) -> Any:
    """The value the widget is about to show, from the session or the address; None where there is none."""
    if declared.name in st.session_state:
        return st.session_state[declared.name]
    if declared.name in st.query_params:
        return declared.parse(st.query_params[declared.name])
    return None


def _drop_illegal(declared: Declared) -> None:
    try:
        value = _present(declared)
        if value is not None:
            declared.parse(value) if declared.kind is tuple else declared.check(value)
    except KnobError as error:
        st.session_state.pop(declared.name, None)
        if declared.name in st.query_params:
            del st.query_params[declared.name]
        st.toast(f"{error} The default is used instead.", icon=":material/info:")


def stops(declared: Declared, extra: list[Any]) -> list[Any]:
    """The values a slider of a logarithmic knob can take: round numbers from low to high, and those in `extra`."""
    knob = declared.knob
    pattern, exponents = ((1, 2, 5), range(-12, 12)) if knob.log == 10 else ((1, 1.5), range(40))
    rounds = [float(f"{m}e{k}") if knob.log == 10 else m * 2**k for k in exponents for m in pattern]
    legal = {declared.kind(v) for v in rounds if knob.low <= v <= knob.high and v == declared.kind(v)}
    legal |= {declared.kind(edge) for edge in (knob.low, knob.high) if math.isfinite(edge)}
    found = {v for v in legal if declared.kind is float or v % knob.multiple_of == 0}
    return sorted(found | {value for value in extra if value is not None})
