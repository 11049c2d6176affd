"""How much a visit may bring: the files of all its fields together have a total, since the server keeps them in memory.

A file that is too much is taken from the visitor, or the field would show an error of its own without a reason; but
none of it is kept, and where it would have been used stands a sentence (`ui.controls.sources.opened`).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import streamlit as st
from starlette.types import Message, Receive
from streamlit import runtime

MOST_BYTES = 60_000_000  # of all files of a visit
LEAST_BYTES = 4_000  # what the smallest file counts for
DROPPED = "application/x-dropped"  # the type of a file of which nothing was kept
TOO_MUCH = (
    f"Your files would take more than {MOST_BYTES // 1_000_000} MB together, the most that is kept for a visit, so this"
    " one was dropped: take away others with ✕, or load this page anew, and choose it again."
)
_HEAD_BYTES = 16_000  # a file comes after a few lines that name it
_coming: Counter[str] = Counter()  # by visit, bytes that are on their way


class Arrival:
    """A file on its way to a visit, for a `with`; `welcome` says whether there is room for it."""

    def __init__(self, visit: str, file: str, length: str) -> None:
        self._visit = visit
        most = int(st.get_option("server.maxUploadSize")) * 1024 * 1024
        self._bytes = max(LEAST_BYTES, int(length) if length.isascii() and length.isdigit() else most)
        kept = sum(max(LEAST_BYTES, size) for name, size in _kept(visit).items() if name != file)
        self.welcome = kept + _coming[visit] + self._bytes <= MOST_BYTES

    def __enter__(self) -> Arrival:
        _coming[self._visit] += self._bytes if self.welcome else 0
        return self

    def __exit__(self, *_: object) -> None:
        _coming[self._visit] -= self._bytes if self.welcome else 0
        _coming[self._visit] or _coming.pop(self._visit)


def _kept(visit: str) -> dict[str, int]:
    """Bytes of the files that are kept for a visit, by their ids."""
    manager: Any = runtime.get_instance().uploaded_file_mgr
    return {name: len(file.data) for name, file in list(manager.file_storage.get(visit, {}).items())}


def emptied(receive: Receive) -> Receive:
    """The same request with a file of the same name, nothing in it, and the type `DROPPED`."""
    done = False

    async def answer() -> Message:
        nonlocal done
        if done:
            return await receive()
        head, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return message
            head += message.get("body", b"")[: _HEAD_BYTES - len(head)]
            more = message.get("more_body", False)
        done = True
        return {"type": "http.request", "body": _without_content(head), "more_body": False}

    return answer


def _without_content(head: bytes) -> bytes:
    lines = [
        line for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n") if not re.match(rb"(?i)content-type:", line)
    ]
    return b"\r\n".join([*lines, b"Content-Type: " + DROPPED.encode(), b"", b"", lines[0] + b"--", b""])
