"""What every way out has in common: how it says no."""

from __future__ import annotations


class ExportError(ValueError):
    """Something that cannot be exported, or not here; the text says what to do."""
