"""A recipe: all that is needed to train the same thing again, as plain JSON."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ae_core.chance import seeded
from ae_core.datasets import Dataset, dataset
from ae_core.knobs import KnobError, checked, declared, in_effect
from ae_core.models import Autoencoder, build, model_class
from ae_core.models.base import Shape
from ae_core.training.loop import Plan


@dataclass(frozen=True)
class Recipe:
    """Model, data set and every knob of both model and training; made by `recipe`, which checks it."""

    model: str
    dataset: str
    knobs: dict[str, Any]
    plan: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Any) -> Recipe:
        """Read a recipe; KnobError or DatasetError where it is not one we could train."""
        match record:
            case {"model": str(model), "dataset": str(data), "knobs": dict(knobs), "plan": dict(plan)}:
                # Earlier versions recorded whatever was set, also where it had no effect.
                return recipe(model, data, in_effect(model_class(model), knobs), in_effect(Plan, plan))
        raise KnobError("The recipe is damaged: it must name a model, a data set, knobs and a plan; train it again.")

    @property
    def data(self) -> Dataset:
        """The entry of the data set."""
        return dataset(self.dataset)

    @property
    def identity(self) -> str:
        """What tells it from every other one, its pictures included. DatasetError where they are not here."""
        return f"{json.dumps(self.to_json(), sort_keys=True, allow_nan=False)} {self.data.identity}"

    @property
    def title(self) -> str:
        """What it is, in a few words: the model's title, the data set's title, the size of the code."""
        return f"{model_class(self.model).title} on {self.data.title}, code of {self.knobs['latent']}"

    @property
    def unit(self) -> str:
        """Unit of the loss: squared error or nats, both summed over pixels."""
        return _unit(self.model, self.data.shape, json.dumps(self.knobs, allow_nan=False))

    def training_plan(self) -> Plan:
        """The plan as the training loop takes it."""
        return Plan(**self.plan)

    def new_model(self) -> Autoencoder:
        """The model with its first weights, which depend on the seed only; the caller's random state is kept."""
        with seeded(self.plan["seed"]):
            return build(self.model, self.data.shape, self.knobs)


def recipe(model: str, dataset_name: str, knobs: Mapping[str, Any], plan: Mapping[str, Any]) -> Recipe:
    """Check everything and fill in the defaults.

    Raises
        KnobError: for an unknown model, an unknown knob or a bad value.
        DatasetError: for an unknown data set.
    """
    made = Recipe(
        model=model,
        dataset=dataset(dataset_name).name,
        knobs=checked(model_class(model), knobs),
        plan=checked(Plan, plan),
    )
    _unit(made.model, made.data.shape, json.dumps(made.knobs, allow_nan=False))  # finds knobs that do not go together
    return made


def differences(recipes: Sequence[Recipe]) -> dict[str, list[Any]]:
    """What is not the same in all recipes: name -> its value in each, None where a recipe has no such knob or it is
    idle.

    The model first, then its knobs, then those of the training.
    """
    knobs = [in_effect(model_class(one.model), one.knobs) for one in recipes]
    plans = [in_effect(Plan, one.plan) for one in recipes]
    names = dict.fromkeys(["model", *(n for found in (*knobs, *plans) for n in found)])
    flat = [{"model": r.model, **own, **plan} for r, own, plan in zip(recipes, knobs, plans, strict=True)]
    found = {name: [values.get(name) for values in flat] for name in names}
    return {name: values for name, values in found.items() if any(value != values[0] for value in values)}


@functools.lru_cache(maxsize=256)
def _unit(model: str, shape: Shape, knobs: str) -> str:
    """Unit of the loss of a model that is built without memory; the errors of `build`."""
    with torch.device("meta"):
        return build(model, shape, json.loads(knobs)).unit


FOUND = Path(__file__).with_name("defaults.json")  # by model and data set, from `scripts/find_recipes.py`


@functools.cache
def _found() -> dict[str, dict[str, dict[str, Any]]]:
    """What a search found, by model and data set: `values` of knobs of the model and of the plan, and what they reach
    on the `test` pictures.
    """
    return json.loads(FOUND.read_text(encoding="utf-8"))


def follow_the_pictures(model: str) -> set[str]:
    """The knobs whose first value depends on the pictures."""
    return {"latent", "epochs", *(name for row in _found().get(model, {}).values() for name in row["values"])}


def starting_values(model: str, data: Dataset) -> dict[str, Any]:
    """What a training starts from, on the Train page as on the command line: values of knobs of the model and of the
    plan, for those whose general defaults would not do.
    """
    found = _found().get(model, {}).get(data.name, {"values": {}})
    return {"latent": starting_latent(model_class(model), data), "epochs": data.epochs, **found["values"]}


def starting_recipe(model: str, dataset_name: str, knobs: Mapping[str, Any], plan: Mapping[str, Any]) -> Recipe:
    """The recipe with these values, and with the starting values of its data set for what is not among them.

    Raises
        KnobError, DatasetError: as `recipe`.
    """
    starts = starting_values(model, dataset(dataset_name))
    return recipe(model, dataset_name, _started(model_class(model), starts, knobs), _started(Plan, starts, plan))


def _started(target: Callable[..., Any], starts: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the knobs of `target`: those given, and of those to start from the ones that matter beside them."""
    own = {name: value for name, value in starts.items() if name in declared(target)}
    return {**in_effect(target, own | dict(given)), **given}


def starting_latent(kind: type[Autoencoder], data: Dataset) -> int:
    """A size of the code to start from: the model's default, or where that is no bottleneck, a quarter of the pixels.

    The quarter is rounded down to a power of two: a stop of every slider, and for the 64 pixels or more that a picture
    has a multiple of the 16 that a 4x4 map needs.
    """
    default, quarter = declared(kind)["latent"].default, math.prod(data.shape) // 4
    return default if default <= quarter else 1 << (quarter.bit_length() - 1)
