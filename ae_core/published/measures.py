"""Numbers that take more than a look into a run's record: they load the weights and compute, for seconds or minutes."""

from __future__ import annotations

import functools
from collections.abc import Callable

from ae_core.measures.likelihood import log_likelihood
from ae_core.measures.metrics import codes
from ae_core.measures.representation import jacobian_norms
from ae_core.measures.residuals import Errors, explained_errors
from ae_core.models import GenerativeAutoencoder, StructuredVAE
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store

LEARNED = 10_000  # training pictures on which plain variances are fitted
LOOKED_AT = 500  # test pictures at which a Jacobian is computed


def negative_log_likelihood(samples: int) -> Callable[[Run], float]:
    """-log p(x) by importance sampling with so many codes for each picture, mean over all test pictures, nats."""

    def measure(run: Run) -> float:
        model, _ = run.load()
        if not isinstance(model, GenerativeAutoencoder):
            raise RunError(f"{run.id} has no likelihood: choose a run of a variational model.")
        return -log_likelihood(model, run.recipe().data.load().test.images[:], samples).mean

    return measure


def jacobian_norm(run: Run) -> float:
    """Frobenius norm of d code / d picture, mean over the first `LOOKED_AT` test pictures."""
    model, _ = run.load()
    return jacobian_norms(model, run.recipe().data.load().test.images[:LOOKED_AT]).sqrt().mean().item()


def jacobian_over_spread(run: Run) -> float:
    """|J|^2 / variance of the code: the squared norm as above, over the variance summed over units, of all test
    pictures.

    It does not change when a code is multiplied by a number, which is no contraction.
    """
    model, _ = run.load()
    test = run.recipe().data.load().test.images
    return (jacobian_norms(model, test[:LOOKED_AT]).mean() / codes(model, test).var(0).sum()).item()


@functools.lru_cache(maxsize=8)
def _errors(folder: str) -> dict[str, Errors]:
    run = next(run for run in Store.default().listing() if str(run.folder) == folder)
    model, _ = run.load()
    if not isinstance(model, StructuredVAE):
        raise RunError(f"{run.id} predicts no errors: choose a run of structured_vae.")
    split = run.recipe().data.load()
    return explained_errors(model, split.train.images[:LEARNED], split.test.images[:])


def nats_per_pixel(gaussian: str) -> Callable[[Run], float]:
    """-log p(x | z) for each pixel under one of the Gaussians of `residuals`, mean over the test pictures, nats."""
    return lambda run: _errors(str(run.folder))[gaussian].nats_per_pixel


def whitened_correlation(neighbour: str) -> Callable[[Run], float]:
    """Size of the correlation of the whitened error of a pixel with that of its neighbour, `right` or `down`; 0 is
    explained.
    """
    return lambda run: abs(getattr(_errors(str(run.folder))["predicted"], neighbour))


def whitened_variance(run: Run) -> float:
    """Variance of the whitened errors of the pixels that are not at the floor; 1 is explained."""
    return _errors(str(run.folder))["predicted"].variance


def at_floor(run: Run) -> float:
    """Share of the pixels whose deviation is the least allowed, from 0 to 1."""
    return _errors(str(run.folder))["predicted"].at_floor
