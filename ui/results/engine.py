"""The engine of this server, one for all visitors.

Streamlit runs `app.py` again for every visit; this module is imported once, so what it holds is shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ae_core.engine.engine import Engine

_engines: list[Engine] = []  # at most one


def engine() -> Engine | None:
    """The engine of this server; None in a plain script or a test that has not started one."""
    return _engines[-1] if _engines else None


def use_engine(started: Engine | None) -> None:
    """Make `started` the engine that all pages use; None forgets it."""
    _engines[:] = [started] if started else []
