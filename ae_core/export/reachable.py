"""Everything of the project that a piece of program needs, collected into one text that stands alone."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ae_core.export.base import ExportError
from ae_core.export.checks import only_checks
from ae_core.export.plain import Wanted, parsed, plain, renamed, words_of

OURS = "ae_core"


@dataclass(frozen=True)
class Module:
    """The text of a module in lines, and its statements by the names that they bind."""

    lines: tuple[str, ...]
    statements: dict[str, ast.stmt]

    def text(self, statement: ast.stmt) -> str:
        """The whole lines of a statement, decorators and comment at the end included."""
        decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef | ast.ClassDef) else []
        first = min([statement.lineno, *(d.lineno for d in decorators)])
        return "\n".join(self.lines[first - 1 : statement.end_lineno])


@functools.cache
def read_module(name: str) -> Module:
    """A module of the project; ExportError where it was installed without its source."""
    try:
        text = inspect.getsource(importlib.import_module(name))
    except OSError as error:
        raise ExportError(
            f"The source of {name} is not here: a program is made of it; install Autoencoder Explorer with its .py "
            "files."
        ) from error
    return Module(tuple(text.splitlines()), {n: s for s in ast.parse(text).body for n in _bound(s)})


def _bound(s: ast.stmt) -> Iterator[str]:
    if isinstance(s, ast.FunctionDef | ast.ClassDef):
        yield s.name
    elif isinstance(s, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in s.names)
    elif isinstance(s, ast.Assign | ast.AnnAssign):
        targets = s.targets if isinstance(s, ast.Assign) else [s.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def standing_alone(main: str, origins: Mapping[str, str], choices: Iterable[str]) -> str:
    """Imports, definitions and `main`, in this order.

    `origins` says in which module a name of `main` is to be found; `choices` are all that the model's knobs offer.
    """
    words, offered = words_of(main), frozenset(choices)
    taken = {node.id for node in ast.walk(parsed(main)) if isinstance(node, ast.Name)} - set(origins)
    while True:
        found = _Reachable(Wanted(words, offered - words), taken)
        for name, module in origins.items():
            found.add(module, name)
        more = words.union(*map(words_of, found.definitions))
        if more == words:
            return "\n\n\n".join(["\n".join(found.import_lines()), *found.paragraphs(), main])
        words = more


class _Reachable:
    """What is reached so far: imports from elsewhere and our definitions, each after those that it uses."""

    def __init__(self, wanted: Wanted, taken: set[str]) -> None:
        self.wanted = wanted
        self.owners: dict[str, tuple[str, str]] = {name: ("", name) for name in taken}  # of the names of the program
        self.names: dict[tuple[str, str], str] = {}
        self.imports: set[tuple[str, str, str]] = set()  # module, name in it or "", name here
        self.definitions: list[str] = []

    def add(self, module: str, name: str) -> str:
        """Add what `name` means in a module, and what that needs; returns its name in the program."""
        statement = read_module(module).statements[name]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return self._add_import(statement, name)
        if (module, name) not in self.names:
            self._add_definition(module, statement)
        return self.names[module, name]

    def _add_import(self, statement: ast.Import | ast.ImportFrom, name: str) -> str:
        alias = next(a for a in statement.names if (a.asname or a.name.partition(".")[0]) == name)
        if isinstance(statement, ast.Import):
            self.imports.add((alias.name, "", name))
        elif (source := statement.module or "").partition(".")[0] == OURS:
            return self.add(source, alias.name)
        else:
            self.imports.add((source, alias.name, name))
        return name

    def _add_definition(self, module: str, statement: ast.stmt) -> None:
        here, names = read_module(module), {name: self._free_name(module, name) for name in _bound(statement)}
        self.names |= {(module, name): mine for name, mine in names.items()}
        text = plain(here.text(statement), self.wanted, lambda called: _is_check(module, called))
        used = {node.id for node in ast.walk(parsed(text)) if isinstance(node, ast.Name)} & here.statements.keys()
        for other in sorted(used - names.keys(), key=lambda other: here.statements[other].lineno):
            names[other] = self.add(module, other)
        self.definitions.append(renamed(text, {old: new for old, new in names.items() if old != new}))

    def _free_name(self, module: str, name: str) -> str:
        """The name, or where two modules have it, the second with its module before it: SIDE, SHAPES_SIDE."""
        if self.owners.setdefault(name, (module, name)) == (module, name):
            return name
        prefix = module.rpartition(".")[2] + "_"
        return (prefix.upper() if name.isupper() else prefix) + name

    def import_lines(self) -> list[str]:
        """The imports, those of Python first."""
        lines: dict[tuple[bool, bool, str], list[str]] = {}
        for module, name, here in sorted(self.imports):
            foreign = module.partition(".")[0] not in sys.stdlib_module_names
            shown = name or module
            lines.setdefault((foreign, bool(name), module), []).append(shown if here == shown else f"{shown} as {here}")
        written = [
            (foreign, f"from {module} import {', '.join(names)}" if named else f"import {', '.join(names)}")
            for (foreign, named, module), names in sorted(lines.items())
        ]
        own, others = ([line for foreign, line in written if foreign is kind] for kind in (False, True))
        return [*own, *([""] if own and others else []), *others]

    def paragraphs(self) -> list[str]:
        """The definitions; single lines that follow each other stand together."""
        grouped: list[str] = []
        for text in self.definitions:
            if grouped and "\n" not in text and not grouped[-1].startswith(("def ", "class ", "@")):
                grouped[-1] += "\n" + text
            else:
                grouped.append(text)
        return grouped


@functools.cache
def _is_check(module: str, name: str) -> bool:
    """Whether a name means, in that module, a function of ours that only looks for mistakes."""
    statement = read_module(module).statements.get(name)
    if isinstance(statement, ast.ImportFrom) and (source := statement.module or "").partition(".")[0] == OURS:
        return _is_check(source, next(a.name for a in statement.names if (a.asname or a.name) == name))
    return isinstance(statement, ast.FunctionDef) and only_checks(statement, lambda called: _is_check(module, called))
