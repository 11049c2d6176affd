"""A training as a look: bit for bit the run of that recipe, once for everybody, with what there is so far."""

from __future__ import annotations

import pytest
import torch
from small_runs import small_recipe

from ae_core.looks import memory, training
from ae_core.looks.look import Stopped, heard_by
from ae_core.measures.metrics import reconstructions
from ae_core.pictures.pixels import as_bytes
from ae_core.runs.execution import execute
from ae_core.runs.opened import opened
from ae_core.runs.recipe import recipe
from ae_core.runs.run import RunError


@pytest.fixture(autouse=True)
def forgotten():
    memory.forget()
    yield
    memory.forget()


@pytest.mark.parametrize("model", ["vanilla", "vae", "denoising", "convolutional"])
def test_it_is_the_run_of_that_recipe_weight_by_weight_and_point_by_point(store, model):
    made = small_recipe(model, epochs=2, latent=16)
    wanted = store.create(made, origin="test")
    assert execute(wanted).state == "done"
    found, run = training.trained(made), opened(wanted)
    state = run.model.state_dict()
    assert found.weights.keys() == state.keys() and all(torch.equal(found.weights[name], state[name]) for name in state)
    lines = wanted.metrics()
    assert [point.step for point in found.points] == [line["step"] for line in lines]
    for point, line in zip(found.points, lines, strict=True):
        assert (point.epoch, point.train, point.test) == (line["epoch"], line["train"], line["test"])
    x = training.fixed(run.data)
    assert torch.equal(found.pictures[-1], as_bytes(reconstructions(run.model, x)))
    rebuilt = found.model(run.recipe)
    assert torch.equal(rebuilt.reconstruct(x), run.model.reconstruct(x)) and not rebuilt.training


def test_asked_twice_it_is_trained_once_and_another_seed_is_another_training(monkeypatch):
    begun = []
    train = training.train
    monkeypatch.setattr(training, "train", lambda *given: begun.append(1) or train(*given))
    first = training.trained(small_recipe(epochs=1))
    assert training.trained(small_recipe(epochs=1)) is first and len(begun) == 1
    other = training.trained(small_recipe(epochs=1, seed=1))
    assert len(begun) == 2 and any(not torch.equal(first.weights[n], other.weights[n]) for n in first.weights)


def test_its_pictures_so_far_are_told_and_it_can_be_stopped():
    heard = []

    def listen(share, so_far=None):
        heard.append(share)
        if so_far is not None:
            assert len(so_far.points) == len(so_far.pictures) and not so_far.weights
        if share > 0.5:
            raise Stopped

    with heard_by(listen), pytest.raises(Stopped):
        training.trained(small_recipe(epochs=3))
    assert heard == sorted(heard) and 0.5 < heard[-1] < 0.7


def test_a_training_that_diverges_says_so_in_a_sentence():
    with pytest.raises(RunError, match="learning rate below"):
        training.trained(recipe("vae", "digits", {}, {"epochs": 2, "learning_rate": 10.0}))
