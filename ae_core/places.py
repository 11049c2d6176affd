"""Where things are kept."""

from __future__ import annotations

import functools
import os
from pathlib import Path

_PACKAGES = Path(__file__).parents[1]
_CHECKOUT = (_PACKAGES / "app.py").exists()
PROGRAM = _PACKAGES if _CHECKOUT else _PACKAGES / "autoencoder_explorer"  # app.py, pages and shipped runs


def runs_folder() -> Path:
    """The folder AE_RUNS; else `runs` beside the program, or in the user's data folder where the program is installed.

    It may not exist yet.
    """
    return _resolved(os.environ.get("AE_RUNS") or str((PROGRAM if _CHECKOUT else _of_user()) / "runs"))


def _of_user() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".local" / "share"
    return Path(data) / "autoencoder-explorer"


@functools.cache
def _resolved(path: str) -> Path:
    """Asked for a dozen times by every page, and each time the whole path would be read from disk."""
    return Path(path).expanduser().resolve()
