"""Choose one of several things by name; the name lives in the address as plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ae_core.models import model_class
from ae_core.runs.run import Run
from ui.components.dial.dial import dial
from ui.controls import live
from ui.controls.address import publish, settle
from ui.plain import plain
from ui.results.failed_runs import mark

ON_PAGE = "one of the names on this page"


def _one_of(titles: Mapping[str, str], key: str, rule: str = ON_PAGE) -> Callable[[str], str]:
    """How a text in the address becomes one of the names, or a sentence that gives the rule."""

    def read(text: str) -> str:
        if text not in titles:
            raise ValueError(f"{key} = {text[:40]!r}: must be {rule}.")
        return text

    return read


def pick(
    label: str,
    titles: Mapping[str, str],
    key: str,
    default: str | None = None,
    widget: Callable[..., Any] = st.selectbox,
    pinned: bool = False,
    **options: Any,
) -> str:
    """One of the names in `titles` (name -> text on screen), by a widget and by `?key=name` in the address."""
    start = default if default in titles else next(iter(titles))
    settle(key, start, _one_of(titles, key))
    shown = titles.__getitem__ if widget is st.selectbox else lambda name: plain(titles[name])  # a list is no Markdown
    name = widget(plain(label), list(titles), format_func=shown, key=key, persist_state="session", **options)
    publish(key, start, pinned=pinned)
    return name


def pick_several(label: str, titles: Mapping[str, str], key: str, default: list[str], most: int) -> list[str]:
    """Up to `most` of the names in `titles`, by a list of tags and by `?key=name,name` in the address."""

    def read(text: str) -> list[str]:
        names = list(dict.fromkeys(text.split(","))) if text else []
        if len(names) > most or not titles.keys() >= set(names):
            raise ValueError(f"{key} = {text[:40]!r}: must be at most {most} of the names on this page.")
        return names

    settle(key, default, read, write=",".join)
    names = st.multiselect(
        plain(label),
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        max_selections=most,
        persist_state="session",
    )
    publish(key, default, ",".join, pinned=True)
    return names


def turn(
    label: str,
    titles: Mapping[str, str],
    key: str,
    default: str | None = None,
    width: int = 260,
    rule: str = ON_PAGE,
) -> str:
    """One of the names in `titles`, which have an order, by a dial and by `?key=name`; pictures can follow it
    (`ui.controls.live`).
    """
    start = default if default in titles else next(iter(titles))
    settle(key, start, _one_of(titles, key, rule))
    dial(label, titles, key, width)
    live.known(key, titles)
    publish(key, start)
    return str(st.session_state[key])


def number(label: str, low: int, high: int, key: str) -> int:
    """A whole number by a dial and by `?key=number` in the address; starts at `low`."""
    titles = {str(k): str(k) for k in range(low, high + 1)}
    return int(turn(label, titles, key, rule=f"a whole number from {low} to {high}"))


def title(run: Run) -> str:
    """What a run is called in a list: what it is, and enough of its id to tell it from others."""
    if run.pretrained:
        return f"{run.id} (shipped)"
    head, _, tail = run.id.rpartition("-")
    return f"{head} · {tail[:6]}{mark(run)}"


def short_title(run: Run) -> str:
    """What a run is called under a picture: its name where it was shipped, else its kind and the start of its
    number.
    """
    if run.pretrained:
        return run.id
    return f"{model_class(run.recipe().model).title} · {run.id.rpartition('-')[2][:6]}{mark(run)}"


def pick_pictures(label: str, key: str, start: list[int], n: int) -> list[int]:
    """Numbers of test pictures that the visitor types, of n; a bad list is answered and `start` taken."""

    def read(text: str) -> str:
        parts = [part.strip() for part in text[:400].split(",") if part.strip()]
        if not parts or not all(part.isascii() and part.isdigit() and int(part[:9]) < n for part in parts):
            raise ValueError(
                f"{label} = {text[:40]!r}: must be numbers of test pictures from 0 to {n - 1}, with commas."
            )
        return ", ".join(parts)

    begin = ", ".join(map(str, start))
    settle(key, begin, read, typed=True)
    text = st.text_input(plain(label), key=key, persist_state="session")
    publish(key, begin)
    try:
        return [int(part) for part in read(text).split(",")]
    except ValueError as error:
        st.error(plain(error))
        return start


def pick_two(ranked: list[int]) -> tuple[int, int]:
    """Two different numbers of a code of three or more, the first two of `ranked` to begin with."""
    titles = {str(d + 1): f"z{d + 1}" for d in ranked}
    with st.container(horizontal=True):
        across = int(pick("To the right", titles, "right", str(ranked[0] + 1), width=120)) - 1
        up = int(pick("Upwards", titles, "up", str(ranked[1] + 1), width=120)) - 1
    return across, up if up != across else next(d for d in ranked if d != across)
