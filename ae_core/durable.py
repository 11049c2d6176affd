"""Files that are there whole or not at all, also after a crash: write aside, flush, fsync, rename, fsync the folder."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LARGEST_JSON = 1 << 20  # bytes; our records are a few kilobytes


class Damaged(ValueError):
    """A file that cannot be what it should be; the text says which and why."""


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step; a reader sees the old file or the new one. OSError where that fails."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` last through a power cut; not possible, and not needed, on Windows."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Put a JSON object at `path` in one step; ValueError where it holds NaN or Inf, which JSON cannot say."""
    write_bytes(path, (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object at `path`.

    Raises
        FileNotFoundError: where there is no such file.
        Damaged: where it is larger than 1 MiB or not a JSON object.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST_JSON + 1)
    try:
        record = json.loads(data) if len(data) <= LARGEST_JSON else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise Damaged(
            f"{path.parent.name}/{path.name} is not a JSON record: it is damaged; restore it or delete the run."
        )
    return record


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Put one JSON line for each record at `path`, in one step."""
    write_bytes(path, "".join(_line(record) for record in records).encode())


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Add one JSON line to the end of `path`; a crash can leave at most the last line unfinished."""
    with path.open("ab") as file:
        file.write(_line(record).encode())


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of the finished lines of `path`; unfinished or damaged lines are left out."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    records = []
    for line in data.split(b"\n")[:-1]:
        with contextlib.suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict):
                records.append(record)
    return records
