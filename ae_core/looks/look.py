"""A look: a pure function of an opened run, of a data set or of a recipe, and of plain arguments.

    @look("Encoding the test pictures")
    def codes(run: Opened) -> Codes: ...

    codes(opened(run))         in a notebook: computed here and now, once, and kept in memory
    ask(codes, opened(run))    on a page (`ui.results.asking`): from memory, from disk, or computed beside the server

It is declared once, with the words that a visitor reads while it is computed beside the page. Without words it is
computed where it is asked for, which must take no longer than some 50 ms. What it is kept by is made of what it is
asked (`ae_core.looks.keys`), so nothing can be forgotten there. In its body other looks are called like functions; they
are found where this one was asked for.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

from ae_core.looks import keys, memory
from ae_core.runs.opened import Closed

P = ParamSpec("P")
T = TypeVar("T")
Report = Callable[..., None]  # (share done from 0 to 1, what there is so far); raises Stopped where nobody wants it


class Stopped(Exception):
    """Somebody asked the computation to stop."""


@dataclass(frozen=True, eq=False)
class Asked(Generic[T]):
    """A look with its arguments: what is asked for, not yet computed."""

    look: Look[..., T]
    arguments: dict[str, Any]

    @functools.cached_property
    def key(self) -> str:
        """What tells it from every other one; also a file name. Errors of what it is asked of, where that is absent."""
        return keys.key(self.look.name, self.arguments)

    def arrived(self) -> Asked[T]:
        """The same in the process that it was sent to, where runs are opened again. RunError where one cannot be."""
        came = {name: value.open() if isinstance(value, Closed) else value for name, value in self.arguments.items()}
        return Asked(self.look, came)

    def compute(self) -> T:
        """Compute it here and now."""
        return self.look.function(**self.arguments)


class Look(Generic[P, T]):
    """A function that was declared a look; see `look`."""

    def __init__(self, function: Callable[P, T], words: str, lasting: bool, private: bool) -> None:
        self.function, self.words, self.lasting, self.private = function, words, lasting, private
        self.name = f"{function.__module__}.{function.__qualname__}"
        self._signature = inspect.signature(function)
        functools.update_wrapper(self, function)

    def of(self, *args: P.args, **named: P.kwargs) -> Asked[T]:
        """This look with these arguments."""
        bound = self._signature.bind(*args, **named)
        bound.apply_defaults()
        return Asked(self, bound.arguments)

    def __call__(self, *args: P.args, **named: P.kwargs) -> T:
        """Its result; nobody may change it."""
        return _way.get()(self.of(*args, **named))

    @property
    def result(self) -> Any:
        """The type of its result, as annotated."""
        return get_type_hints(self.function)["return"]

    def __reduce__(self) -> str:
        """It travels as its name."""
        return self.function.__qualname__


def look(words: str = "", lasting: bool = False, private: bool = False) -> Callable[[Callable[P, T]], Look[P, T]]:
    """Declare a look: with `words` it is computed beside a page, which shows them meanwhile. One that is `lasting`,
    seconds long, waits its turn behind others of its sort, never before the short ones. One that is `private`, made of
    what a visitor brought along, never comes to a disk.
    """

    def declare(function: Callable[P, T]) -> Look[P, T]:
        return Look(function, words, lasting, private)

    return declare


def here(asked: Asked[T]) -> T:
    """From memory, else computed here and now."""
    return memory.kept(asked.key, asked.compute)


_way: ContextVar[Callable[[Asked[Any]], Any]] = ContextVar("way", default=here)
_report: ContextVar[Report] = ContextVar("report", default=lambda share, so_far=None: None)


@contextlib.contextmanager
def found_by(way: Callable[[Asked[Any]], Any]) -> Iterator[None]:
    """Have looks that are called meanwhile in this thread answered by `way`."""
    token = _way.set(way)
    try:
        yield
    finally:
        _way.reset(token)


@contextlib.contextmanager
def heard_by(listener: Report) -> Iterator[None]:
    """Have `listener` hear what is reported meanwhile in this thread; what looks inside of a look report counts for
    nothing.
    """
    token = _report.set(listener)
    try:
        yield
    finally:
        _report.reset(token)


def report(share: float, so_far: object = None) -> None:
    """Tell whoever waits which share of a look is done, from 0 to 1, and what there is of its result so far.

    Raises
        Stopped: where nobody waits any more.
    """
    _report.get()(share, so_far)
