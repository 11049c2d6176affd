"""What runs, and PCA beside them, reach: the numbers that Compare shows, by metric."""

from __future__ import annotations

import torch

from ae_core.datasets import Dataset
from ae_core.looks.baseline import pca, pca_errors
from ae_core.looks.errors import test_errors
from ae_core.looks.look import look
from ae_core.measures.subject import Subject, from_all_over
from ae_core.measures.table import METRICS, values
from ae_core.runs.opened import Opened

WORDS = "Measuring pictures and codes"


@look(WORDS)
def measured(run: Opened, names: tuple[str, ...]) -> dict[str, float]:
    """What a run reaches in these metrics, without those that do not exist for it."""
    split, errors = run.data.load(), torch.tensor(test_errors(run))
    subject = Subject.of_model(run.model, split.test.images, from_all_over(split), errors=errors)
    return values(subject, [METRICS[name] for name in names])


@look(WORDS)
def pca_measured(data: Dataset, latent: int, names: tuple[str, ...]) -> dict[str, float]:
    """The same for PCA with `latent` components, or as many as there are."""
    split, errors = data.load(), torch.tensor(pca_errors(data, latent))
    subject = Subject.of_pca(pca(data), latent, split.test.images, from_all_over(split), errors=errors)
    return values(subject, [METRICS[name] for name in names])
