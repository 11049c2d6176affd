"""What was read from the folder of a run, kept until one of the files that it was read from is another."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cachetools import LRUCache, cached

from ae_core.waits import Line

T = TypeVar("T")
_kept: list[tuple[LRUCache[Any, Any], Line]] = []


class _Folder(Protocol):
    @property
    def folder(self) -> Path: ...


R = TypeVar("R", bound=_Folder)


def file_state(path: Path) -> tuple[int, int, int]:
    """Inode, size and time of writing of a file; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def until_written(*names: str, most: int = 1024) -> Callable[[Callable[[R], T]], Callable[[R], T]]:
    """Keep what a function reads from the folder of a run until one of these files in it is another; an error is
    not kept. Who comes meanwhile waits for who came first. Nobody may change what comes from it.
    """

    def wrap(read: Callable[[R], T]) -> Callable[[R], T]:
        def key(run: R) -> tuple[Any, ...]:
            return run.folder, *(file_state(run.folder / name) for name in names)

        cache, line = LRUCache[Any, Any](most), Line()
        _kept.append((cache, line))
        return functools.wraps(read)(cached(cache, key, condition=line)(read))

    return wrap


def forget() -> None:
    """Drop all that was read."""
    for cache, line in _kept:
        with line:
            cache.clear()
