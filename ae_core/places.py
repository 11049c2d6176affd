"""Where things are kept."""

from __future__ import annotations

import functools
import os
from pathlib import Path

PROGRAM = Path(__file__).parent.parent


def runs_folder() -> Path:
    """The folder AE_RUNS, or `runs` beside the program; it may not exist yet."""
    return _resolved(os.environ.get("AE_RUNS") or str(PROGRAM / "runs"))


@functools.cache
def _resolved(path: str) -> Path:
    """Asked for a dozen times by every page, and each time the whole path would be read from disk."""
    return Path(path).expanduser().resolve()
