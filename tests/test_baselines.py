"""PCA against scikit-learn and against the theorem of Eckart and Young."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA as Sklearn
from torch import Tensor

from ae_core.baselines import PCA
from ae_core.datasets import DATASETS


@pytest.fixture(params=["more pictures than pixels", "fewer pictures than pixels"])
def images(request: pytest.FixtureRequest) -> Tensor:
    digits = DATASETS["digits"].load().train.images
    return digits if request.param == "more pictures than pixels" else digits[:20]


@pytest.mark.parametrize("latent", [1, 5, 15])
def test_it_agrees_with_scikit_learn(images, latent):
    unseen = DATASETS["digits"].load().test.images
    theirs = Sklearn(latent, svd_solver="full").fit(images.flatten(1).numpy().astype(float))
    rows = unseen.flatten(1).numpy().astype(float)
    ours = PCA.fit(images)
    assert np.allclose(ours.codes(unseen, latent).abs().numpy(), np.abs(theirs.transform(rows)), atol=1e-3)
    expected = theirs.inverse_transform(theirs.transform(rows))
    rebuilt = ours.reconstruct(unseen, latent)
    assert rebuilt.shape == unseen.shape
    assert np.allclose(rebuilt.flatten(1).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("latent", [1, 8, 19])
def test_the_error_left_is_the_sum_of_the_discarded_eigenvalues(images, latent):
    rows = images.flatten(1).double().numpy()
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1]
    rebuilt = PCA.fit(images).reconstruct(images, latent)
    error = (rebuilt - images).square().sum().item() / len(images)
    assert error == pytest.approx(eigenvalues[latent:].sum(), rel=1e-3, abs=1e-6)


def test_components_are_orthonormal_and_codes_come_largest_variance_first(images):
    fitted = PCA.fit(images)
    identity = torch.eye(len(fitted.components))
    assert torch.allclose(fitted.components @ fitted.components.T, identity, atol=1e-4)
    spread = fitted.codes(images, 10).var(0)
    assert (spread[:-1] >= spread[1:]).all()


def test_more_numbers_than_the_rank_rebuild_exactly(images):
    assert torch.allclose(PCA.fit(images).reconstruct(images, 10_000), images, atol=1e-4)


def test_thirty_components_of_mnist_leave_the_known_error(mnist):
    rebuilt = PCA.fit(mnist.train.images).reconstruct(mnist.test.images, 30)
    error = (rebuilt - mnist.test.images).square().flatten(1).sum(1).double().mean().item()
    assert error == pytest.approx(13.866, abs=0.002)
