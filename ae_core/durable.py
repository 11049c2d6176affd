"""Files that are there whole or not at all, also after a crash: write aside, flush, fsync, rename, fsync the folder."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from ae_core.waits import about_to_wait

LARGEST_JSON, LARGEST_LOG = 1 << 20, 16 << 20  # bytes; our records are a few kilobytes
HALF_MADE_S = 3600.0  # what is older was left by a process that was killed


class Damaged(ValueError):
    """A file that cannot be what it should be; the text says which and why."""


def write_bytes(path: Path, data: bytes, room: Path | None = None, lasting: bool = True) -> None:
    """Put `data` at `path` in one step; a reader sees the old file or the new one. OSError where that fails.

    It is made in the folder `room` (that of `path` where none is given) and moved: where the room has gone, nothing is
    written. What need not outlive a power cut (`lasting` is False) is not waited for.
    """
    aside = (room or path.parent) / f".{path.name}.{secrets.token_hex(4)}.part"
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            if lasting:
                about_to_wait()
                os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    if lasting:
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Have nothing at `path`, whatever was there: a file, or a folder that somebody put in its place. OSError where it
    stays.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def unwritable(what: str, error: OSError) -> str:
    """One sentence on something that cannot be written, without its last words: why, and what helps."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = "free some space"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "make it writable for the account that the program runs under"
    else:
        remedy = "move away what is in its place"
    return f"{what} cannot be written ({error.strerror}): {remedy}"


def remove_half_made(folder: Path, older_than_s: float = HALF_MADE_S) -> None:
    """Remove what killed processes left half made in `folder`: hidden files and folders whose names end with
    `.part`.
    """
    for path in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime <= older_than_s:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def json_line(value: Any) -> str:
    """JSON on one line, of numbers that may be infinite or none: these become null, since JSON has no word for them."""
    return json.dumps(_sayable(value), allow_nan=False)


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sayable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` last through a power cut; not possible, and not needed, on Windows."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    about_to_wait()
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, record: dict[str, Any], room: Path | None = None, lasting: bool = True) -> None:
    """Put a JSON object at `path` in one step; ValueError where it holds NaN or Inf, which JSON cannot say."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, text.encode(), room, lasting)


def read_file(path: Path, most: int) -> bytes:
    """The first bytes of the file at `path`, one more than `most` where there are more. OSError where it cannot be
    read.

    Raises
        Damaged: where it is a folder, or something to which somebody would have to write first, as a named pipe.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Damaged(f"{path.parent.name}/{path.name} is no file: it is damaged; restore it or delete the run.")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(handle)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object at `path`.

    Raises
        FileNotFoundError: where there is no such file.
        Damaged: where it is larger than 1 MiB or not a JSON object.
    """
    data = read_file(path, LARGEST_JSON)
    try:
        record = _loads(data) if len(data) <= LARGEST_JSON else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise Damaged(
            f"{path.parent.name}/{path.name} is not a JSON record: it is damaged; restore it or delete the run."
        )
    return record


def _loads(data: bytes) -> Any:
    """What JSON says; ValueError also for NaN and Infinity, which are none, and for halves of signs, which nobody can
    write.
    """
    value = json.loads(data, parse_constant=_no_number)
    if b"\\ud" in data.lower():
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def write_lines(path: Path, records: Iterable[dict[str, Any]], room: Path | None = None, lasting: bool = True) -> None:
    """Put one JSON line for each record at `path`, in one step; see `write_bytes`."""
    text = "".join(json.dumps(record, allow_nan=False) + "\n" for record in records)
    write_bytes(path, text.encode(), room, lasting)


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Number and JSON value of each finished line of `path`, from 1; None for the value of a line that is not JSON.

    OSError and Damaged as `read_file`, but nothing where there is no file.
    """
    try:
        data = read_file(path, LARGEST_LOG)
    except FileNotFoundError:
        return
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        record = None
        with contextlib.suppress(ValueError, RecursionError):
            record = _loads(line)
        yield number, record
