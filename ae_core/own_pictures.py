"""Pictures that somebody brings along: decoded in another process, checked, and turned to the shape of a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DECODER = Path(__file__).parent / "picture_decoder.py"
WAIT_S = 30.0  # for a decoding, and before that for a free place
LARGEST = 20_000_000  # bytes of a file
MOST_BYTES = 60_000_000  # of an answer; 2 000 colour pictures of 64x128 are 49 MB
KINDS = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "zip")
_places = threading.BoundedSemaphore(2)  # decodings at a time

_TAKEN = "PNG, JPEG, WebP, BMP and GIF are taken, or a zip of such pictures"
SENTENCES = {
    "type": f"This file is not a picture of a kind that is taken here: {_TAKEN}; save it as one of these.",
    "broken": "This file is damaged or cut off: it must be a whole picture or zip; save or download it again.",
    "pixels": "This picture is too large: at most 16 megapixels are taken; make it smaller first.",
    "bytes": "This file is too large: at most 20 MB are taken; make the picture smaller, or take fewer.",
    "entries": "This zip lists too many files: at most 10 000 are taken; put fewer pictures into it.",
    "inflated": "This zip holds too much: its files may have at most 200 MB when unpacked; put fewer pictures into it.",
    "empty": f"This zip holds no picture that is taken here: {_TAKEN}.",
    "locked": "This zip is locked with a password: it must be open to be taken; pack it again without one.",
    "limits": "This file needs more memory or time than is allowed: at most 20 seconds and 700 MB; take a simpler picture.",
    "busy": "Other pictures are being decoded right now: two at a time are allowed; try again in a moment.",
    "nothing": f"This file is empty: {_TAKEN}.",
}


class PictureError(ValueError):
    """An upload that is not taken; one sentence says why and what to do."""


@dataclass(frozen=True)
class Upload:
    """What was in an uploaded file."""

    pictures: tuple[np.ndarray, ...]  # each uint8 (height, width, channels), 1 or 3 channels, at most 256 pixels a side
    folders: tuple[int, ...]  # number of the folder of each in a zip, in the order of the alphabet; names are not told
    skipped: int  # files of a zip that are no such pictures
    whole_set: bool  # it was a zip


def read_upload(data: bytes) -> Upload:
    """The pictures in the bytes of a file. PictureError where there are none, or where it asks for too much."""
    if not data:
        raise PictureError(SENTENCES["nothing"])
    if not _places.acquire(timeout=WAIT_S):
        raise PictureError(SENTENCES["busy"])
    try:
        answer = _decoded(data)
    finally:
        _places.release()
    head, _, body = answer.partition(b"\n")
    try:
        return _checked(json.loads(head), body, data[:2] == b"PK")
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(SENTENCES["limits"]) from error  # killed in the midst of it


def read_file(path: str) -> Upload:
    """The pictures in a file on disk; PictureError also where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return read_upload(file.read(LARGEST + 1))
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{str(path)[:80]!r} cannot be read: it must be a file of yours; give its path.") from error


def _decoded(data: bytes) -> bytes:
    """What the other process answers; nothing where it was ended by its limits."""
    system = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        command = [sys.executable, "-I", str(DECODER)]
        quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "env": system, "cwd": tempfile.gettempdir()}
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, **quiet) as process:
            watch = threading.Timer(WAIT_S, process.kill)
            watch.start()
            try:
                answer = process.stdout.read(MOST_BYTES + 1) if process.stdout else b""
            finally:
                watch.cancel()
                process.kill()
    return answer if len(answer) <= MOST_BYTES else b""


def _checked(head: Any, body: bytes, whole_set: bool) -> Upload:
    """The answer of the decoder as arrays; it read foreign bytes, so it is not believed either."""
    if "error" in head:
        raise PictureError(SENTENCES.get(head["error"], SENTENCES["broken"]))
    pictures, used = [], 0
    for height, width, channels in head["pictures"]:
        if not (1 <= height <= 256 and 1 <= width <= 256 and channels in (1, 3)):
            raise ValueError("sizes")
        size = height * width * channels
        rows = np.frombuffer(body, np.uint8, size, used).reshape(height, width, channels)
        pictures.append(rows)
        used += size
    if used != len(body) or not pictures:
        raise ValueError("length")
    folders = tuple(map(int, head["folders"]))
    if len(folders) != len(pictures) or not all(0 <= folder < len(pictures) for folder in folders):
        raise ValueError("folders")
    return Upload(tuple(pictures), folders, int(head["skipped"]), whole_set)
