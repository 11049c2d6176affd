"""Published numbers: recipes that can be trained, runs that are found again, verdicts that are fair."""

from __future__ import annotations

import dataclasses
import json
import sys

import make_results
import pytest
from make_results import PAGE, RECORD, known, page
from small_runs import stop_at

from ae_core import __main__ as command_line
from ae_core.datasets import DatasetError
from ae_core.knobs import KnobError
from ae_core.published import PUBLISHED, Published, Result, Row, published, result, trained
from ae_core.published.base import loss_per_pixel
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe
from ae_core.runs.run import RunError, Status
from ae_core.runs.store import Store
from ui.sections.train.published import entry_of

ROWS = [(name, row) for name, entry in PUBLISHED.items() for row in entry.rows]
EACH = pytest.mark.parametrize(("name", "row"), ROWS, ids=[f"{name}: {row.label}" for name, row in ROWS])
TINY = Published(
    "Tiny", "nobody (1900)", "digits", "squared error per pixel", lambda run: run.status().test["mse"],
    (Row("one epoch", "vanilla", {"latent": 4}, {"epochs": 1}, 0.2, 0.5, "digits"),
     Row("sharp", "vanilla", {"latent": 4}, {"epochs": 2}, 0.001, 0.0001, "digits")),
)  # fmt: skip


@EACH
def test_every_row_can_be_trained_and_says_where_it_comes_from(name, row):
    entry = PUBLISHED[name]
    assert row.recipe(3).plan["seed"] == 3 and row.recipe() == row.recipe(0)
    assert entry.source and entry.protocol and entry.quantity and entry.seeds in (1, 3)
    near_zero = row.published is not None and row.published < 0.03  # a correlation, not an error: any small one will do
    assert row.at_most is None or row.published is None or near_zero or row.at_most <= 1.1 * row.published


def test_labels_tell_the_rows_of_an_entry_apart():
    for entry in PUBLISHED.values():
        assert len({row.label for row in entry.rows}) == len(entry.rows)


@EACH
def test_a_row_is_found_again_whatever_its_seed(name, row):
    found = entry_of(row.recipe(seed=5))
    assert found is not None and found[1].recipe() == row.recipe()


def test_a_recipe_nobody_published_is_not_compared():
    assert entry_of(recipe("vanilla", "digits", {"latent": 3}, {})) is None


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(KnobError, match="did you mean hinton-30"):
        published("hinton-31")


def test_a_finished_run_is_found_again_and_not_trained_twice(store):
    made = TINY.rows[0].recipe()
    first = trained(store, made)
    assert first.status().state == "done"
    assert trained(store, made).id == first.id
    assert trained(store, TINY.rows[0].recipe(seed=1)).id != first.id
    assert len(store.listing()) == 2


def test_a_training_that_was_broken_off_goes_on(store, look_always):
    made = recipe("vanilla", "digits", {"latent": 4}, {"epochs": 3})
    run = store.create(made, origin="command line")
    assert execute(run, stop_at(run, 7)).state == "stopped"
    steps = []
    assert trained(store, made, lambda step: steps.append(step.step)).id == run.id
    assert steps[0] == 8 and run.status().state == "done"


def test_shipped_runs_count_as_finished(store, tmp_path):
    made = TINY.rows[0].recipe()
    shipped = trained(Store(tmp_path / "shipped", None), made)
    assert trained(Store(tmp_path / "own", tmp_path / "shipped"), made).folder == shipped.folder


def test_a_training_that_fails_gives_its_reason(store):
    made = recipe("vanilla", "digits", {"latent": 4, "activation": "linear"}, {"epochs": 2, "learning_rate": 10.0})
    made = dataclasses.replace(made, plan={**made.plan, "epochs": 2, "batch_size": 0})
    with pytest.raises(RunError, match=r"did not finish \(failed\)|batch_size"):
        trained(store, made)


def test_a_result_has_mean_and_spread_over_its_seeds(store):
    found = result(store, TINY, TINY.rows[0], 3, lambda step: None)
    values = [trained(store, TINY.rows[0].recipe(seed)).status().test["mse"] for seed in range(3)]
    assert found.values == tuple(values) and len(set(values)) == 3
    assert found.mean == pytest.approx(sum(values) / 3)
    assert found.spread == pytest.approx((sum((v - found.mean) ** 2 for v in values) / 2) ** 0.5)
    assert Result("x", 1.0, 1.0, (1.0,), 0.0).spread is None


@pytest.mark.parametrize(("limit", "verdict"), [(1.0, "reached"), (0.99, "missed"), (None, "")])
def test_the_verdict_is_the_limit_and_nothing_else(limit, verdict):
    assert Result("x", 5.0, limit, (0.5, 1.5), 0.0).verdict == verdict


def test_the_loss_per_pixel_has_its_penalty_and_the_number_of_pixels(store):
    run = store.create(recipe("sparse", "digits", {"latent": 4}, {"epochs": 1}), origin="test")
    run.write_status(
        Status("done", test={"mse": 0.5, "sumse": 32.0, "reconstruction": 32.0, "sparsity": 8.0, "loss": 40.0})
    )
    assert loss_per_pixel(run) == pytest.approx(40 / 64)


def test_the_command_prints_ours_beside_the_published_number(monkeypatch, capsys):
    monkeypatch.setitem(PUBLISHED, "tiny", TINY)
    monkeypatch.setattr(sys, "argv", ["ae_core", "recipe", "tiny", "--seeds", "2"])
    command_line.main()
    text = capsys.readouterr().out
    assert "published 0.2000, at most 0.5000 asked: reached" in text and "asked: missed" in text
    monkeypatch.setattr(sys, "argv", ["ae_core", "recipe", "tiny", "--json"])
    command_line.main()
    rows = json.loads(capsys.readouterr().out)["rows"]
    run = trained(Store.default(), TINY.rows[0].recipe())
    assert rows[0]["values"] == [run.status().test["mse"]] and rows[0]["verdict"] == "reached"


def test_a_miss_is_printed_as_a_miss():
    missed = {"seed-vanilla": {PUBLISHED["seed-vanilla"].rows[0].label: {"values": [0.5], "seconds": 1.0}}}
    assert "| 0.5000 | 1 | 1 | **missed** |" in page(missed)


def test_the_page_of_results_says_what_was_measured_and_nothing_is_left_out():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(known()), "run python scripts/make_results.py --page"
    assert RECORD.exists()
    assert [f"{name}: {row.label}" for name, row in ROWS if row.label not in known().get(name, {})] == []


def test_a_wrong_name_or_missing_pictures_are_a_sentence_before_the_first_training(tmp_path, monkeypatch):
    assert make_results.missing(list(PUBLISHED)) == []
    monkeypatch.setattr(make_results, "RECORD", tmp_path / "none.json")
    monkeypatch.setenv("AE_DATA", str(tmp_path))
    with pytest.raises(KnobError, match=r"'seed-vanila': .* did you mean seed-vanilla"):
        make_results.missing(["seed-vanila"])
    with pytest.raises(DatasetError, match=r"^MNIST is not on this computer: .* set AE_DATA to a folder that has it"):
        make_results.missing(["seed-vanilla"])
