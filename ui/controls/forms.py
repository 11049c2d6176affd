"""Knobs become widgets, and widgets become checked values; the address of the page keeps them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ae_core.knobs import Declared, KnobError
from ui.controls.address import publish, put, settle
from ui.plain import plain

_GRID = "knobs"  # how the key of a container begins in which knobs stand side by side, see `ui/style.css`


def knob_widgets(knobs: Mapping[str, Declared], starts: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a widget for each knob that matters, starting from `starts` or its default, as many side by side as fit;
    returns the checked values.

    A knob whose effect depends on another must come after it.
    """
    values: dict[str, Any] = {}
    with st.container(key=f"{_GRID}_{'_'.join(knobs)}"):
        for name, knob in knobs.items():
            if knob.knob.only_when is None or knob.knob.only_when.holds(values):
                values[name] = _widget(knob, starts.get(name, knob.default))
            else:
                st.query_params.pop(name, None)  # it would say something that is not so
    return values


def put_knobs(values: Mapping[str, Any]) -> None:
    """Set the widgets of knobs before they are drawn, or the next time they are; the values are checked ones."""
    for name, value in values.items():
        put(name, _as_text(value) if isinstance(value, tuple) else value)


def _widget(declared: Declared, start: Any) -> Any:
    shown = _as_text(start) if declared.kind is tuple else start
    settle(declared.name, shown, lambda text: _read(declared, text), typed=declared.kind is tuple)
    value = _draw(declared, start)
    publish(declared.name, shown)
    return value


def _draw(declared: Declared, start: Any) -> Any:
    label = plain(declared.label)
    common: dict[str, Any] = {
        "key": declared.name,
        "help": plain(f"{declared.explanation}."),
        "persist_state": "session",
    }
    if declared.kind is bool:
        return st.toggle(label, **common)
    if declared.kind is str:
        return st.selectbox(label, declared.knob.choices, **common)
    if declared.kind is tuple:
        return _list_of_numbers(declared, st.text_input(label, **common))
    if declared.knob.log:
        with st.container(gap=None):
            return _slider_and_number(declared, start)
    low, high = declared.kind(declared.knob.low), declared.kind(declared.knob.high)
    return st.number_input(label, low, high, format=_form(declared), **common)


def _slider_and_number(declared: Declared, start: Any) -> Any:
    """A slider of round numbers, above it a field that takes every number between its ends."""
    key, value = f"{declared.name}_typed", declared.kind(st.session_state[declared.name])
    if st.session_state.get(key) != value:
        st.session_state[key] = value

    def take() -> None:
        st.session_state[declared.name] = st.session_state[key]

    label = plain(declared.label)
    low, high = declared.kind(declared.knob.low), declared.kind(declared.knob.high)
    st.number_input(
        label,
        low,
        high,
        step=1 if declared.kind is int else low,
        format=_form(declared),
        key=key,
        help=plain(f"{declared.explanation}."),
        on_change=take,
    )
    return st.select_slider(
        label, stops(declared, [start, value]), label_visibility="collapsed", key=declared.name, persist_state="session"
    )


def _form(declared: Declared) -> str:
    """How a number is written in its field."""
    return "%d" if declared.kind is int else "%g"


def _as_text(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _read(declared: Declared, text: str) -> Any:
    value = declared.parse(text)
    return _as_text(value) if declared.kind is tuple else value


def _list_of_numbers(declared: Declared, text: str) -> tuple[int, ...]:
    try:
        return declared.parse(text)
    except KnobError as error:
        st.error(plain(error))
        st.stop()


def stops(declared: Declared, extra: list[Any]) -> list[Any]:
    """The values a slider of a logarithmic knob can take: round numbers from low to high, and those in `extra`."""
    knob = declared.knob
    pattern, exponents = ((1, 2, 5), range(-12, 12)) if knob.log == 10 else ((1, 1.5), range(40))
    rounds = [float(f"{m}e{k}") if knob.log == 10 else m * 2**k for k in exponents for m in pattern]
    legal = {declared.kind(v) for v in rounds if knob.low <= v <= knob.high and v == declared.kind(v)}
    legal |= {declared.kind(edge) for edge in (knob.low, knob.high) if math.isfinite(edge)}
    return sorted(legal | {value for value in extra if value is not None})
