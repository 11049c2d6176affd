"""Find the recipe that each model starts from on each embedded data set: `python scripts/find_recipes.py [MODEL-DATASET ...]`.

For every row it trains some dozens of recipes drawn at random, each as long as the row's seconds allow or shorter, on
seven eighths of the training pictures, and judges them by the model's own loss on the last eighth. The quickest of
those within half a hundredth of the best is taken, trained on all training pictures, and measured on the test
pictures, as is what a model would start from otherwise. Seconds are those of the processor, of one thread. What was
found stands in `ae_core/runs/defaults.json`, its table in `docs/recipes.md`; rows that are there are kept unless named.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from torch import Tensor

from ae_core.datasets import dataset
from ae_core.durable import write_json
from ae_core.knobs import declared
from ae_core.measures.metrics import loss_terms
from ae_core.models import MODELS, Autoencoder, model_class
from ae_core.pictures.pictures import Pictures
from ae_core.runs.recipe import FOUND, Recipe, recipe, starting_latent
from ae_core.training.loop import Diverged, Plan, new_optimiser, train

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "recipes.md"
DATA = ("digits", "handwriting", "shapes")
HELD_OUT, NEAR = 8, 1.005
PROBED = 12  # steps that say how long an epoch takes

Values = dict[str, Any]


class Row(NamedTuple):
    """What is searched for: seconds of processor a training may take, shapes of the net, and rates, on each data set."""

    seconds: dict[str, float]
    shapes: dict[str, list[Values]]
    rates: tuple[float, float] = (3e-3, 8e-2)
    trials: int = 30


def everywhere(*shapes: Values) -> dict[str, list[Values]]:
    return dict.fromkeys(DATA, list(shapes) or [{}])


def seconds(digits: float, others: float) -> dict[str, float]:
    return {"digits": digits, "handwriting": others, "shapes": others}


FREE = {"code_activation": "linear"}
STRIDED = {"body": "strided"}
ROWS = {
    "linear": Row(seconds(0.5, 2.0), everywhere(), (1e-2, 8e-2)),
    "vanilla": Row(seconds(0.5, 2.0), everywhere()),
    "multilayer": Row(seconds(0.85, 2.1), everywhere(FREE, {**FREE, "activation": "silu"}), (2e-3, 3e-2)),
    "convolutional": Row(
        seconds(1.3, 13.0),
        {
            "digits": [{**STRIDED, "hidden": (16,)}, {**STRIDED, "hidden": (16, 32)}],
            "handwriting": [{**STRIDED, "hidden": (16, 32)}, {**STRIDED, "hidden": (8, 16)}],
            "shapes": [{**STRIDED, "hidden": (16, 32)}],
        },
        (3e-3, 4e-2),
    ),
    "sparse": Row(seconds(0.55, 2.0), everywhere(), (1e-2, 8e-2)),
    "denoising": Row(seconds(0.5, 6.0), everywhere({"hidden": (64,)}, {"hidden": (128,)}, {"hidden": (256,)}), (2e-3, 4e-2)),
    "contractive": Row(seconds(0.5, 2.0), everywhere()),
    "vae": Row(seconds(0.85, 8.0), everywhere({"hidden": (64,)}, {"hidden": (128,)}, {}), (2e-3, 3e-2)),
    "structured_vae": Row(seconds(2.2, 5.0), everywhere({}, {"hidden": (128,)}), (2e-3, 2e-2), 6),
}  # fmt: skip


def trained(made: Recipe, images: Tensor | Pictures) -> tuple[Autoencoder, float]:
    """A training on these images, and its seconds of processor; Diverged where it does."""
    model, plan = made.new_model(), made.training_plan()
    began = time.process_time()
    for _ in train(model, new_optimiser(model, plan), images, plan):
        pass
    return model, time.process_time() - began


def loss(model: Autoencoder, images: Tensor | Pictures) -> float:
    return sum(loss_terms(model, images).values())


def made(model: str, data: str, values: Values) -> Recipe:
    """The recipe with these values of the model's knobs and of the plan."""
    own, general = declared(model_class(model)), declared(Plan)
    latent = {"latent": starting_latent(model_class(model), dataset(data))}
    return recipe(
        model,
        data,
        latent | {name: value for name, value in values.items() if name in own},
        {name: value for name, value in values.items() if name in general},
    )


def epoch_seconds(model: str, data: str, values: Values, images: Tensor | Pictures) -> float:
    """Seconds of processor that a pass over the images takes, from the quickest of a few steps. The structured model
    learns its mean first: what comes then takes four times as long.
    """
    one = made(model, data, {**values, "epochs": 1})
    steps = one.training_plan().steps_per_epoch(len(images))
    few = images[: PROBED * one.plan["batch_size"]]
    net, plan = one.new_model(), one.training_plan()
    taken = [step.seconds for step in train(net, new_optimiser(net, plan), few, plan)]
    return steps * min(after - before for before, after in pairwise(taken))


def drawn(row: Row, data: str, chance: random.Random) -> Values:
    """Values of knobs by chance, but for the length."""
    low, high = map(math.log, row.rates)
    return {
        **chance.choice(row.shapes[data]),
        "batch_size": chance.choice([32, 64, 128, 256]),
        "learning_rate": float(f"{math.exp(chance.uniform(low, high)):.1g}"),
        "schedule": "one_cycle",
        "centred": chance.random() < 0.7,
    }


def search(model: str, data: str) -> Values:
    """The values to start from, by the loss on held-out pictures; how many were tried."""
    images, chance, found = dataset(data).load().train.images, random.Random(0), []
    held = torch.arange(len(images)) % HELD_OUT == 0
    learned, judged = images[~held], images[held]
    for _ in range(ROWS[model].trials):
        values = drawn(ROWS[model], data, chance)
        whole = ROWS[model].seconds[data] / epoch_seconds(model, data, values, images)
        values["epochs"] = max(1, int(chance.choice([0.4, 0.7, 1.0]) * whole))
        try:
            net, took = trained(made(model, data, values), learned)
        except Diverged:
            continue
        found.append((loss(net, judged), took, values))
        print(f"  {found[-1][0]:.4f} in {took:.2f} s: {values}", flush=True)
    best = min(result[0] for result in found)
    near = [result for result in found if result[0] - best <= abs(best) * (NEAR - 1)]
    return min(near, key=lambda result: result[1])[2]


def measured(model: str, data: str, values: Values) -> dict[str, float]:
    """Loss on the test pictures after a training on all training pictures, and its seconds of processor."""
    split = dataset(data).load()
    net, took = trained(made(model, data, values), split.train.images)
    return {"test": loss(net, split.test.images), "seconds": took}


def find(model: str, data: str) -> dict[str, Any]:
    """One row: values, what they reach, and what the model's own defaults reach in the epochs of the data set."""
    values = search(model, data)
    return {
        "values": values,
        **measured(model, data, values),
        "before": measured(model, data, {"epochs": dataset(data).epochs}),
    }


HEAD = """\
# Recipes that trainings start from

What Train, the command line and the form begin with, for each model and each data set that comes with the program. Found by
`scripts/find_recipes.py`: 30 recipes (6 of the slowest model) drawn at random for each row, judged on an eighth of the training pictures; the test pictures were
looked at once, for this table. Loss in the model's own unit (squared error or nats, summed over pixels) on the test pictures; seconds of
processor, one thread. "Before" is the model with its general defaults and the epochs of the data set. Bold: not better than before.

| model | data set | before: loss | s | now: loss | s | values |
| --- | --- | ---: | ---: | ---: | ---: | --- |
"""


def table(found: dict[str, dict[str, Any]]) -> str:
    """The table in docs/recipes.md."""
    lines = []
    for model in MODELS:
        for data, row in found.get(model, {}).items():
            before, worse = row["before"], row["test"] > row["before"]["test"]
            now = f"**{row['test']:.4g}**" if worse else f"{row['test']:.4g}"
            values = ", ".join(f"{name} {_shown(value)}" for name, value in row["values"].items())
            lines.append(
                f"| {model} | {data} | {before['test']:.4g} | {before['seconds']:.2f} | {now} | {row['seconds']:.2f} "
                f"| {values} |"
            )
    return HEAD + "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def main() -> None:
    torch.set_num_threads(1)
    asked = sys.argv[1:]
    found: dict[str, dict[str, Any]] = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
    for model in ROWS:
        for data in DATA:
            name = f"{model}-{data}"
            if name not in asked if asked else data in found.get(model, {}):
                continue
            print(name, flush=True)
            found.setdefault(model, {})[data] = find(model, data)
            write_json(FOUND, found)
            TABLE.write_text(table(found), encoding="utf-8")


if __name__ == "__main__":
    main()
