"""What would keep a page waiting is computed beside the server; meanwhile the rest of the page is there.

`computed` gives the result, or raises NotReady; `when_ready` draws a part of a page, or in its place a bar that tells
how long it will take. Without an engine, as in a plain script or a test, all is computed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from torch import Tensor

from ae_core.computations import Computation
from ae_core.side_process import Progress
from ae_core.slices import InSlices
from ae_core.store import Store
from ui.remembered import remembered
from ui.server import engine
from ui.turns import turns

GRACE_S = 0.25  # whoever asks first waits this long: most computations are done by then
EVERY_S, SHORT_S = 0.5, 1.0  # between two looks at the progress; what is over by then needs no button
SLICE_S, NEXT_S = 0.12, 0.2  # of a computation in slices: how long one is, and when the next begins
GONE_S = 3.0  # a visitor who has not looked for so long does not wait any more
_STOPPED = "_computing_stopped"  # session key: what this visitor does not want to wait for
_waiting: dict[str, dict[str, float]] = {}  # by key, who waits for it (session), and when they last looked


class NotReady(Exception):
    """What a page asked for is being computed; see `when_ready`."""

    def __init__(self, what: Computation) -> None:
        super().__init__(what.kind.words)
        self.what = what


def computed(what: Computation) -> dict[str, Tensor]:
    """The tensors of a computation; nobody may change them.

    Raises
        NotReady: while the engine is at it, or where the visitor has stopped it.
        RunError, DatasetError: where it is not possible.
    """
    machine = engine()
    if machine and not machine.side.ready(what):
        turns.give_up()
        if _unwanted(what) or not machine.side.ask(what, GRACE_S):
            raise NotReady(what)
    return _read(what, what.key)


@remembered(128)
def _read(_what: Computation, key: str) -> dict[str, Tensor]:
    machine = engine()
    if machine is None:
        return _what.carry_out(Store.default())
    found = machine.side.result(_what)
    if found is None:  # damaged on disk, and dropped: it is computed again
        machine.side.ask(_what)
        raise NotReady(_what)
    return found


def computed_by_now(what: Computation) -> dict[str, Tensor] | None:
    """The tensors of a computation, None while the engine is at it; for what is looked at again until it is there.

    Raises
        RunError, DatasetError: where it is not possible.
    """
    machine = engine()
    if machine and not machine.side.ask(what):
        return None
    try:
        return _read(what, what.key)
    except NotReady:
        return None


def is_there(what: Computation) -> bool:
    """Whether the result needs no waiting."""
    machine = engine()
    return machine is not None and machine.side.ready(what)


def when_ready(draw: Callable[..., object], *arguments: Any) -> bool:
    """Draw a part of a page; while something that it needs is computed, say so in its place, and then draw it.

    Returns whether the part is drawn.
    """
    try:
        draw(*arguments)
        return True
    except NotReady as reason:
        what = reason.what
        if _unwanted(what):
            _stopped(what, draw.__name__)
        else:
            st.fragment(_wait, run_every=EVERY_S)(what, draw.__name__, time.monotonic())
        return False


def _wait(what: Computation, place: str, since: float) -> None:
    """A bar with the time left and, where it lasts, a way to stop; the page is drawn again once there is an answer."""
    machine = engine()
    if machine is None or machine.side.settled(what):
        _waiting.pop(what.key, None)
        st.rerun()
        return
    _waiting.setdefault(what.key, {})[_session()] = time.monotonic()
    progress = machine.side.progress(what)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, progress.share), text=f"{what.kind.words} · {_left(progress)}")
        lasts = what.kind.lasting or time.monotonic() - since > SHORT_S
        if lasts and st.button("Stop", icon=":material/stop:", key=f"stop_{place}_{what.key}"):
            _stop(what)
            st.rerun()


def in_slices(what: InSlices, words: str) -> bool:
    """Move a computation on by a slice of time; True once it is done, else a bar, and soon the page is drawn again."""
    turns.give_up()
    what.advance(SLICE_S)
    if not what.done:
        st.fragment(_move_on, run_every=NEXT_S)(what, words)
    return what.done


def _move_on(what: InSlices, words: str) -> None:
    turns.give_up()
    what.advance(SLICE_S)
    if what.done:
        st.rerun()
    st.progress(what.share, text=f"{words} …")


def _left(progress: Progress) -> str:
    if not progress.seconds:
        return "about to start"
    return "a moment" if progress.left is None else f"about {max(1, round(progress.left))} s left"


def _stop(what: Computation) -> None:
    """This visitor waits no longer; the computation ends where nobody else waits for it."""
    st.session_state.setdefault(_STOPPED, set()).add(what.key)
    own, now = _session(), time.monotonic()
    others = [who for who, seen in _waiting.get(what.key, {}).items() if who != own and now - seen < GONE_S]
    machine = engine()
    if machine and not others:
        machine.side.stop(what)


def _unwanted(what: Computation) -> bool:
    """Whether this visitor has stopped it."""
    return what.key in st.session_state.get(_STOPPED, ())


def _stopped(what: Computation, place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{what.kind.words}: stopped.")
        if st.button("Compute it", icon=":material/play_arrow:", key=f"go_{place}_{what.key}"):
            st.session_state[_STOPPED].discard(what.key)
            st.rerun()


def _session() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""
