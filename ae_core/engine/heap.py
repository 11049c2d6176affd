"""What a process has freed and still holds, it gives back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def give_back() -> None:
    """Let go of pages that nothing lies on any more. It is glibc that keeps them; its call takes some milliseconds."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # Windows, macOS, musl
        ctypes.CDLL(None).malloc_trim(0)
