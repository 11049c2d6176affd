"""The table of computations: what they give, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from small_runs import small_recipe

from ae_core.baselines import FILTERS, PCA
from ae_core.computations import COMPUTATIONS, Computation, Stopped, as_curve, numbers, of_run
from ae_core.datasets import dataset
from ae_core.execution import execute
from ae_core.metrics import codes
from ae_core.planes import principal
from ae_core.restoration import by_filter, by_model, by_pca, sweep
from ae_core.runs import RunError
from ae_core.tiles import SIDE


@pytest.fixture
def run(store):
    made = store.create(small_recipe(epochs=1), origin="test")
    assert execute(made).state == "done"
    return made


def weights(run):
    return run.load()[1].sha256


def test_principal_components_are_those_of_the_training_pictures(store):
    found = Computation.of("pca", dataset="digits").carry_out(store)
    wanted = PCA.fit(dataset("digits").load().train.images)
    assert torch.equal(found["components"], wanted.components) and torch.equal(found["mean"], wanted.mean)


def test_codes_and_errors_of_a_run_are_those_of_its_model(store, run):
    test, heard = run.recipe().data.load().test, []
    model = run.load()[0]
    found = of_run("codes", run, weights(run)).carry_out(store, heard.append)
    assert torch.equal(found["codes"], codes(model, test.images)) and torch.equal(found["labels"], test.labels)
    assert heard == sorted(heard) and heard[-1] == 1.0
    errors = of_run("errors", run, weights(run)).carry_out(store)["errors"]
    assert torch.equal(errors, run.errors()[1])


def test_a_tile_is_the_picture_of_its_coordinates_and_no_axis_runs_backwards(store, run):
    model = run.load()[0]
    flat = principal(model.encode(run.recipe().data.load().test.images))
    corners = (-3.0, 1.0, -0.25, 2.5)
    place = {"middle": flat.codes(torch.zeros(1, 2)), "axes": flat.axes, "corners": torch.tensor(corners).double()}
    found = of_run("tiles", run, weights(run), **{k: numbers(v) for k, v in place.items()}).carry_out(store)
    left, right, bottom, top = corners
    for row, column in ((0, 0), (0, SIDE - 1), (SIDE - 1, 0), (5, 17)):
        u = left + column / (SIDE - 1) * (right - left)
        v = bottom + row / (SIDE - 1) * (top - bottom)
        wanted = model.decode(flat.codes(torch.tensor([[u, v]])))[0]
        assert (found["pixels"][row, column].float() / 255 - wanted).abs().max() < 1 / 255
    assert 0 < found["error"] < 0.1


@pytest.mark.parametrize("method", ["median", "pca", "model"])
def test_a_curve_is_kept_as_tensors_and_read_back_as_it_was(store, run, method):
    model, pca = run.load()[0], PCA.fit(dataset("digits").load().train.images)
    made = {"median": by_filter("m", "M", FILTERS["median"]), "pca": by_pca(pca), "model": by_model("m", "M", model)}
    more = {"run": run.id, "weights": weights(run)} if method == "model" else {}
    found = Computation.of("sweep", dataset="digits", damage="block", method=method, **more).carry_out(store)
    assert as_curve(found) == sweep(made[method], dataset("digits"), "block")


def test_weights_that_changed_meanwhile_are_refused(store, run):
    with pytest.raises(RunError, match="open the page again"):
        of_run("codes", run, "0" * 64).carry_out(store)
    with pytest.raises(RunError, match="no such run"):
        Computation.of("codes", run="../elsewhere", weights="0" * 64).carry_out(store)


@pytest.mark.parametrize("name", ["codes", "errors", "neighbour_map"])
def test_a_report_can_stop_it(store, run, name):
    def stop(share):
        raise Stopped

    more = {"exaggeration": 1.0} if name == "neighbour_map" else {}
    with pytest.raises(Stopped):
        of_run(name, run, weights(run), **more).carry_out(store, stop)


def test_a_key_tells_every_computation_from_every_other_and_is_a_plain_file_name():
    asked = [
        Computation.of("pca", dataset="digits"), Computation.of("pca", dataset="mnist"),
        Computation.of("codes", run="a", weights="b"), Computation.of("codes", run="b", weights="a"),
        Computation.of("neighbour_map", run="a", weights="b", exaggeration=1.0),
        Computation.of("neighbour_map", run="a", weights="b", exaggeration=4.0),
        Computation.of("neighbour_map", run="a", weights="b", exaggeration=4.0, layer="hidden 1 (9)", pictures=1000),
    ]  # fmt: skip
    keys = {what.key for what in asked}
    assert len(keys) == len(asked) and all(key.replace("-", "").replace("_", "").isalnum() for key in keys)
    assert Computation.of("codes", weights="b", run="a").key == Computation.of("codes", run="a", weights="b").key
    assert all(kind.words for kind in COMPUTATIONS.values())
