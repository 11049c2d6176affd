"""HTML and styles of components: each lies beside its component, and what several need lies here."""

from __future__ import annotations

from pathlib import Path

_SHARED = Path(__file__).parent


def texts(component: str, *names: str) -> list[str]:
    """The files of a component, named by its Python file; one that is not beside it is a shared one.

    Each begins with an empty line, by which Streamlit tells a text from the name of a file.
    """
    own = Path(component).parent
    found = [own / name if (own / name).exists() else _SHARED / name for name in names]
    return ["\n" + path.read_text(encoding="utf-8") for path in found]
