"""How the errors of all test pictures are spread, for a run and for PCA."""

from __future__ import annotations

from ae_core.looks.baseline import pca_errors
from ae_core.looks.errors import test_errors
from ae_core.looks.look import look
from ae_core.runs.opened import Opened
from ui.figures import charts


@look()
def error_figure(run: Opened) -> charts.Drawing:
    """Distribution of the error over the test images."""
    return charts.error_distribution(test_errors(run), pca_errors(run.data, run.model.latent), ("autoencoder", "PCA"))
