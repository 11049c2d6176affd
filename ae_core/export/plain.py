"""A definition of ours as the plain PyTorch that it is: without knobs, types, checks of mistakes and what nobody asks
for.

The text is edited where its syntax tree says, so that comments and layout stay. A method whose name the program does
not mention cannot be reached. A knob's choice that it does not mention was not chosen: no table needs it, nothing is
equal.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from ae_core.export.checks import dispensable, handed_on, is_text, only_checks

FOR_TOOLS = re.compile(r"  # (type: ignore\[[^\]]*\]|fmt: skip)")
SIGNATURE = re.compile(r"( *def \w+\()\n([^()]*)\n *\):")
DECORATIONS = {"checks_knobs", "functools.cache"}


parsed = functools.lru_cache(1024)(ast.parse)  # the trees are only read


@dataclass(frozen=True)
class Wanted:
    """What a program is about: the attributes and strings in it, and the choices of its knobs that were not made."""

    words: frozenset[str]
    not_chosen: frozenset[str]


def plain(text: str, wanted: Wanted, is_check: Callable[[str], bool]) -> str:
    """The statement `text` in plain Python; `is_check` knows the functions that only look for mistakes."""
    edits = _Edits(text, wanted, is_check)
    edits.visit(parsed(text).body[0])
    text = re.sub(r"\n{3,}", "\n\n", FOR_TOOLS.sub("", edits.applied())).strip()
    return SIGNATURE.sub(_on_one_line, text)


def _on_one_line(signature: re.Match[str]) -> str:
    joined = signature[1] + re.sub(r"\s+", " ", signature[2]).strip().removesuffix(",") + "):"
    return joined if len(joined) <= 120 else signature[0]


def renamed(text: str, names: dict[str, str]) -> str:
    """The statement `text` with other names for what it uses and defines."""
    edits = _Edits(text, Wanted(frozenset(), frozenset()), lambda name: False)
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Name) and node.id in names:
            edits.replace(node, names[node.id])
    return edits.applied()


@functools.lru_cache(1024)
def words_of(text: str) -> frozenset[str]:
    """Attributes and strings in a text; a dictionary's keys and what something is compared with ask for nothing."""
    nodes = list(ast.walk(parsed(text)))
    idle = {id(key) for node in nodes if isinstance(node, ast.Dict) for key in node.keys}
    idle |= {id(other) for node in nodes if isinstance(node, ast.Compare) for other in node.comparators}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in idle}
    return frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute)) | {
        word for word in strings if isinstance(word, str)
    }


class _Edits(ast.NodeVisitor):
    """Replacements in a text, found in its tree and applied together; one inside another is dropped."""

    def __init__(self, text: str, wanted: Wanted, is_check: Callable[[str], bool]) -> None:
        self.text, self.lines = text.encode(), text.encode().splitlines(keepends=True)
        self.starts = [0, *accumulate(map(len, self.lines))]
        self.wanted, self.is_check = wanted, is_check
        self.edits: list[tuple[int, int, bytes]] = []

    def applied(self) -> str:
        parts, done = [], 0
        for start, end, new in sorted(self.edits, key=lambda edit: (edit[0], -edit[1])):
            if start >= done:
                parts += [self.text[done:start], new]
                done = end
        return b"".join([*parts, self.text[done:]]).decode()

    def replace(self, node: ast.expr | ast.stmt, new: str) -> None:
        self.edits.append((self.start(node), self.end(node), new.encode()))

    def remove_lines(self, first: int, last: int | None) -> None:
        while first > 1 and self.lines[first - 2].lstrip().startswith(b"#"):  # the comment above belongs to it
            first -= 1
        self.edits.append((self.at(first, 0), self.at((last or first) + 1, 0), b""))

    def remove(self, s: ast.stmt) -> None:
        decorators = s.decorator_list if isinstance(s, ast.FunctionDef) else []
        self.remove_lines(min([s.lineno, *(d.lineno for d in decorators)]), s.end_lineno)

    def at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def source(self, node: ast.expr) -> str:
        return self.text[self.start(node) : self.end(node)].decode()

    # --- what is edited -----------------------------------------------------------------------------------------------

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._shorten_docstring(node)
        record = bool(node.decorator_list) or any(ast.unparse(base) == "NamedTuple" for base in node.bases)
        for before, base in zip(node.bases, node.bases[1:], strict=False):
            if ast.unparse(base) == "ABC":
                self.edits.append((self.end(before), self.end(base), b""))
        for s in node.body:
            if self._is_idle_method(s) or (not record and self._is_idle_attribute(s)):
                self.remove(s)
            elif not (record and isinstance(s, ast.AnnAssign)):
                self.visit(s)

    def _is_idle_method(self, s: ast.stmt) -> bool:
        if not isinstance(s, ast.FunctionDef):
            return False
        asked = s.name in self.wanted.words or s.name == "forward" or s.name.startswith("__")
        abstract = any(ast.unparse(d) == "abstractmethod" for d in s.decorator_list)
        return not asked or abstract or only_checks(s, self.is_check)

    def _is_idle_attribute(self, s: ast.stmt) -> bool:
        if not isinstance(s, ast.Assign | ast.AnnAssign):
            return False
        target = s.target if isinstance(s, ast.AnnAssign) else s.targets[0]
        return s.value is None or ast.unparse(target) not in self.wanted.words

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            if ast.unparse(decorator) in DECORATIONS:
                self.remove_lines(decorator.lineno, decorator.end_lineno)
        self._shorten_docstring(node)
        self._untype(node)
        for s in dispensable(node, self.is_check):
            self.remove(s)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self.generic_visit(node)
        if not self._never(node.test):
            return
        if not node.orelse:
            self.remove(node)
        elif self.text.startswith(b"elif", other := self.start(node.orelse[0])):
            self.edits.append((self.start(node), other + len("el"), b""))
        else:
            self.edits.append((self.at(node.lineno, 0), self.at(node.orelse[0].lineno, 0), b""))
            for line in range(node.orelse[0].lineno, (node.end_lineno or 0) + 1):
                self.edits.append((self.at(line, 0), self.at(line, 4), b""))

    def visit_Call(self, node: ast.Call) -> None:
        if given := handed_on(node):
            self.replace(node, self.source(given))
        else:
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.generic_visit(node)
        if self._never(node.test):
            self.replace(node, self.source(node.orelse))

    def _never(self, test: ast.expr) -> bool:
        match test:
            case ast.Compare(ops=[ast.Eq()], comparators=[ast.Constant(value=str(word))]):
                return word in self.wanted.not_chosen
        return False

    def _untype(self, node: ast.FunctionDef) -> None:
        spec = node.args
        defaults = dict(zip(spec.kwonlyargs, spec.kw_defaults, strict=True))
        positional = [*spec.posonlyargs, *spec.args]
        defaults |= dict(zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True))
        for arg in [*positional, *spec.kwonlyargs, *filter(None, [spec.vararg, spec.kwarg])]:
            if arg.annotation:
                after_name = self.start(arg) + len(arg.arg.encode())
                if default := defaults.get(arg):
                    self.edits.append((after_name, self.start(default), b"="))
                else:
                    self.edits.append((after_name, self.end(arg.annotation), b""))
        if node.returns:
            arrow = self.text.rindex(b" ->", 0, self.start(node.returns))
            self.edits.append((arrow, self.end(node.returns), b""))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.edits.append((self.end(node.target), self.end(node.annotation), b""))
        self.generic_visit(node)
        if node.col_offset == 0 and isinstance(node.value, ast.Dict):
            self._shorten_table(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        if node.col_offset == 0 and isinstance(node.value, ast.Dict):
            self._shorten_table(node.value)

    def _shorten_table(self, table: ast.Dict) -> None:
        entries = [(k, v) for k, v in zip(table.keys, table.values, strict=True) if k and not self._is_not_chosen(k)]
        if len(entries) < len(table.keys):
            self.replace(table, "{" + ", ".join(f"{self.source(k)}: {self.source(v)}" for k, v in entries) + "}")

    def _is_not_chosen(self, key: ast.expr) -> bool:
        return isinstance(key, ast.Constant) and key.value in self.wanted.not_chosen

    def _shorten_docstring(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        first = node.body[0]
        if isinstance(first, ast.Expr) and is_text(first) and "\n\n" in (text := self.source(first.value)):
            self.replace(first, text.partition("\n\n")[0] + '"""')
