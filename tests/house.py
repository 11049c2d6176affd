"""The files of the project, and what each imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from fresh_python import ROOT

CORE = sorted((ROOT / "ae_core").rglob("*.py"))
UI, PAGES = sorted((ROOT / "ui").rglob("*.py")), sorted((ROOT / "pages").glob("*.py"))
APP = [path for path in [ROOT / "app.py"] if path.exists()]
HOUSE = [*CORE, *UI, *PAGES, *APP]
PROGRAMS = [*HOUSE, *sorted((ROOT / "benchmarks").glob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Full names of what a file imports, anywhere in it; of `from a import b` both a and a.b."""
    names: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def uses(path: Path, *packages: str) -> set[str]:
    return {name for name in imported(path) if any(name == p or name.startswith(p + ".") for p in packages)}
