"""Where things are kept."""

from __future__ import annotations

import os
from pathlib import Path

PROGRAM = Path(__file__).parent.parent


def runs_folder() -> Path:
    """The folder AE_RUNS, or `runs` beside the program; it may not exist yet."""
    return Path(os.environ.get("AE_RUNS") or PROGRAM / "runs").expanduser().resolve()
