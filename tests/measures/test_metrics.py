"""The numbers under every picture, against NumPy, SciPy and scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import entr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from small_runs import bit_equal
from torch import Tensor, nn

from ae_core.measures import metrics
from ae_core.measures.metrics import (
    codes,
    cross_entropy,
    entropy_floor,
    loss_terms,
    psnr,
    reconstructions,
    squared_errors,
    ssims,
)
from ae_core.measures.table import evaluate
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
    with np.errstate(divide="ignore"):  # a linear model answers exactly 0 and 1
        bce = -(x * np.log(y) + (1 - x) * np.log(1 - y)).mean()
    assert np.isinf(bce) == (name == "linear")
    if np.isinf(bce):
        assert not {"bce", "excess_bce"} & numbers.keys()
    else:
        assert numbers["bce"] == pytest.approx(bce, rel=1e-5)
        assert numbers["excess_bce"] == pytest.approx(bce - (entr(x) + entr(1 - x)).mean(), abs=1e-6)
    assert numbers["psnr"] == pytest.approx(peak_signal_noise_ratio(x, y, data_range=1.0), rel=1e-6)
    each = [structural_similarity(a[0], b[0], data_range=1.0) for a, b in zip(x, y, strict=True)]
    assert numbers["ssim"] == pytest.approx(np.mean(each), abs=1e-5)


@pytest.mark.parametrize("name", ["vanilla", "vae", "structured_vae", "convolutional"])
def test_outputs_that_only_rounding_made_black_or_white_still_have_their_cross_entropy(name, images):
    """A sigmoid of 30 is 1 in float32: the cross-entropy is computed from the logits, against NumPy in double."""
    model = fresh(name)
    with torch.no_grad():
        list(model.decoder.parameters())[-1].fill_(30.0)
    assert (model.reconstruct(images) == 1).any()
    logits = model.decoder(model.encode(images)).detach().double().numpy()
    x = images.double().numpy()
    expected = (np.logaddexp(0, logits) - x * logits).mean()
    assert evaluate(model, images)["bce"] == pytest.approx(expected, rel=1e-5)


def test_an_answer_of_exactly_one_is_no_fault_where_the_pixel_is_white(images):
    white = torch.ones(3, 1, 8, 8)
    assert cross_entropy(white, white) == 0 and cross_entropy(1 - white, 1 - white) == 0
    assert cross_entropy(0.5 * white, white) == math.inf == cross_entropy(white, 1 - white)


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


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 16, 11)], ids=str)
@pytest.mark.parametrize("portion", [1, 4, 1000])
def test_the_ssim_of_an_image_is_that_of_scikit_image_whatever_lies_above_and_below(shape, portion, monkeypatch):
    monkeypatch.setattr(metrics, "BATCH", portion)
    chance = torch.Generator().manual_seed(2)
    x = torch.rand(9, *shape, generator=chance)
    y = (x + 0.3 * torch.randn(x.shape, generator=chance)).clamp(0, 1)
    theirs = [
        structural_similarity(a, b, data_range=1.0, channel_axis=0) for a, b in zip(x.numpy(), y.numpy(), strict=True)
    ]
    assert np.allclose(ssims(x, y).numpy(), theirs, atol=1e-5)
    assert np.allclose(ssims(x, x).numpy(), 1)


def test_half_the_error_is_three_decibels_and_a_perfect_copy_stays_finite():
    assert psnr(0.01) == pytest.approx(20)
    assert psnr(0.005) - psnr(0.01) == pytest.approx(3.01, abs=0.01)
    assert psnr(0.0) == 120


def test_black_and_white_leave_no_entropy_and_grey_leaves_one_bit():
    assert entropy_floor(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1).expand(2, 1, 8, 8)) == 0
    assert entropy_floor(torch.full((2, 1, 8, 8), 0.5)) == pytest.approx(np.log(2))


def test_the_entropy_floor_of_mnist_is_the_known_one(mnist):
    assert entropy_floor(mnist.test.images) == pytest.approx(0.05808, abs=5e-6)
    assert entropy_floor(mnist.test.images) * 784 == pytest.approx(45.53, abs=0.01)


@pytest.mark.parametrize("measure", [evaluate, reconstructions, codes, loss_terms])
def test_measuring_neither_uses_nor_moves_what_depends_on_the_batch_and_restores_each_layer(measure, images):
    model = fresh("vanilla")
    model.encoder.insert(1, nn.BatchNorm1d(64))
    model.encoder.insert(2, nn.Dropout(0.5))
    model.train()
    model.encoder[1].eval()  # a layer that was frozen stays frozen
    modes = [layer.training for layer in model.modules()]
    first = measure(model, images)
    assert [layer.training for layer in model.modules()] == modes
    assert int(model.encoder[1].num_batches_tracked) == 0
    model.eval()
    again = measure(model, images)
    assert torch.equal(first, again) if isinstance(first, Tensor) else first == again


def test_the_modes_come_back_where_measuring_fails(images, monkeypatch):
    def broken(x):
        raise ZeroDivisionError

    model = fresh("vanilla").train()
    monkeypatch.setattr(model, "encode", broken)
    with pytest.raises(ZeroDivisionError):
        codes(model, images)
    assert all(layer.training for layer in model.modules())


@every_model
def test_the_size_of_the_portions_does_not_matter(name, images, monkeypatch):
    model = fresh(name)
    whole = reconstructions(model, images), codes(model, images)
    terms = loss_terms(model, images)
    monkeypatch.setattr(metrics, "BATCH", 5)
    assert torch.allclose(reconstructions(model, images), whole[0], atol=1e-6)
    assert torch.allclose(codes(model, images), whole[1], atol=1e-5)
    tolerance = (
        0.05 if name in ("vae", "structured_vae") else 1e-5
    )  # the noise of a VAE falls differently on smaller portions
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
