"""Results kept for all visitors: made once, by who asks first, while the others wait. Nobody may change them."""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import streamlit as st
from cachetools import LRUCache, cached

P = ParamSpec("P")
T = TypeVar("T")
_caches: list[tuple[LRUCache[Any, Any], threading.Condition]] = []


def remembered(most: int, words: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the `most` results of a function that were asked for last; an error is not kept.

    Arguments whose name begins with _ do not count: the others must tell them apart. `words` stand beside a spinner
    while a result is made.
    """

    def wrap(make: Callable[P, T]) -> Callable[P, T]:
        cache: LRUCache[Any, Any] = LRUCache(most)
        condition = threading.Condition()
        counted = [place for place, name in enumerate(inspect.signature(make).parameters) if name[0] != "_"]

        def key(*args: Any, **named: Any) -> tuple[Any, ...]:
            return *(args[k] for k in counted if k < len(args)), *sorted(
                item for item in named.items() if item[0][0] != "_"
            )

        @functools.wraps(make)
        def made(*args: P.args, **named: P.kwargs) -> T:
            with st.spinner(words) if words else contextlib.nullcontext():
                return make(*args, **named)

        _caches.append((cache, condition))
        return cached(cache, key, condition=condition)(made)

    return wrap


def forget() -> None:
    """Drop everything that is kept."""
    for cache, condition in _caches:
        with condition:
            cache.clear()
