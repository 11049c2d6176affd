"""Pictures that follow a dial while it is dragged: made at an address of their own, without a rerun of the page.

A page says once how its pictures come from the places of its dials (`show`). While a dial moves, the browser asks
`/api/live/{token}?draw=3` for them; that takes a fraction of a rerun. Who has no token cannot ask: it is a random text,
kept in the visit, and goes with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import streamlit as st

from ui.components.live_pictures.live_pictures import live_pictures
from ui.results.turns import turns

T = TypeVar("T")
Read = Callable[[str], Any]  # from the name of a stop to what it means
_STOPS = "_live_stops"  # session key: per dial, its stops as they were drawn last


class _Pictures(NamedTuple):
    """How pictures come from the places of dials: what makes HTML of them, what stops mean, and which there are."""

    make: Callable[..., str]
    dials: Mapping[str, Read]
    stops: Mapping[str, Mapping[str, str]]


@dataclass(eq=False)
class _Offer:
    """What a visit would show at other places of its dials; the page renews it while the browser may be asking."""

    pictures: _Pictures
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))


_offers: WeakValueDictionary[str, _Offer] = WeakValueDictionary()  # by token; each lives as long as its visit


class NoOffer(LookupError):
    """No visit shows such pictures; the text says so."""


class BadPlace(ValueError):
    """A dial is asked to stand where it has no stop; the text says which."""


def known(key: str, stops: Mapping[str, str]) -> None:
    """Remember the stops of a dial of this visit: nothing else is taken from the browser."""
    st.session_state.setdefault(_STOPS, {})[key] = stops


def show(key: str, make: Callable[..., T], html: Callable[[T], str], **dials: Read) -> T:
    """Show what `make` makes of the places of dials, as `html`, now and while one of them moves; returns it.

    `dials` names the dials that are on the page, and says what their stops mean: `draw=int`. `make` is called with them
    by name, later too, and outside the run of the page: it must not touch Streamlit.
    """
    at = {name: str(st.session_state[name]) for name in dials}
    made = make(**{name: read(at[name]) for name, read in dials.items()})
    stops = {name: st.session_state[_STOPS][name] for name in dials}
    pictures = _Pictures(lambda **places: html(make(**places)), dials, stops)
    offer: _Offer = st.session_state.setdefault(f"_live_{key}", _Offer(pictures))
    offer.pictures = pictures
    _offers[offer.token] = offer
    live_pictures(f"{key}_pictures", html(made), f"api/live/{offer.token}", at)
    return made


def answer(token: str, asked: Mapping[str, str]) -> bytes:
    """HTML of the pictures of a visit with its dials standing as `asked`: name of a dial -> its stop.

    Raises
        NoOffer: where there is no such visit, or it shows no such pictures.
        BadPlace: where a dial has no such stop.
        NotReady, RunError, DatasetError: where they cannot be made now.
    """
    offer = _offers.get(token)
    if offer is None:
        raise NoOffer("These pictures belong to a visit that is over: load the page again.")
    make, dials, stops = offer.pictures
    for name in dials:
        if asked.get(name) not in stops[name]:
            raise BadPlace(f"{name} = {asked.get(name, '')[:40]!r}: must be one of the stops of the dial on the page.")
    return _in_turn(lambda: make(**{name: read(asked[name]) for name, read in dials.items()})).encode()


def _made(make: Callable[[], str]) -> str:
    return make()


_in_turn = turns.taking(_made)  # of the pages: a moved dial waits for its turn like any other
