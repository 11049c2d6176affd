"""Any autoencoder of `MODELS` as a scikit-learn transformer: `fit`, `transform`, `inverse_transform`, `score`.

    rows x of n_features  ->  (x - minimum) / range, one minimum and one range for the whole training matrix
                          ->  pictures (channels, height, width)  ->  codes (n, latent)

A row becomes a picture in the shape `image_shape`. Where that is None, a row of s * s features with 8 <= s <= 64 is a
square picture (1, s, s); any other row of up to 4096 features is filled up with zeros to the smallest picture
(1, height, width) that the models take, the squarest where there are several. The fill is learned along with the rest,
and cut off again before anything is returned or measured.

One scale for all features keeps the contrast of pictures. Columns in different units belong behind a scaler of their
own: `make_pipeline(MinMaxScaler(), AutoencoderTransformer())`. Everything is computed on the processor.
"""

from __future__ import annotations

import copy
import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ae_core.chance import seeded
from ae_core.knob_parameters import KnobParameters
from ae_core.measures.metrics import BATCH
from ae_core.models import Autoencoder, build
from ae_core.models.base import Shape, ShapeError, checked_shape
from ae_core.training.loop import Plan, Step, new_optimiser, train

FLOATS = (np.float64, np.float32)
BEYOND, MANY = 0.5, 0.1  # of the range that was learned from, and of all values: more is another unit, not outliers
SIDES = range(8, 65)  # what `checked_shape` allows, pixels
Rows = np.ndarray[Any, Any]


def picture_shape(features: int) -> Shape:
    """The shape (1, height, width) for rows of that many features: a square that fits exactly, or the smallest above.

    Raises
        ShapeError: for more than 4096 features.
    """
    side = math.isqrt(features)
    if side * side == features and side in SIDES:
        return (1, side, side)
    room = [(h * w, w - h, h, w) for h in SIDES for w in SIDES if w >= h and h * w >= features]
    if not room:
        raise ShapeError(
            f"{features} features: a picture of one channel holds at most {SIDES[-1] ** 2}; give image_shape for "
            "pictures with three channels, or reduce the features first."
        )
    return (1, *min(room)[2:])


class AutoencoderTransformer(KnobParameters, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Codes of an autoencoder as features, for pipelines and grid searches.

    Parameters
        model: a name in `MODELS`. latent: numbers in the code; None for the default of the model. knobs: further knobs
        of the model, by name; each is also a parameter of its own, `knobs__beta`, in `set_params` and in a search.
        epochs, batch_size, learning_rate: as in `ae_core.training.loop.Plan`. random_state: a whole number is the seed
        of weights, order and noise; None or a numpy RandomState draws one. image_shape: (channels, height, width) of a
        row, or None for the rule in the text of this module.

    After `fit`
        model_: the trained `Autoencoder`, float32. image_shape_, minimum_, range_: what rows were turned into pictures
        with. seed_, built_from_: seed of the training; name, picture shape and knobs of the model. loss_curve_:
        training loss of each epoch, in the unit of the model, summed over pixels. n_features_in_, feature_names_in_: as
        everywhere in scikit-learn.
    """

    def __init__(
        self,
        model: str = "vanilla",
        latent: int | None = 2,
        knobs: Mapping[str, Any] | None = None,
        *,
        epochs: int = 20,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: int | np.random.RandomState | None = 0,
        image_shape: Shape | None = None,
    ) -> None:
        self.model, self.latent, self.knobs = model, latent, knobs
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.random_state, self.image_shape = random_state, image_shape

    def fit(self, X: Any, y: Any = None) -> AutoencoderTransformer:
        """Train a new model on rows X (n, n_features); y is not used.

        Raises
            KnobError: for an unknown model or a bad knob. ShapeError: where no picture holds the features.
            Diverged: where the learning rate is so high that the loss stops being finite.
        """
        X = validate_data(self, _table(X), dtype=FLOATS)
        plan = self._plan()
        self.image_shape_ = self._shape(X.shape[1])
        self.minimum_ = float(X.min())
        self.range_ = float(X.max()) - self.minimum_ or 1.0  # all values equal: they become zero
        self.seed_ = plan.seed
        self.built_from_ = (self.model, self.image_shape_, self.all_knobs())
        self.model_ = self._new_model()
        images = self._pictures(X).float()
        steps = train(self.model_, new_optimiser(self.model_, plan), images, plan)
        self.loss_curve_ = list(_mean_losses(steps, plan.steps_per_epoch(len(images))))
        self.model_.eval().requires_grad_(False)
        return self

    def transform(self, X: Any) -> Rows:
        """Codes (n, latent) of rows X (n, n_features), computed and returned in the float type of X."""
        X = self._checked(X)
        model = self._computing_in(X.dtype)
        return _in_portions(model.encode, self._pictures(X)).numpy()

    def inverse_transform(self, X: Any) -> Rows:
        """Rows (n, n_features) in the units of the training data from codes X (n, latent).

        Raises
            ValueError: where a code does not have `latent` numbers.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=FLOATS)
        if X.shape[1] != self.model_.latent:
            raise ValueError(
                f"X has {X.shape[1]} features, but inverse_transform takes codes of {self.model_.latent} numbers; "
                "give what transform returned."
            )
        return self._rows(_in_portions(self._computing_in(X.dtype).decode, torch.tensor(X)))

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the mean squared error per feature of rows X (n, n_features), in their units squared; y is not used.

        Higher is better and 0 is a perfect copy, so a grid search keeps the best.
        """
        X = self._checked(X)
        rebuilt = self._rows(_in_portions(self._computing_in(X.dtype).reconstruct, self._pictures(X)))
        return -float(np.square(X - rebuilt, dtype=np.float64).mean())

    @property
    def _n_features_out(self) -> int:
        return self.model_.latent

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _plan(self) -> Plan:
        seed: Any = self.random_state
        if not isinstance(seed, numbers.Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        return Plan(epochs=self.epochs, batch_size=self.batch_size, learning_rate=self.learning_rate, seed=seed)

    def _shape(self, features: int) -> Shape:
        if self.image_shape is None:
            return picture_shape(features)
        shape = checked_shape(self.image_shape)
        if math.prod(shape) != features:
            raise ShapeError(
                f"image_shape {shape} has {math.prod(shape)} values, but X has {features} features: they must be "
                "equal; set image_shape to None to have the rows filled up with zeros."
            )
        return shape

    def _new_model(self) -> Autoencoder:
        """The model with the first weights that a recipe of this seed has; the caller's random state is kept."""
        with seeded(self.seed_):
            return build(*self.built_from_)

    def __getstate__(self) -> dict[str, Any]:
        """For copies and other processes: of the model only its weights travel."""
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = {name: weights.numpy() for name, weights in state["model_"].state_dict().items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "model_" in state:
            weights = {name: torch.tensor(values) for name, values in state["model_"].items()}
            self.model_ = self._new_model()
            self.model_.load_state_dict(weights)
            self.model_.eval().requires_grad_(False)

    def _checked(self, X: Any) -> Rows:
        check_is_fitted(self)
        X = validate_data(self, _table(X), dtype=FLOATS, reset=False)
        low, high, beyond = self.minimum_, self.minimum_ + self.range_, BEYOND * self.range_
        if ((low - beyond > X) | (high + beyond < X)).mean() > MANY:
            raise ValueError(
                f"X has values from {X.min():g} to {X.max():g}, but the transformer has learned from values from "
                f"{low:g} to {high:g}: both must be in one unit; scale X as the training data were scaled."
            )
        return X

    def _pictures(self, X: Rows) -> Tensor:
        """Pictures (n, channels, height, width) of rows (n, n_features), in their float type, filled up with zeros."""
        flat = np.zeros((len(X), math.prod(self.image_shape_)), X.dtype)
        flat[:, : X.shape[1]] = (X - self.minimum_) / self.range_
        return torch.from_numpy(flat).reshape(-1, *self.image_shape_)

    def _rows(self, pictures: Tensor) -> Rows:
        """The way back: rows (n, n_features) without the fill, in the units of the training data."""
        return pictures.flatten(1).numpy()[:, : self.n_features_in_] * self.range_ + self.minimum_

    def _computing_in(self, dtype: np.dtype[Any]) -> Autoencoder:
        """The model in that float type: with float64 a row has the same code whichever rows come with it, to 1e-15."""
        return copy.deepcopy(self.model_).double() if dtype == np.float64 else self.model_


def _table(X: Any) -> Any:
    """What was given. ValueError where it is pictures instead of rows, or holds a value that is no number."""
    if (dim := getattr(X, "ndim", 2)) > 2:
        raise ValueError(
            f"X has shape {tuple(X.shape)}: it must have 2 dimensions, not {dim}, a row for each picture; give "
            "X.reshape(len(X), -1), and image_shape=(channels, height, width)."
        )
    if isinstance(X, np.ndarray) and X.dtype.kind == "f" and (wrong := ~np.isfinite(X)).any():
        row, column = np.argwhere(np.atleast_2d(wrong))[0]
        raise ValueError(
            f"Input X contains NaN or infinity, first in row {row}, column {column}: every value must be a finite "
            "number; leave such rows out or fill them in."
        )
    return X


@torch.inference_mode()
def _in_portions(answer: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """What a method of a model answers; pictures may leave [0, 1] where rows leave the range of those learned from."""
    return torch.cat([answer(part) for part in rows.split(BATCH)])


def _mean_losses(steps: Iterable[Step], per_epoch: int) -> Iterator[float]:
    """Drive a training; the loss of each epoch, mean over its steps."""
    losses: list[float] = []
    for step in steps:
        losses.append(sum(step.losses.values()))
        if len(losses) == per_epoch:
            yield sum(losses) / per_epoch
            losses.clear()
