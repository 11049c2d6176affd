"""What a visitor brings along is decoded beside the page: how far it is, a way to stop, and what was in the file."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from ae_core.pictures.decoding import PLACES, Decoding
from ae_core.pictures.upload import PictureError, Upload, decoding, upload_of
from ui.plain import plain
from ui.results.asking import GONE_S, GRACE_S
from ui.results.turns import turns

EVERY_S = 0.3  # between two looks at how far it is
_MEMORY = "_decoding"  # session key, with that of the widget: the file that is being decoded or was


@dataclass
class _Brought:
    """A file, by the id that Streamlit gave it, and what becomes of it."""

    file_id: str
    decoding: Decoding
    upload: Upload | None = None
    refusal: str = ""


def decoded(key: str, file_id: str, content: bytes) -> Upload | None:
    """What was in a file that was brought along; None while it is decoded, or where it is not taken, which is said
    here.
    """
    memory = f"{_MEMORY}_{key}"
    brought: _Brought | None = st.session_state.get(memory)
    if brought is None or brought.file_id != file_id or brought.decoding.gone:
        forget(key)
        brought = st.session_state[memory] = _Brought(file_id, decoding(content, GONE_S).begin())
        turns.give_up()
        brought.decoding.ended.wait(GRACE_S)  # most are done by then
    if brought.decoding.stopped:
        _stopped(key)
    elif not brought.decoding.ended.is_set():
        st.fragment(_follow, run_every=EVERY_S)(key, brought.decoding)
    elif brought.upload is None:
        _take(brought)
    if brought.refusal:
        st.error(plain(brought.refusal))
    return brought.upload


def forget(key: str) -> None:
    """There is no file any more: its decoding ends."""
    brought: _Brought | None = st.session_state.pop(f"{_MEMORY}_{key}", None)
    if brought:
        brought.decoding.stop()


def _take(brought: _Brought) -> None:
    """Read the answer, once."""
    if brought.refusal:
        return
    try:
        brought.upload = upload_of(brought.decoding.answer)
    except PictureError as error:
        brought.refusal = str(error)
    brought.decoding.answer = b""


def _follow(key: str, begun: Decoding) -> None:
    """A bar with the pictures that are done and the time left, and a way to stop; at the end the page is drawn
    again.
    """
    begun.look()
    if begun.ended.is_set():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(begun.done / begun.of if begun.of else 0.0, text=plain(_words(begun)))
        if st.button("Stop", icon=":material/stop:", key=f"decoding_stop_{key}"):
            begun.stop()
            st.rerun()


def _words(begun: Decoding) -> str:
    if ahead := begun.ahead:
        return f"Waiting for a free place: {PLACES} files are decoded at a time, and {ahead} must end before yours"
    if not begun.of:
        return "Decoding …"
    left = "" if begun.left is None else f" · about {max(1, round(begun.left))} s left"
    return f"Decoding: {begun.done:,} of {begun.of:,} pictures{left}"


def _stopped(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Decoding: stopped.")
        if st.button("Decode it", icon=":material/play_arrow:", key=f"decoding_go_{key}"):
            st.session_state.pop(f"{_MEMORY}_{key}", None)
            st.rerun()
