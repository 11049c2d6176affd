"""Numbers that take more than a look into a run's record: they load the weights and compute, for seconds or minutes."""

from __future__ import annotations

from ae_core.likelihood import log_likelihood
from ae_core.models import GenerativeAutoencoder
from ae_core.representation import jacobian_norms
from ae_core.runs import Run, RunError

SAMPLES = 5000  # codes for each picture, as in Burda et al. (2016)
LOOKED_AT = 500  # test pictures at which a Jacobian is computed


def negative_log_likelihood(run: Run) -> float:
    """-log p(x) by importance sampling with `SAMPLES` codes, mean over all test pictures, nats."""
    model, _ = run.load()
    if not isinstance(model, GenerativeAutoencoder):
        raise RunError(f"{run.id} has no likelihood: choose a run of a variational model.")
    return -log_likelihood(model, run.recipe().data.load().test.images, SAMPLES).mean


def jacobian_norm(run: Run) -> float:
    """Frobenius norm of d code / d picture, mean over the first `LOOKED_AT` test pictures."""
    model, _ = run.load()
    return jacobian_norms(model, run.recipe().data.load().test.images[:LOOKED_AT]).sqrt().mean().item()
