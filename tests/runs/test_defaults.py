"""What trainings start from: found by a search, and each no worse than its table says."""

from __future__ import annotations

import json

import pytest

from ae_core.datasets import DATASETS, dataset
from ae_core.knobs import declared
from ae_core.measures.metrics import loss_terms
from ae_core.models import MODELS
from ae_core.runs.recipe import FOUND, follow_the_pictures, starting_recipe, starting_values
from ae_core.training.loop import Plan, new_optimiser, train

ROWS = [(model, data, row) for model, rows in json.loads(FOUND.read_text()).items() for data, row in rows.items()]
QUICK_S, OTHER_PROCESSORS = 1.0, 1.1  # round their sums in another order, and long steps make much of it


def names(value):
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(
    ("model", "data", "row"),
    [pytest.param(*row, marks=pytest.mark.slow if row[2]["seconds"] > QUICK_S else ()) for row in ROWS],
    ids=names,
)
def test_a_default_recipe_reaches_what_its_table_says(model, data, row):
    made, split = starting_recipe(model, data, {}, {}), dataset(data).load()
    net, plan = made.new_model(), made.training_plan()
    for _ in train(net, new_optimiser(net, plan), split.train.images, plan):
        pass
    reached = sum(loss_terms(net, split.test.images).values())
    assert reached <= row["test"] + (OTHER_PROCESSORS - 1) * abs(row["test"])


def test_every_model_has_a_recipe_for_every_embedded_data_set_of_digits():
    assert {(model, data) for model, data, _ in ROWS} >= {
        (model, data) for model in MODELS for data in ("digits", "handwriting")
    }


@pytest.mark.parametrize(("model", "data", "row"), ROWS, ids=names)
def test_it_is_what_form_and_command_line_begin_with(model, data, row):
    starts, made = starting_values(model, DATASETS[data]), starting_recipe(model, data, {}, {})
    assert row["values"].items() <= starts.items()
    assert all(
        {**made.knobs, **made.plan}[name] == (tuple(value) if isinstance(value, list) else value)
        for name, value in starts.items()
    )
    assert starts.keys() <= follow_the_pictures(model)


def test_knobs_of_models_and_of_the_plan_have_names_of_their_own():
    for kind in MODELS.values():
        assert not declared(kind).keys() & declared(Plan).keys()


def test_what_is_given_is_taken_and_what_no_longer_matters_beside_it_is_left_out():
    made = starting_recipe("multilayer", "digits", {"hidden": ()}, {"learning_rate": 0.5})
    assert made.knobs["hidden"] == () and made.plan["learning_rate"] == 0.5
