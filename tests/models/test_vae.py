"""The equations of the VAE against an oracle written by hand in NumPy, and against torch.distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from ae_core.knobs import KnobError
from ae_core.models import VAE
from ae_core.models.base import Gaussian

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
    assert torch.allclose(Gaussian(mean, log_variance).kl().sum(1), expected, rtol=1e-4)


def test_kl_is_zero_for_the_prior_itself_and_positive_elsewhere():
    zero = torch.zeros(1, 4)
    assert Gaussian(zero, zero).kl().sum().item() == 0
    assert Gaussian(zero + 0.1, zero).kl().sum().item() > 0
    assert Gaussian(zero, zero - 0.1).kl().sum().item() > 0


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


# --- likelihoods ------------------------------------------------------------------------------------------------------

GAUSSIANS = ["gaussian", "gaussian_scalar", "gaussian_pixel"]


def fresh(**knobs: object) -> VAE:
    torch.manual_seed(0)
    model = VAE(SHAPE, latent=3, hidden=[16], **knobs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def deviations(model: VAE, code: Tensor, likelihood: str) -> Tensor:
    """The deviation of each pixel, as the text of `likelihoods` has it."""
    if likelihood == "gaussian":
        return torch.full((len(code), *SHAPE), 0.2)
    if likelihood == "gaussian_scalar":
        return 0.2 * (10 * model.likelihood.log_deviation.change).exp().expand(len(code), *SHAPE)
    h = torch.as_tensor(by_hand(model.likelihood.log_deviation.network, code.detach().numpy().astype(float)))
    return (0.2 * (1 + h.exp())).view(-1, *SHAPE)


@pytest.mark.parametrize("likelihood", ["bernoulli", *GAUSSIANS])
def test_the_likelihood_agrees_with_torch_distributions(likelihood, x):
    model = fresh(likelihood=likelihood, **({} if likelihood == "bernoulli" else {"deviation": 0.2}))
    code = torch.randn(5, 3)
    mean = model.decode(code)
    if likelihood == "bernoulli":
        x, expected = x.round(), Bernoulli(mean)
    else:
        expected = Normal(mean, deviations(model, code, likelihood))
    each = model.log_likelihood(code, x)
    assert each.shape == (5,)
    assert torch.allclose(each.double(), expected.log_prob(x).flatten(1).sum(1).double(), rtol=1e-5)
    torch.manual_seed(3)
    z = model.posterior(x).at(torch.randn(5, 3))
    torch.manual_seed(3)
    terms = model.losses(x)
    assert terms["reconstruction"].item() == pytest.approx(-model.log_likelihood(z, x).mean().item(), rel=1e-5)


@pytest.mark.parametrize("likelihood", ["bernoulli", *GAUSSIANS])
def test_drawn_pictures_have_the_mean_that_is_decoded_and_their_deviation(likelihood):
    model = fresh(likelihood=likelihood, **({} if likelihood == "bernoulli" else {"deviation": 0.2}))
    code = torch.randn(1, 3)
    mean, drawn = model.decode(code), model.sample_images(code.expand(20_000, 3))
    assert drawn.shape == (20_000, *SHAPE)
    if likelihood == "bernoulli":
        assert set(drawn.unique().tolist()) == {0.0, 1.0}
        expected = (mean * (1 - mean)).sqrt()
    else:
        expected = deviations(model, code, likelihood).float()
    assert ((drawn.mean(0) - mean[0]) / expected[0]).abs().max() < 5 / 20_000**0.5
    assert (drawn.std(0) / expected[0] - 1).abs().max() < 0.05


def test_a_learned_deviation_finds_the_error_and_a_fixed_one_stays():
    model = fresh(likelihood="gaussian_scalar", deviation=0.5)
    code, x = torch.randn(400, 3), torch.rand(400, *SHAPE)
    error = (x - model.decode(code)).square().mean().sqrt().item()
    optimiser = torch.optim.Adam(model.likelihood.parameters(), lr=1e-3)
    for _ in range(400):
        optimiser.zero_grad()
        (-model.log_likelihood(code, x).mean()).backward()
        optimiser.step()
    assert model.likelihood.log_deviation(code).exp().item() == pytest.approx(error, rel=0.01)
    assert not list(fresh(likelihood="gaussian").likelihood.parameters())


def test_no_predicted_deviation_is_below_the_least():
    model = fresh(likelihood="gaussian_pixel", deviation=0.05)
    deviation = model.likelihood.log_deviation(100 * torch.randn(50, 3)).exp()
    assert 0.05 * (1 - 1e-5) <= deviation.min() < 0.0501 < 1 < deviation.max()


# --- beta, free bits, several codes, black and white ------------------------------------------------------------------


def with_noise(model: VAE, x: Tensor) -> dict[str, float]:
    torch.manual_seed(3)
    return {name: value.item() for name, value in model.losses(x).items()}


def test_beta_multiplies_the_kl_term_and_nothing_else(x):
    plain, priced = with_noise(fresh(), x), with_noise(fresh(beta=4.0), x)
    assert priced["kl"] == pytest.approx(4 * plain["kl"], rel=1e-6)
    assert priced["reconstruction"] == plain["reconstruction"]


@pytest.mark.parametrize("free", [0.001, 0.05, 2.0])
def test_free_bits_are_a_least_price_of_each_number_of_the_code(free, x):
    model = fresh(free_bits=free, beta=2.0)
    q = model.posterior(x)
    each = kl_divergence(Normal(q.mean, (0.5 * q.log_variance).exp()), Normal(0.0, 1.0)).mean(0)
    expected = 2 * sum(max(free, kl) for kl in each.tolist())
    kl = model.losses(x)["kl"]
    assert kl.item() == pytest.approx(expected, rel=1e-4)
    kl.backward()
    rows = model.encoder[-2].weight.grad.view(2, 3, -1).abs().sum((0, 2))
    assert torch.equal(rows > 0, each > free)  # what costs no more than its free bits is not pulled


def test_the_bound_of_several_codes_is_that_of_an_oracle_written_by_hand(x):
    x = x.round()
    model = fresh(samples=7).double()
    torch.manual_seed(3)
    epsilon = torch.randn(7, 5, 3, dtype=torch.float64)
    torch.manual_seed(3)
    losses = model.losses(x.double())
    q = model.posterior(x.double())
    posterior = Normal(q.mean, (0.5 * q.log_variance).exp())
    ratios = []
    for e in epsilon:
        z = posterior.mean + posterior.stddev * e
        log_w = Bernoulli(model.decode(z)).log_prob(x.double()).flatten(1).sum(1)
        ratios.append((log_w + Normal(0.0, 1.0).log_prob(z).sum(1) - posterior.log_prob(z).sum(1)).exp())
    expected = -torch.stack(ratios).mean(0).log().mean()
    assert set(losses) == {"bound"} and losses["bound"].item() == pytest.approx(expected.item(), rel=1e-9)


def test_more_codes_make_the_bound_tighter_and_portions_do_not_change_it(x, monkeypatch):
    def bound(k: int) -> float:
        model = fresh(samples=k)
        with torch.no_grad():
            return sum(sum(model.losses(x).values()).item() for _ in range(200)) / 200

    bounds = [bound(k) for k in (1, 2, 5, 50)]
    assert bounds == sorted(bounds, reverse=True) and bounds[0] - bounds[-1] > 0.05
    model = fresh(samples=50)
    whole = with_noise(model, x)["bound"]
    monkeypatch.setattr("ae_core.models.vae.AT_ONCE", 64 * 5 * 8)
    assert with_noise(model, x)["bound"] == pytest.approx(whole, rel=1e-6)


def test_binarised_pictures_are_drawn_anew_with_their_grey_levels():
    model = fresh(binarise=True)
    grey = torch.rand(1, *SHAPE).expand(20_000, *SHAPE)
    drawn = model.observed(grey)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert (drawn.mean(0) - grey[0]).abs().max() < 0.02
    assert not torch.equal(model.observed(grey), drawn)
    assert fresh().observed(grey) is grey
    torch.manual_seed(3)
    black_and_white = model.observed(grey[:6])
    terms = with_noise(model, grey[:6])
    q = model.posterior(black_and_white)
    assert terms["kl"] == pytest.approx(q.kl().sum(1).mean().item(), rel=1e-6)


@pytest.mark.parametrize("likelihood", GAUSSIANS)
def test_grey_pictures_that_a_normal_explains_are_not_binarised(likelihood):
    with pytest.raises(KnobError, match=r"^binarise = True: must stay False, .* only when likelihood is bernoulli;"):
        fresh(likelihood=likelihood, binarise=True)


@pytest.mark.parametrize("knobs", [{"beta": 2.0}, {"free_bits": 0.1}, {"beta": 0.5, "free_bits": 1.0}], ids=str)
def test_several_codes_with_a_price_on_kl_are_refused(knobs):
    with pytest.raises(KnobError, match=r"^(beta|free_bits) = .*: must stay .* only when samples is 1; leave it out"):
        fresh(samples=5, **knobs)


EVERY_KIND = [
    {"likelihood": "gaussian"}, {"likelihood": "gaussian_scalar"}, {"likelihood": "gaussian_pixel"}, {"samples": 3},
    {"likelihood": "gaussian_pixel", "samples": 3}, {"binarise": True, "samples": 5}, {"free_bits": 0.2, "beta": 3.0},
]  # fmt: skip


@pytest.mark.parametrize("knobs", EVERY_KIND, ids=str)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 13)])
def test_every_kind_of_it_has_finite_losses_and_every_parameter_learns(knobs, shape):
    model = VAE(shape, **knobs)
    torch.stack(list(model.losses(torch.rand(6, *shape)).values())).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.any(), name
