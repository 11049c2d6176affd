"""The equations of the VAE against an oracle written by hand in NumPy, and against torch.distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from ae_core.models import VAE
from ae_core.models.base import Gaussian
from ae_core.models.vae import kl_to_standard_normal

SHAPE = (1, 8, 8)


@pytest.fixture
def vae() -> VAE:
    """A VAE whose biases are not zero, so that a forgotten one shows."""
    torch.manual_seed(0)
    model = VAE(SHAPE, latent=3, hidden=[16])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.fixture
def x() -> Tensor:
    return torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1))


def by_hand(network: nn.Module, rows: np.ndarray) -> np.ndarray:
    """Dense layers with relu between them, in float64."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    for layer in layers[:-1]:
        rows = np.maximum(rows @ layer.weight.detach().numpy().T.astype(float) + layer.bias.detach().numpy(), 0)
    return rows @ layers[-1].weight.detach().numpy().T.astype(float) + layers[-1].bias.detach().numpy()


def test_kl_agrees_with_torch_distributions():
    torch.manual_seed(2)
    mean, log_variance = 2 * torch.randn(50, 7), 3 * torch.randn(50, 7)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(kl_to_standard_normal(Gaussian(mean, log_variance)), expected, rtol=1e-4)


def test_kl_is_zero_for_the_prior_itself_and_positive_elsewhere():
    zero = torch.zeros(1, 4)
    assert kl_to_standard_normal(Gaussian(zero, zero)).item() == 0
    assert kl_to_standard_normal(Gaussian(zero + 0.1, zero)).item() > 0
    assert kl_to_standard_normal(Gaussian(zero, zero - 0.1)).item() > 0


def test_both_terms_agree_with_an_oracle_written_by_hand(vae, x):
    torch.manual_seed(3)
    epsilon = torch.randn(5, 3).numpy()
    torch.manual_seed(3)
    losses = vae.losses(x)
    pixels = x.flatten(1).numpy().astype(float)
    mean, log_variance = np.split(by_hand(vae.encoder, pixels), 2, axis=1)
    y = 1 / (1 + np.exp(-by_hand(vae.decoder, mean + np.exp(log_variance / 2) * epsilon)))
    reconstruction = -(pixels * np.log(y) + (1 - pixels) * np.log(1 - y)).sum() / 5
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum() / 5
    assert set(losses) == {"reconstruction", "kl"}
    assert losses["reconstruction"].item() == pytest.approx(reconstruction, rel=1e-5)
    assert losses["kl"].item() == pytest.approx(kl, rel=1e-5)


def test_the_code_is_the_mean_of_the_posterior(vae, x):
    q = vae.posterior(x)
    expected = by_hand(vae.encoder, x.flatten(1).numpy().astype(float))
    assert np.allclose(torch.cat(q, dim=1).detach().numpy(), expected, atol=1e-5)
    assert torch.equal(vae.encode(x), q.mean)


def test_the_loss_draws_new_noise_each_time_and_the_code_does_not(vae, x):
    assert vae.losses(x)["reconstruction"] != vae.losses(x)["reconstruction"]
    assert torch.equal(vae.encode(x), vae.encode(x))


def reconstruction_with(vae: VAE, x: Tensor, output: int, shift: float) -> float:
    """The reconstruction term, noise fixed, with one output of the encoder shifted."""
    bias = [layer for layer in vae.encoder.modules() if isinstance(layer, nn.Linear)][-1].bias
    with torch.no_grad():
        bias[output] += shift
        torch.manual_seed(4)
        value = vae.losses(x)["reconstruction"].item()
        bias[output] -= shift
    return value


@pytest.mark.parametrize("output", range(6), ids=["mean"] * 3 + ["log variance"] * 3)
def test_the_gradient_flows_through_the_drawn_code_as_the_finite_difference_says(vae, x, output):
    vae, x = vae.double(), x.double()
    bias = [layer for layer in vae.encoder.modules() if isinstance(layer, nn.Linear)][-1].bias
    torch.manual_seed(4)
    vae.losses(x)["reconstruction"].backward()
    difference = (reconstruction_with(vae, x, output, 1e-5) - reconstruction_with(vae, x, output, -1e-5)) / 2e-5
    assert abs(difference) > 1e-4
    assert bias.grad[output].item() == pytest.approx(difference, rel=1e-4)


def test_sampled_codes_follow_the_prior(vae):
    torch.manual_seed(5)
    z = vae.sample_codes(20_000)
    assert z.shape == (20_000, 3)
    assert z.mean(0).abs().max() < 0.03 and (z.std(0) - 1).abs().max() < 0.03
    assert torch.corrcoef(z.T).fill_diagonal_(0).abs().max() < 0.03
    assert vae.decode(z[:4]).shape == (4, *SHAPE)
