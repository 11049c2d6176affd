"""What in a function only looks for mistakes. A recipe is checked before it is trained, so a program can go without."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

HANDS_ON = "checked_pictures"  # a check whose answer is what it was given


def handed_on(node: ast.AST | None) -> ast.expr | None:
    """What a call that only checks its first argument, and answers with it, was given; None for anything else."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[given, *_]) if name == HANDS_ON:
            return given
    return None


def only_checks(function: ast.FunctionDef, is_check: Callable[[str], bool]) -> bool:
    """Whether nothing is left of a function without its checks of mistakes."""
    dead = dispensable(function, is_check)
    return bool(dead) and all(s in dead or is_text(s) for s in function.body)


def dispensable(function: ast.FunctionDef, is_check: Callable[[str], bool]) -> list[ast.stmt]:
    """The statements that find mistakes, which a checked recipe has none of, and those that only they read."""
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    dead = [s for s in statements if _finds_mistakes(s, is_check)]
    before = {node.id for s in dead for node in ast.walk(s) if isinstance(node, ast.Name)}
    while True:
        read = {n.id for n in _living(function, dead) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        idle = [s for s in statements if s not in dead and isinstance(s, ast.Assign) and _is_idle(s, read, before)]
        if not idle:
            return dead
        dead += idle
        before |= {node.id for s in idle for node in ast.walk(s) if isinstance(node, ast.Name)}


def _finds_mistakes(s: ast.stmt, is_check: Callable[[str], bool]) -> bool:
    if isinstance(s, ast.If):
        ends = isinstance(s.body[-1], ast.Raise) and all(isinstance(inner, ast.Assign) for inner in s.body[:-1])
        return not s.orelse and (ends or all(_finds_mistakes(inner, is_check) for inner in s.body))
    if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and isinstance(s.value.func, ast.Name):
        return is_check(s.value.func.id) or s.value.func.id == HANDS_ON
    return isinstance(s, ast.Assert) or _sets_to_itself(s)


def _sets_to_itself(s: ast.stmt) -> bool:
    """Whether a statement gives something, checked, to where it was before."""
    match s:
        case ast.Assign(targets=[target], value=value):
            given = handed_on(value)
            return given is not None and ast.unparse(target) == ast.unparse(given)
        case ast.Expr(ast.Call(func=function, args=[owner, ast.Constant(value=str(name)), value])):
            given = handed_on(value)
            whole = f"{ast.unparse(owner)}.{name}"
            return given is not None and ast.unparse(function) == "object.__setattr__" and ast.unparse(given) == whole
    return False


def _is_idle(s: ast.Assign, read: set[str], before: set[str]) -> bool:
    targets = [node for target in s.targets for node in ast.walk(target) if not isinstance(node, ast.expr_context)]
    names = {node.id for node in targets if isinstance(node, ast.Name)}
    return all(isinstance(t, ast.Name | ast.Tuple) for t in targets) and not names & read and bool(names & before)


def _living(node: ast.AST, dead: list[ast.stmt]) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if child not in dead:
            yield child
            yield from _living(child, dead)


def is_text(s: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)
