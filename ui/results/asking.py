"""How a page asks for a look: `ask` answers from memory, from disk, here where it is quick, or raises NotReady.

What would keep a page waiting is computed beside the server; meanwhile the rest of the page is there, and `when_ready`
draws a part of it, or in its place a bar that tells how long it will take. Without an engine, as in a plain script or a
test, all is computed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ae_core.durable import Damaged
from ae_core.engine.side_process import Progress
from ae_core.looks import memory
from ae_core.looks.look import Asked, Look, found_by
from ae_core.runs import file_state
from ui.figures.frame import note
from ui.plain import plain
from ui.results.engine import engine
from ui.results.processes import missing_to_compute
from ui.results.turns import turns

P = ParamSpec("P")
T = TypeVar("T")
GRACE_S = 0.25  # whoever asks first waits this long: most looks are there by then
EVERY_S, SHORT_S = 0.5, 1.0  # between two looks at the progress; what is over by then needs no button
GONE_S = 3.0  # a visitor who has not looked for so long does not wait any more
_STOPPED = "_asking_stopped"  # session key: what this visitor does not want to wait for
_waiting: dict[str, dict[str, float]] = {}  # by key, who waits for it (session), and when they last looked


class NotReady(Exception):
    """What a page asked for is being computed; see `when_ready`."""

    def __init__(self, what: Asked[Any]) -> None:
        super().__init__(what.look.words)
        self.what = what


def ask(look: Look[P, T], *args: P.args, **named: P.kwargs) -> T:
    """The result of a look; nobody may change it.

    Raises
        NotReady: while it is computed beside the server, or where the visitor has stopped it.
        RunError, DatasetError: where it is not possible.
    """
    with found_by(_find):
        return _find(look.of(*args, **named))


def _find(what: Asked[T]) -> T:
    return memory.kept(what.key, lambda: _brought(what, GRACE_S))


def _find_now(what: Asked[T]) -> T:
    return memory.kept(what.key, lambda: _brought(what, 0.0))


def _brought(what: Asked[T], wait_s: float) -> T:
    """Computed here, or fetched from the process beside the server."""
    machine = engine()
    if machine is None or not what.look.words:
        return what.compute()
    if not machine.side.ready(what):
        turns.give_up()
        if _unwanted(what) or not machine.side.ask(what, wait_s):
            raise NotReady(what)
    try:
        return machine.side.result(what)
    except Damaged:  # it was dropped: it is computed again
        machine.side.ask(what)
        raise NotReady(what) from None


def by_now(look: Look[P, T], *args: P.args, **named: P.kwargs) -> T | None:
    """The result of a look, None while it is computed; for what is looked at again until it is there.

    Raises
        RunError, DatasetError: where it is not possible.
    """
    try:
        with found_by(_find_now):
            return _find_now(look.of(*args, **named))
    except NotReady:
        return None


def so_far(look: Look[P, T], *args: P.args, **named: P.kwargs) -> T | None:
    """What there is of a result while it is computed beside the server; None where there is nothing yet."""
    machine = engine()
    return machine.side.so_far(look.of(*args, **named)) if machine else None


def is_there(what: Asked[Any]) -> bool:
    """Whether a result needs no waiting."""
    machine = engine()
    return memory.known(what.key) or (machine is not None and machine.side.ready(what))


def forget() -> None:
    """Drop all that is kept in memory."""
    memory.forget()
    file_state.forget()


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


def _wait(what: Asked[Any], place: str, since: float) -> None:
    """A bar with the time left and, where it lasts, a way to stop; the page is drawn again once there is an answer."""
    machine = engine()
    if machine is None or machine.side.settled(what):
        _waiting.pop(what.key, None)
        st.rerun()
        return
    _waiting.setdefault(what.key, {})[_session()] = time.monotonic()
    progress = machine.side.progress(what)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, progress.share), text=plain(f"{what.look.words} · {_left(progress)}"))
        lasts = what.look.lasting or time.monotonic() - since > SHORT_S
        if lasts and st.button("Stop", icon=":material/stop:", key=f"stop_{place}_{what.key}"):
            _stop(what)
            st.rerun()
    if sentence := missing_to_compute():
        note(sentence)


def _left(progress: Progress) -> str:
    if not progress.seconds:
        return "about to start"
    return "a moment" if progress.left is None else f"about {max(1, round(progress.left))} s left"


def _stop(what: Asked[Any]) -> None:
    """This visitor waits no longer; the computation ends where nobody else waits for it."""
    st.session_state.setdefault(_STOPPED, set()).add(what.key)
    own, now = _session(), time.monotonic()
    others = [who for who, seen in _waiting.get(what.key, {}).items() if who != own and now - seen < GONE_S]
    machine = engine()
    if machine and not others:
        machine.side.stop(what)


def _unwanted(what: Asked[Any]) -> bool:
    """Whether this visitor has stopped it."""
    return what.key in st.session_state.get(_STOPPED, ())


def _stopped(what: Asked[Any], place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{plain(what.look.words)}: stopped.")
        if st.button("Compute it", icon=":material/play_arrow:", key=f"go_{place}_{what.key}"):
            st.session_state[_STOPPED].discard(what.key)
            st.rerun()


def _session() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""
