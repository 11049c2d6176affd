"""Numbers that somebody published, and the recipes that are held against them. To add one: an entry in `PUBLISHED`."""

from __future__ import annotations

from ae_core.knobs import KnobError, did_you_mean
from ae_core.published.base import Published, Result, Row, result, trained
from ae_core.published.entries import PUBLISHED

__all__ = ["PUBLISHED", "Published", "Result", "Row", "published", "result", "trained"]


def published(name: str) -> Published:
    """The entry of that name in `PUBLISHED`; KnobError where there is none."""
    if name not in PUBLISHED:
        hint = did_you_mean(name, PUBLISHED)
        raise KnobError(f"recipe {name!r}: there is no published recipe of that name; {hint}")
    return PUBLISHED[name]
