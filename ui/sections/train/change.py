"""What is different between two runs, in words, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ae_core.knobs import Declared, declared, in_words
from ae_core.models import model_class
from ae_core.runs.recipe import Recipe, differences
from ae_core.training.loop import Plan

ALIKE = 0.005  # errors that differ by a smaller share are called equal
TWICE = 2.0  # from here on an error is so many times another one, below it is a share larger or smaller


def what_changed(before: Recipe, now: Recipe) -> str:
    """One sentence on how the recipe of a run differs from that of the run before it."""
    found = differences([before, now])
    if before.dataset == now.dataset and not found:
        return "The same recipe, trained once more: on one machine it gives the same weights."
    if before.dataset == now.dataset and found.keys() == {"seed"}:
        return f"The same recipe with another seed: {_step(*found['seed'])}."
    parts = [] if before.dataset == now.dataset else [f"pictures {before.data.title} → {now.data.title}"]
    if before.model != now.model:
        parts.append(f"{model_class(before.model).title} → {model_class(now.model).title}")
    knobs = {**_knobs(now), **_knobs(before)}
    parts += [text for name, values in found.items() if name in knobs and (text := _knob(knobs[name], *values))]
    return f"What changed: {', '.join(parts)}."


def _knobs(recipe: Recipe) -> Mapping[str, Declared]:
    return {**declared(model_class(recipe.model)), **declared(Plan)}


def _knob(knob: Declared, before: Any, now: Any) -> str:
    """How a knob was turned; empty for one that only one of the models has, where it is as it always begins."""
    name = knob.label[0].lower() + knob.label[1:]
    if before is None:
        return "" if now == knob.default else f"{name} {in_words(now)}"
    if now is None:
        return "" if before == knob.default else f"without {name} {in_words(before)}"
    return f"{name} {_step(before, now)}"


def _step(before: Any, now: Any) -> str:
    return f"{in_words(before)} → {in_words(now)}"


def what_came_of_it(before: float, now: float) -> str:
    """One sentence on two errors of the same pictures."""
    if not min(before, now) > 0 or abs(now / before - 1) < ALIKE:
        return "The error is the same." if before == now else "The error is nearly the same."
    times, word = (before / now, "smaller") if now < before else (now / before, "larger")
    share = abs(now / before - 1)
    return f"The error is {times:.1f} times {word}." if times >= TWICE else f"The error is {100 * share:.0f} % {word}."
