"""The scikit-learn face: scikit-learn's own checks, pipelines, and the same numbers as training by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ae_core.estimator import AutoencoderTransformer, picture_shape
from ae_core.knobs import KnobError, declared
from ae_core.measures.metrics import codes
from ae_core.measures.table import evaluate
from ae_core.models import MODELS
from ae_core.models.base import ShapeError, checked_shape
from ae_core.runs.recipe import recipe
from ae_core.training.loop import new_optimiser, train

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


# --- knobs as parameters ----------------------------------------------------------------------------------------------


def another(knob):
    """A value of a knob that is not its default, of the kind that a search hands over."""
    if knob.kind is bool:
        return not knob.default
    if knob.kind is str:
        return next(choice for choice in knob.knob.choices if choice != knob.default)
    if knob.kind is tuple:
        return (16,)
    return np.float64(knob.knob.low) if knob.kind is float else np.int64(knob.knob.low)


@pytest.mark.parametrize("model", MODELS)
def test_every_knob_of_a_model_is_a_parameter_that_is_read_set_and_cloned(model):
    made = AutoencoderTransformer(model)
    knobs = {name: knob for name, knob in declared(MODELS[model]).items() if name != "latent"}
    shown = {f"knobs__{name}": knob.default for name, knob in knobs.items()}
    assert made.get_params() == {**made.get_params(deep=False), **shown}
    assert made.set_params(**made.get_params()).get_params(deep=False) == AutoencoderTransformer(model).get_params(
        False
    )
    for name, knob in knobs.items():
        value = another(knob)
        assert made.set_params(**{f"knobs__{name}": value}) is made
        copied = clone(made)
        assert made.get_params()[f"knobs__{name}"] == copied.get_params()[f"knobs__{name}"] == made.knobs[name] == value
        copied.set_params(**{f"knobs__{name}": knob.default})
        assert made.knobs[name] == value, "a copy shares nothing"
    assert list(made.knobs or {}) == list(knobs)


def test_the_mapping_that_was_given_is_never_changed():
    given = {"beta": 4.0}
    made = AutoencoderTransformer("vae", knobs=given)
    made.set_params(knobs__beta=2.0, knobs__free_bits=0.5)
    assert given == {"beta": 4.0} and made.knobs == {"beta": 2.0, "free_bits": 0.5}
    made.set_params(knobs=None, knobs__hidden=(8,))
    assert made.knobs == {"hidden": (8,)}
    made.set_params(model="sparse", knobs=None, knobs__rate=0.2)
    assert made.knobs == {"rate": 0.2} and "knobs__beta" not in made.get_params()


@pytest.mark.parametrize("kind", [GridSearchCV, RandomizedSearchCV])
def test_a_search_over_a_knob_trains_what_it_says(kind, digits):
    values = {"knobs__beta": [0.0, 50.0], "knobs__hidden": [(16,)]}
    more = {"n_iter": 2, "random_state": 0} if kind is RandomizedSearchCV else {}
    start = AutoencoderTransformer("vae", 4, {"hidden": (8,)}, epochs=10, learning_rate=1e-2)
    search = kind(start, values, cv=2, error_score="raise", **more).fit(digits[0][:300])
    assert search.best_params_ == {"knobs__beta": 0.0, "knobs__hidden": (16,)}  # a code that costs much says nothing
    assert search.best_estimator_.model_.beta == 0.0 and start.knobs == {"hidden": (8,)}
    scores = search.cv_results_["mean_test_score"]
    by_hand = AutoencoderTransformer("vae", 4, {"hidden": (16,), "beta": 50.0}, epochs=10, learning_rate=1e-2)
    worst = cross_val_score(by_hand, digits[0][:300], cv=2).mean()
    assert scores.min() == pytest.approx(worst, rel=1e-9) and scores.max() > worst


def test_a_search_over_a_knob_inside_a_pipeline(digits):
    steps = Pipeline([("scale", MinMaxScaler()), ("ae", AutoencoderTransformer("vae", 4, epochs=5))])
    assert "ae__knobs__beta" in steps.get_params()
    search = GridSearchCV(steps, {"ae__knobs__beta": [0.5, 100.0], "ae__latent": [4]}, cv=2, error_score="raise")
    assert search.fit(digits[0][:200]).best_estimator_["ae"].model_.beta == 0.5
    assert steps["ae"].knobs is None


@pytest.mark.parametrize(
    ("model", "values", "words"),
    [
        ("vae", {"knobs__betta": 1}, "knobs__betta: not a knob of vae; did you mean beta?"),
        (
            "vanilla",
            {"knobs__xyz": 1},
            "knobs__xyz: not a knob of vanilla; its knobs are activation, tied, reconstruction.",
        ),
        ("vae", {"knobs__latent": 1}, "knobs__latent: the size of the code is a parameter of its own; set latent."),
        ("vae", {"knobs__": 1}, "knobs__: not a knob of vae; its knobs are"),
        ("nonsense", {"knobs__beta": 1}, "model 'nonsense': there is no such model; choose one of linear"),
    ],
)
def test_a_knob_that_is_none_is_told_in_one_sentence_when_it_is_set(model, values, words):
    made = AutoencoderTransformer(model)
    with pytest.raises(KnobError) as told:
        made.set_params(**values)
    assert str(told.value).startswith(words) and "\n" not in str(told.value) and made.knobs is None


def test_knobs_that_are_no_mapping_or_say_another_size_are_told_at_fit(digits):
    with pytest.raises(KnobError, match="must be a mapping from names of knobs to values"):
        AutoencoderTransformer(knobs="beta").fit(digits[0][:20])
    with pytest.raises(KnobError, match="knobs hold latent = 8, but the parameter latent is 2"):
        AutoencoderTransformer(knobs={"latent": 8}).fit(digits[0][:20])
    assert AutoencoderTransformer(latent=None, knobs={"latent": 8}, epochs=1).fit(digits[0][:20]).model_.latent == 8
    with pytest.raises(KnobError, match=r"^beta = -1: must be a number from 0 to 100"):
        AutoencoderTransformer("vae").set_params(knobs__beta=-1).fit(digits[0][:20])


DIGITS = load_digits().data[:100]


@pytest.mark.parametrize("other", [lambda X: 255 * X, lambda X: 2 * X - 1, lambda X: -X])
def test_rows_in_another_unit_than_those_learned_from_are_told_and_outliers_are_not(other):
    rows = DIGITS / 16
    made = AutoencoderTransformer(epochs=1).fit(rows)
    for ask in (made.transform, made.score):
        with pytest.raises(
            ValueError, match=r"^X has values from .* learned from values from .*: both must be in one unit"
        ):
            ask(other(rows))
    one = rows[:50].copy()
    one[:, 0] = 1e4
    assert np.isfinite(made.transform(one)).all()


def test_pictures_instead_of_rows_and_values_that_are_none_get_a_sentence_with_the_remedy():
    made = AutoencoderTransformer(epochs=1)
    for ask in (made.fit, made.fit(DIGITS).transform):
        with pytest.raises(ValueError, match=r"^X has shape \(100, 1, 8, 8\): .* X.reshape\(len\(X\), -1\)"):
            ask(DIGITS.reshape(-1, 1, 8, 8))
        holed = DIGITS.copy()
        holed[3, 5] = np.nan
        with pytest.raises(ValueError, match=r"first in row 3, column 5: .*; leave such rows out or fill them in\.$"):
            ask(holed)
