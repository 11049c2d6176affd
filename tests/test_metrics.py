"""The numbers under every picture, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_runs import bit_equal
from torch import Tensor

from ae_core import metrics
from ae_core.metrics import codes, evaluate, loss_terms, reconstructions, squared_errors
from ae_core.models import MODELS, Autoencoder, build

every_model = pytest.mark.parametrize("name", MODELS)


def fresh(name: str, **knobs: object) -> Autoencoder:
    torch.manual_seed(0)
    return build(name, (1, 8, 8), knobs)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(23, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@every_model
def test_the_measures_agree_with_numpy(name, images):
    model = fresh(name)
    x, y = images.numpy().astype(float), model.reconstruct(images).detach().numpy().astype(float)
    numbers = evaluate(model, images)
    assert numbers["mse"] == pytest.approx(((x - y) ** 2).mean(), rel=1e-5)
    assert numbers["sumse"] == pytest.approx(((x - y) ** 2).sum(axis=(1, 2, 3)).mean(), rel=1e-5)
    assert numbers["sumse"] == pytest.approx(numbers["mse"] * 64)
    with np.errstate(divide="ignore"):  # a linear model may answer exactly 0 or 1: 100 nats, as in torch
        log_y, log_rest = np.maximum(np.log(y), -100), np.maximum(np.log(1 - y), -100)
    assert numbers["bce"] == pytest.approx(-(x * log_y + (1 - x) * log_rest).mean(), rel=1e-5)


@every_model
def test_the_loss_terms_stand_under_their_own_names_and_add_up(name, images):
    model = fresh(name)
    numbers, terms = evaluate(model, images), loss_terms(model, images)
    assert terms.keys() == model.losses(images).keys()
    assert {key: numbers[key] for key in terms} == terms
    assert numbers["loss"] == pytest.approx(sum(terms.values()))


@pytest.mark.parametrize("name", ["vanilla", "multilayer", "convolutional"])
def test_the_loss_term_of_a_deterministic_model_is_its_error_summed_over_pixels(name, images):
    numbers = evaluate(fresh(name, reconstruction="mse"), images)
    assert numbers["reconstruction"] == pytest.approx(numbers["sumse"], rel=1e-5)
    numbers = evaluate(fresh(name, reconstruction="bce"), images)
    assert numbers["reconstruction"] == pytest.approx(64 * numbers["bce"], rel=1e-5)


@every_model
def test_measuring_twice_gives_the_same_and_leaves_the_random_state_alone(name, images):
    model = fresh(name)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = evaluate(model, images)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(9)
    assert evaluate(model, images) == first


@every_model
@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_the_model_in_the_mode_it_was_in(name, training, images):
    model = fresh(name).train(training)
    evaluate(model, images)
    assert model.training is training


@every_model
def test_the_size_of_the_portions_does_not_matter(name, images, monkeypatch):
    model = fresh(name)
    whole = reconstructions(model, images), codes(model, images)
    terms = loss_terms(model, images)
    monkeypatch.setattr(metrics, "BATCH", 5)
    assert torch.allclose(reconstructions(model, images), whole[0], atol=1e-6)
    assert torch.allclose(codes(model, images), whole[1], atol=1e-5)
    tolerance = 0.05 if name == "vae" else 1e-5  # the noise of the VAE falls differently on smaller portions
    assert loss_terms(model, images) == pytest.approx(terms, rel=tolerance)


@pytest.mark.parametrize("measure", [codes, reconstructions, loss_terms, evaluate])
def test_measuring_in_the_middle_of_a_training_shows_the_model_nothing(measure, images):
    model = fresh("multilayer", normalise=True)
    model.losses(images)  # the running averages are those of one step
    before = {name: value.clone() for name, value in model.state_dict().items()}
    measure(model, images)
    assert model.training and bit_equal(before, model.state_dict())
    model.losses(images)
    assert not bit_equal(before, model.state_dict()), "a training step does move them"


def test_squared_errors_belong_to_one_image_each(images):
    outputs = images.clone()
    outputs[3] += 0.5
    errors = squared_errors(images, outputs)
    assert errors.shape == (23,) and errors[3].item() == pytest.approx(0.25 * 64)
    assert errors.sum() == errors[3]
