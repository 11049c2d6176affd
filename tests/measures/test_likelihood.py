"""log p(x) by importance sampling against a model whose p(x) is known, and the read-outs of a posterior."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from ae_core.measures import likelihood
from ae_core.measures.likelihood import Estimate, active_units, elbo, kl_per_dimension, log_likelihood, log_likelihoods
from ae_core.measures.metrics import loss_terms
from ae_core.models import VAE
from ae_core.models.base import Gaussian, GenerativeAutoencoder

LATENT, DEVIATION = 3, 0.05  # so small that all pixels lie in [0, 1]


class LinearGaussian(GenerativeAutoencoder):
    """Probabilistic PCA: z ~ Normal(0, I), x = W z + b + s e, so x ~ Normal(b, W W^T + s^2 I).

    Its posterior is a diagonal one that is right in the mean and wrong in the variances, as that of a VAE is.
    """

    title, unit = "Probabilistic PCA", "nats"

    def __init__(self) -> None:
        super().__init__((1, 8, 8), LATENT)
        g = torch.Generator().manual_seed(0)
        self.weights = torch.nn.Parameter(0.025 * torch.randn(64, LATENT, generator=g, dtype=torch.float64))
        self.bias = 0.45 + 0.1 * torch.rand(64, generator=g, dtype=torch.float64)

    def decode(self, code: Tensor) -> Tensor:
        return (code @ self.weights.T + self.bias).view(-1, 1, 8, 8)

    def posterior(self, x: Tensor) -> Gaussian:
        w = self.weights
        precision = torch.eye(LATENT, dtype=torch.float64) + w.T @ w / DEVIATION**2
        mean = torch.linalg.solve(precision, w.T @ (x.flatten(1) - self.bias).T / DEVIATION**2).T
        return Gaussian(mean, -precision.diagonal().log().expand_as(mean) + 0.8)

    def log_likelihood(self, code: Tensor, x: Tensor) -> Tensor:
        return Normal(self.decode(code), DEVIATION).log_prob(x).flatten(1).sum(1)

    def sample_images(self, code: Tensor) -> Tensor:
        return self.decode(code) + DEVIATION * torch.randn(len(code), 1, 8, 8, dtype=torch.float64)

    def observed(self, x: Tensor) -> Tensor:
        return x

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        raise NotImplementedError


@pytest.fixture(scope="module")
def pca() -> LinearGaussian:
    return LinearGaussian()


@pytest.fixture(scope="module")
def x(pca) -> Tensor:
    torch.manual_seed(1)
    with torch.no_grad():
        return pca.sample_images(torch.randn(200, LATENT, dtype=torch.float64))


@pytest.fixture(scope="module")
def truth(pca, x) -> np.ndarray:
    """log p(x) of each picture (n,)."""
    w = pca.weights.detach().numpy()
    return multivariate_normal(pca.bias.numpy(), w @ w.T + DEVIATION**2 * np.eye(64)).logpdf(x.flatten(1).numpy())


def test_the_estimate_agrees_with_scipy(pca, x, truth):
    each = torch.cat(list(log_likelihoods(pca, x, samples=2000))).numpy()
    error = each - truth
    assert abs(error.mean()) < 4 * error.std() / math.sqrt(200) + 1e-3 and error.std() < 0.05
    found = log_likelihood(pca, x, samples=2000)
    assert found.mean == pytest.approx(truth.mean(), abs=0.02)
    assert found.standard_error == pytest.approx(truth.std(ddof=1) / math.sqrt(200), rel=0.02)


def test_the_bound_rises_with_the_number_of_codes_and_stays_below(pca, x, truth):
    bounds = [np.mean([log_likelihood(pca, x, k, seed).mean for seed in range(8)]) for k in (1, 3, 10, 50)]
    assert all(low < high for low, high in zip(bounds, [*bounds[1:], truth.mean()], strict=True))
    assert truth.mean() - bounds[0] > 0.3 > 20 * (truth.mean() - bounds[-1])
    parts = [elbo(pca, x, seed) for seed in range(8)]
    assert np.mean([part.elbo for part in parts]) == pytest.approx(bounds[0], abs=0.2)
    assert parts[0].elbo == -parts[0].reconstruction - parts[0].kl


def test_the_size_of_the_portions_changes_only_the_noise(pca, x, truth, monkeypatch):
    whole = log_likelihood(pca, x, samples=500)
    monkeypatch.setattr(likelihood, "AT_ONCE", 64 * 100)  # one picture at a time, 100 of its codes together
    parts = list(log_likelihoods(pca, x, samples=500))
    assert len(parts) == 200 and all(part.shape == (1,) for part in parts)
    assert torch.cat(parts).mean().item() == pytest.approx(whole.mean, abs=0.02)


def test_measuring_is_repeatable_and_leaves_the_random_state_alone(pca, x):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = log_likelihood(pca, x[:10], 20), elbo(pca, x[:10])
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    assert (log_likelihood(pca, x[:10], 20), elbo(pca, x[:10])) == first
    assert log_likelihood(pca, x[:10], 20, seed=1) != first[0]
    for _ in log_likelihoods(pca, x[:3], 10):
        torch.manual_seed(5)  # what the caller does between the portions does not matter


def test_one_picture_has_no_spread(pca, x):
    found = log_likelihood(pca, x[:1], 10)
    assert isinstance(found, Estimate) and math.isfinite(found.mean) and math.isnan(found.standard_error)


@pytest.fixture
def vae() -> VAE:
    torch.manual_seed(0)
    model = VAE((1, 8, 8), latent=4, hidden=(16,))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        model.encoder[-2].weight[0] *= 1e-3  # a mean that hardly moves
    return model


def test_the_kl_of_the_dimensions_agrees_with_torch_and_sums_to_the_loss_term(vae):
    images = torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    q = vae.posterior(images)
    expected = kl_divergence(Normal(q.mean, (0.5 * q.log_variance).exp()), Normal(0.0, 1.0)).mean(0)
    found = kl_per_dimension(vae, images)
    assert found.shape == (4,) and torch.allclose(found.float(), expected, rtol=1e-4)
    terms = loss_terms(vae, images)
    assert found.sum().item() == pytest.approx(terms["kl"], rel=1e-5)
    assert elbo(vae, images).kl == pytest.approx(terms["kl"], rel=1e-5)
    assert elbo(vae, images).reconstruction == pytest.approx(terms["reconstruction"], rel=1e-5)


def test_a_mean_that_does_not_vary_is_not_active(vae):
    images = torch.rand(300, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    variances = np.var(vae.encode(images).detach().numpy(), axis=0, ddof=1)
    assert variances[0] < 0.01 < variances.max()
    assert active_units(vae, images) == (variances > 0.01).sum()


def test_binarised_pictures_are_what_is_measured():
    torch.manual_seed(0)
    grey = torch.rand(40, 1, 8, 8)
    model = VAE((1, 8, 8), latent=4, hidden=(16,), binarise=True)
    torch.manual_seed(9)
    black_and_white = model.observed(grey)
    plain = VAE((1, 8, 8), latent=4, hidden=(16,))
    plain.load_state_dict(model.state_dict())
    found, expected = (log_likelihood(m, black_and_white, 2000).mean for m in (model, plain))
    assert found == pytest.approx(expected, abs=0.05)  # nothing is left to draw, but the codes are other ones
    spreads = [log_likelihood(m, grey, 2000).standard_error for m in (model, plain)]
    assert spreads[0] > 1.5 * spreads[1]  # of the draws, which grey levels do not have
