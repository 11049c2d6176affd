"""Knobs: keyword arguments that say what they mean and which values they take.

A knob is declared once, in the signature it belongs to::

    def __init__(self, shape: Shape, *, latent: Annotated[int, Knob("Size of the code", 1, 1024)] = 64): ...

From this one line come the widget on the page, the check of a value, the option on the command line and the
entry in the record of a run.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import numbers
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

F = TypeVar("F", bound=Callable[..., Any])


class KnobError(ValueError):
    """A value that its knob does not take; the text gives the value, the rule and the remedy."""


@dataclass(frozen=True)
class When:
    """With which values of another knob a knob matters: those in `one_of`, numbers above `above`, or lists not
    empty.
    """

    name: str
    one_of: tuple[Any, ...] = ()
    above: float = math.inf
    filled: bool = False

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the other knob has such a value among the checked `values`."""
        value = values[self.name]
        if self.filled:
            return bool(value)
        return value > self.above if self.above < math.inf else value in self.one_of

    @property
    def words(self) -> str:
        """The condition in words."""
        if self.filled:
            return f"{self.name} is not empty"
        if self.above < math.inf:
            return f"{self.name} is above {self.above:g}"
        *first, last = map(str, self.one_of)
        return f"{self.name} is {', '.join(first) + ' or ' if first else ''}{last}"


@dataclass(frozen=True)
class Knob:
    """What may be set: `help` for people, a closed range or `choices` for the check, `log` for the slider.

    `log` is the base of the round numbers on a logarithmic slider: 2 for 1, 2, 4, ..., 10 for 1, 2, 5, 10, ...
    With `only_when` it has no effect at all otherwise: then no page shows it, and any value but the default is refused.
    """

    help: str
    low: float = -math.inf
    high: float = math.inf
    log: Literal[0, 2, 10] = 0
    choices: tuple[str, ...] = ()
    most: int = 4  # how many numbers a list may hold
    label: str = ""  # what stands over the widget, where the name of the argument would not do
    only_when: When | None = None


@dataclass(frozen=True)
class Declared:
    """A knob together with the name, type and default of the argument it was written on."""

    name: str
    kind: type  # int, float, bool, str, or tuple for a list of whole numbers
    default: Any
    knob: Knob

    @property
    def label(self) -> str:
        """What stands over its widget and before its value."""
        return self.knob.label or self.name.replace("_", " ").capitalize()

    @property
    def rule(self) -> str:
        """The values this knob takes, in words."""
        low, high = (f"{edge:g}" if self.kind is float else str(edge) for edge in (self.knob.low, self.knob.high))
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "one of " + ", ".join(self.knob.choices)
        if self.kind is float:
            return f"a number from {low} to {high}"
        if self.kind is tuple:
            return f"up to {self.knob.most} whole numbers from {low} to {high}, separated by commas"
        return f"a whole number from {low} to {high}"

    @property
    def explanation(self) -> str:
        """What the knob does, the values it takes and when it matters, in words."""
        when = self.knob.only_when
        return f"{self.knob.help}: {self.rule}" + (f"; matters only when {when.words}" if when else "")

    def check(self, value: Any) -> Any:
        """Return `value` in this knob's type.

        Raises
            KnobError: where the value has another type or breaks the rule.
        """
        accepted = self._accepted(value)
        if accepted is None:
            shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
            remedy = ",".join(map(str, self.default)) if self.kind is tuple else self.default
            raise KnobError(f"{self.name} = {shown}: must be {self.rule}; the default is {remedy}.")
        return accepted

    def parse(self, text: str) -> Any:
        """Read a value as it stands on a command line or in an address; errors as in `check`."""
        try:
            return self.check(_READERS[self.kind](text.strip()))
        except KnobError:
            raise
        except (ValueError, KeyError):
            return self.check(text)

    def _accepted(self, value: Any) -> Any:
        if self.kind is bool:
            return value if isinstance(value, bool) else None
        if self.kind is str:
            return value if isinstance(value, str) and value in self.knob.choices else None
        if self.kind is tuple:
            return self._accepted_list(value)
        return _number(value, self.kind, self.knob)

    def _accepted_list(self, value: Any) -> tuple[int, ...] | None:
        if not isinstance(value, list | tuple) or len(value) > self.knob.most:
            return None
        widths = tuple(_number(item, int, self.knob) for item in value)
        return None if None in widths else widths


_READERS: dict[type, Callable[[str], Any]] = {
    bool: lambda text: {"true": True, "false": False}[text.lower()],
    int: int,
    float: float,
    str: str,
    tuple: lambda text: tuple(int(part) for part in text.split(",") if part.strip()),
}


def _number(value: Any, kind: type, knob: Knob) -> Any:
    """`value` as int or float where it is a real number inside the range, else None."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not knob.low <= value <= knob.high:
        return None
    number = kind(value)
    return number if kind is float or number == value else None


def in_words(value: Any) -> str:
    """A value of a knob as people read it; a dash where there is none."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
    return str(value)


@functools.cache
def declared(target: Callable[..., Any]) -> dict[str, Declared]:
    """All knobs in the signature of a function or of a class's constructor, in the order written."""
    function = target.__init__ if inspect.isclass(target) else target
    hints = get_type_hints(function, include_extras=True)
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        kind, *notes = get_args(hints[name]) if get_origin(hints.get(name)) is Annotated else (None,)
        for knob in (note for note in notes if isinstance(note, Knob)):
            found[name] = Declared(name, get_origin(kind) or kind, parameter.default, knob)
    return found


def did_you_mean(name: str, names: Collection[str], otherwise: str = "choose one of") -> str:
    """The end of a sentence about an unknown name: the nearest of `names`, or all of them after `otherwise`."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"{otherwise} {', '.join(names)}."


def checked(target: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for every knob of `target`: the given ones checked, the defaults for the rest.

    Raises
        KnobError: where a name is not a knob of `target`, a value breaks its knob's rule, or a knob was set that has no
            effect with the others (`Knob.only_when`).
    """
    knobs = declared(target)
    for name in values:
        if name not in knobs:
            hint = did_you_mean(name, knobs, "its knobs are")
            raise KnobError(f"{name}: not a knob of {target.__name__.lower()}; {hint}")
    return _checked(knobs, values)


def _checked(knobs: Mapping[str, Declared], given: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: knob.check(given.get(name, knob.default)) for name, knob in knobs.items()}
    for name, knob in knobs.items():
        when = knob.knob.only_when
        if when and values[name] != knob.default and not when.holds(values):
            raise KnobError(
                f"{name} = {values[name]!r}: must stay {knob.default}, because it matters only when {when.words}; leave"
                f" it out, or change {when.name}."
            )
    return values


def in_effect(target: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that matter, given the others; names that are no knobs of `target` stay."""
    knobs = declared(target)
    whole = {name: knob.default for name, knob in knobs.items()} | dict(values)
    idle = {name for name, knob in knobs.items() if knob.knob.only_when and not knob.knob.only_when.holds(whole)}
    return {name: value for name, value in values.items() if name not in idle}


def checks_knobs(function: F) -> F:
    """Decorate a constructor so that every knob it is called with is checked first."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        knobs = declared(function)
        values = _checked(knobs, kwargs)
        return function(*args, **{k: values.get(k, v) for k, v in kwargs.items()})

    return wrapper  # type: ignore[return-value]
