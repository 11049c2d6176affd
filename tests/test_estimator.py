"""The scikit-learn face: scikit-learn's own checks, pipelines, and the same numbers as training by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ae_core.estimator import AutoencoderTransformer, picture_shape
from ae_core.knobs import KnobError
from ae_core.metrics import codes, evaluate
from ae_core.models import MODELS
from ae_core.models.base import ShapeError, checked_shape
from ae_core.recipe import recipe
from ae_core.training import new_optimiser, train

SMALL = {"vae": {"hidden": (8,)}, "multilayer": {"hidden": (8,)}, "convolutional": {"hidden": (2,)}}


def small(model: str) -> AutoencoderTransformer:
    return AutoencoderTransformer(model, 16 if model == "convolutional" else 2, SMALL.get(model), epochs=1)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return load_digits(return_X_y=True)


@parametrize_with_checks([small(model) for model in MODELS])
def test_it_is_a_transformer_as_scikit_learn_understands_it(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", MODELS)
def test_it_learns_the_same_as_training_by_hand(model, digits):
    X = digits[0][:300]
    latent = 16 if model == "convolutional" else 4
    made = AutoencoderTransformer(model, latent, epochs=2, random_state=7).fit(X)
    by_hand = recipe(model, "digits", {"latent": latent}, {"epochs": 2, "seed": 7})
    net, plan = by_hand.new_model(), by_hand.training_plan()
    images = torch.tensor(X / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    assert [s.epoch for s in train(net, new_optimiser(net, plan), images, plan)][-1] == 2
    for name, weights in net.state_dict().items():
        assert torch.equal(weights, made.model_.state_dict()[name]), name
    np.testing.assert_allclose(made.transform(X), codes(net, images).numpy(), atol=1e-4)
    assert made.score(X) == pytest.approx(-evaluate(net, images)["mse"] * 16**2, rel=1e-4)


def test_codes_rows_and_scale(digits):
    X = digits[0] * 3 - 5
    made = AutoencoderTransformer("multilayer", 8, {"hidden": [32], "code_activation": "linear"}, epochs=40).fit(X)
    z = made.transform(X)
    rebuilt = made.inverse_transform(z)
    assert z.shape == (len(X), 8) and rebuilt.shape == X.shape and z.dtype == rebuilt.dtype == np.float64
    assert (made.minimum_, made.range_, made.image_shape_) == (-5, 48, (1, 8, 8))
    assert rebuilt.min() >= -5 and rebuilt.max() <= 43
    assert made.score(X) == pytest.approx(-np.square(X - rebuilt).mean())
    assert made.score(X) > -0.5 * np.square(X - X.mean(0)).mean()  # far better than the mean picture
    assert len(made.loss_curve_) == 40 and made.loss_curve_[-1] < made.loss_curve_[0]
    assert list(made.get_feature_names_out()) == [f"autoencodertransformer{i}" for i in range(8)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_float_type_comes_back(dtype, digits):
    X = digits[0][:50].astype(dtype)
    made = AutoencoderTransformer(epochs=1).fit(X)
    assert made.transform(X).dtype == made.inverse_transform(made.transform(X)).dtype == dtype


def test_a_pipeline(digits):
    X, y = digits
    steps = make_pipeline(
        AutoencoderTransformer(latent=16, epochs=30, learning_rate=5e-3), LogisticRegression(max_iter=2000)
    )
    assert steps.fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) > 0.7


def test_a_grid_search_in_a_pipeline(digits):
    X = digits[0][:600]
    linear = AutoencoderTransformer(knobs={"activation": "linear"}, epochs=30, learning_rate=1e-2)
    steps = Pipeline([("scale", MinMaxScaler()), ("autoencoder", linear)])
    search = GridSearchCV(steps, {"autoencoder__latent": [2, 4]}, cv=2, error_score="raise").fit(X)
    assert search.best_params_ == {"autoencoder__latent": 4}
    assert search.transform(X).shape == (600, 4) and search.inverse_transform(search.transform(X)).shape == X.shape


def test_the_random_state_is_the_seed_and_the_callers_is_kept(digits):
    X = digits[0][:100]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (AutoencoderTransformer("vae", epochs=1, random_state=s).fit(X).transform(X) for s in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    a, b = (AutoencoderTransformer(epochs=1, random_state=np.random.RandomState(3)).fit(X).seed_ for _ in range(2))
    assert a == b != AutoencoderTransformer(epochs=1, random_state=None).fit(X).seed_


def test_none_takes_the_default_size_of_the_code(digits):
    assert AutoencoderTransformer("vae", latent=None, epochs=1).fit(digits[0][:50]).transform(digits[0]).shape[1] == 20


@pytest.mark.parametrize("features", [1, 2, 63, 64, 65, 67, 144, 784, 785, 4095, 4096])
def test_the_picture_is_legal_square_where_it_can_be_and_the_smallest(features):
    shape = checked_shape(picture_shape(features))
    sides = range(8, 65)
    assert math.prod(shape) == min(h * w for h in sides for w in sides if h * w >= features)
    assert shape[1] == shape[2] or math.isqrt(features) ** 2 != features or features < 64


def test_rows_that_are_no_square_are_filled_up(digits):
    X = digits[0][:80, :50]
    made = AutoencoderTransformer(epochs=1).fit(X)
    assert made.image_shape_ == (1, 8, 8) and made.inverse_transform(made.transform(X)).shape == (80, 50)


def test_a_constant_matrix_and_colour_pictures():
    made = AutoencoderTransformer(epochs=1).fit(np.full((5, 3), 7.0))
    assert (made.minimum_, made.range_) == (7.0, 1.0) and np.isfinite(made.transform(np.full((1, 3), 7.0))).all()
    rows = np.random.default_rng(0).random((6, 3 * 8 * 8))
    assert AutoencoderTransformer(epochs=1, image_shape=(3, 8, 8)).fit(rows).model_.shape == (3, 8, 8)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"model": "vanila"}, KnobError, "did you mean vanilla"),
        ({"latent": 0}, KnobError, "latent = 0"),
        ({"knobs": {"beta": 1}}, KnobError, "beta: not a knob"),
        ({"epochs": 0}, KnobError, "epochs = 0"),
        ({"image_shape": (1, 8, 9)}, ShapeError, "72 values, but X has 64 features"),
        ({"image_shape": (1, 2, 32)}, ShapeError, "sides from 8 to 64"),
    ],
)
def test_mistakes_are_told_at_fit(values, error, words, digits):
    made = AutoencoderTransformer(**values)
    with pytest.raises(error, match=words.replace("(", r"\(")):
        made.fit(digits[0][:20])


def test_other_mistakes(digits):
    with pytest.raises(ShapeError, match="at most 4096"):
        picture_shape(4097)
    with pytest.raises(NotFittedError):
        AutoencoderTransformer().inverse_transform(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="codes of 2 numbers"):
        AutoencoderTransformer(epochs=1).fit(digits[0][:20]).inverse_transform(np.zeros((1, 3)))
