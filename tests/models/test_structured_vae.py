"""The structured VAE: its density and samples against SciPy, its two parts of training, and what it explains."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor
from torch.distributions import Normal
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ae_core.datasets import DATASETS
from ae_core.measures.likelihood import elbo, log_likelihood
from ae_core.measures.residuals import explained_errors
from ae_core.models import StructuredVAE
from ae_core.models.base import Gaussian
from ae_core.runs import checkpoints
from ae_core.training.loop import Plan, new_optimiser, train

SHAPE = (1, 8, 8)


def fresh(shape: tuple[int, int, int] = SHAPE, **knobs: object) -> StructuredVAE:
    torch.manual_seed(0)
    return StructuredVAE(shape, **{"latent": 3, "hidden": [16], **knobs})


def dense_covariance(model: StructuredVAE, code: Tensor) -> np.ndarray:
    """The covariance (64, 64) of p(x | code) of one code (1, 3), from the lesson's L, entry by entry."""
    size = model.size
    answers = model.errors(code)[0].detach().double().numpy()  # (1 + k, 8, 8)
    start = np.log(np.expm1(np.log(0.1 / model.floor)))
    s = model.floor * (1 + np.exp(start + 10 * model.deviation_change.item() + answers[0]))
    factor, reach = np.zeros((64, 64)), size // 2
    for i in range(64):
        y, x = divmod(i, 8)
        factor[i, i] = 1 / s[y, x]
        steps = [(a, b) for a in range(reach + 1) for b in range(-reach, reach + 1) if (a, b) > (0, 0)]
        for coefficient, (down, right) in zip(answers[1:, y, x], steps, strict=True):
            if y + down < 8 and 0 <= x + right < 8:
                factor[i + 8 * down + right, i] = coefficient / s[y, x]
    covariance = np.linalg.inv(factor @ factor.T)
    return (covariance + covariance.T) / 2


@pytest.mark.parametrize("neighbourhood", ["1x1", "3x3", "5x5", "7x7"])
def test_the_density_is_that_of_scipy_with_the_dense_covariance(neighbourhood):
    model, code = fresh(neighbourhood=neighbourhood, floor=0.05), torch.randn(3, 3)
    torch.nn.init.constant_(model.deviation_change, 0.03)
    x = torch.rand(3, *SHAPE)
    found, means = model.log_likelihood(code, x).detach(), model.decode(code).detach().double().flatten(1).numpy()
    for i in range(3):
        expected = multivariate_normal(means[i], dense_covariance(model, code[i : i + 1]))
        assert found[i].item() == pytest.approx(expected.logpdf(x[i].flatten().numpy()), rel=1e-4)


def test_the_covariance_of_drawn_pictures_is_the_dense_one():
    model, code, count = fresh(neighbourhood="3x3"), torch.randn(1, 3), 40_000
    drawn = (model.sample_images(code.expand(count, 3)) - model.decode(code)).detach().flatten(1).double().numpy()
    covariance = dense_covariance(model, code)
    variance = covariance.diagonal()
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / count)  # of an entry, for a Gaussian
    assert (np.abs(drawn.T @ drawn / count - covariance) / error).max() < 5.5
    assert (np.abs(drawn.mean(0)) / np.sqrt(variance / count)).max() < 5


def test_no_deviation_is_below_the_floor():
    model = fresh(floor=0.3)
    p = model.distribution(100 * torch.randn(20, 3))
    assert p.log_diagonal.neg().exp().min() >= 0.3 * (1 - 1e-5)
    with torch.no_grad():
        model.deviation_change.fill_(-100)
    model.progress = 0.0
    assert model.losses(model.decode(torch.zeros(2, 3)).detach())["reconstruction"].isfinite()


def test_the_terms_of_the_loss_are_those_of_the_lesson_in_both_parts():
    model, x = fresh(), torch.rand(5, *SHAPE)
    q = model.posterior(x)
    for progress in (0.0, 0.499, 0.5, 1.0):
        model.progress = progress
        torch.manual_seed(3)
        z = q.at(torch.randn(5, 3))
        expected = model.log_likelihood(z, x)
        if progress < 0.5:
            expected = Normal(model.decode(z), 0.1).log_prob(x).flatten(1).sum(1)
        torch.manual_seed(3)
        terms = model.losses(x)
        assert list(terms) == ["reconstruction", "kl"]
        assert terms["reconstruction"].item() == pytest.approx(-expected.mean().item(), rel=1e-4)
        assert terms["kl"].item() == pytest.approx(q.kl().sum(1).mean().item(), rel=1e-5)


@pytest.mark.parametrize("mean_share", [0.5, 0.0, 1.0])
def test_first_the_mean_is_learned_and_then_it_rests(mean_share):
    model, x = fresh(mean_share=mean_share), torch.rand(20, *SHAPE)
    plan = Plan(epochs=10, batch_size=10)
    states = [copy.deepcopy(model.state_dict())]
    for _ in train(model, new_optimiser(model, plan), x, plan):
        states.append(copy.deepcopy(model.state_dict()))
    for step in range(20):
        changed = {name for name, value in states[step + 1].items() if not torch.equal(value, states[step][name])}
        mean = {name for name in changed if name.startswith(("encoder", "decoder"))}
        errors = {name for name in changed if name.startswith("errors")}
        assert "deviation_change" in changed
        assert bool(mean) is not bool(errors) and bool(mean) is (step < 20 * mean_share)


def test_stopped_and_resumed_in_either_part_it_ends_with_the_same_weights():
    x, plan = torch.rand(20, *SHAPE), Plan(epochs=8, batch_size=10)

    def trained(stop: int | None) -> dict[str, Tensor]:
        model = fresh()
        optimiser, start = new_optimiser(model, plan), 0
        if stop:
            for step in train(model, optimiser, x, plan):
                if step.step == stop:
                    break
            kept = {k: v.clone() for k, v in checkpoints.training_state(model, optimiser).items()}
            model, start = fresh(), stop
            checkpoints.load_model(model, kept, "a test")
            optimiser = new_optimiser(model, plan)
            checkpoints.load_optimiser(model, optimiser, kept, stop)
        for _ in train(model, optimiser, x, plan, start):
            pass
        return model.state_dict()

    whole = trained(None)
    for stop in (3, 8, 12):
        resumed = trained(stop)
        assert all(torch.equal(resumed[name], value) for name, value in whole.items()), stop


def test_the_mean_does_not_depend_on_the_neighbourhood():
    x, plan = torch.rand(40, *SHAPE), Plan(epochs=6, batch_size=20)
    outputs = []
    for neighbourhood in ("1x1", "5x5"):
        model = fresh(neighbourhood=neighbourhood)
        for _ in train(model, new_optimiser(model, plan), x, plan):
            pass
        outputs.append(model.reconstruct(x))
    assert torch.equal(*outputs)


class LargestTensor(TorchDispatchMode):
    """Remembers how many numbers the largest tensor held that any operation gave."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.numbers = max([self.numbers, *(t.numel() for t in tree_leaves(result) if isinstance(t, Tensor))])
        return result


def test_memory_is_linear_in_the_pixels_and_the_network_for_the_errors_does_not_grow():
    largest, sizes = {}, {}
    for side in (32, 64):
        model = fresh((1, side, side), hidden=[4], neighbourhood="7x7")
        with LargestTensor() as seen:
            torch.stack(list(model.losses(torch.rand(2, 1, side, side)).values())).sum().backward()
            model.sample_images(torch.randn(2, 3))
        largest[side], sizes[side] = seen.numbers, sum(p.numel() for p in model.errors.parameters())
    assert largest[64] <= 4.4 * largest[32] and largest[64] < 64**4 / 50
    assert sizes[64] == sizes[32]


def test_portions_do_not_change_the_density(monkeypatch):
    model, code, x = fresh(), torch.randn(7, 3), torch.rand(7, *SHAPE)
    whole = model.log_likelihood(code, x)
    monkeypatch.setattr("ae_core.models.structured_vae.AT_ONCE", 64 * 25 * 2)
    torch.testing.assert_close(model.log_likelihood(code, x), whole)


@pytest.fixture(scope="module")
def trained() -> dict[str, StructuredVAE]:
    """Trained on digits for a few seconds, with and without neighbours."""
    models = {}
    for neighbourhood in ("1x1", "3x3"):
        torch.manual_seed(0)
        model = StructuredVAE(SHAPE, latent=10, hidden=(100,), neighbourhood=neighbourhood, channels=16)
        plan = Plan(epochs=60, learning_rate=2e-3)
        for _ in train(model, new_optimiser(model, plan), DATASETS["digits"].load().train.images, plan):
            pass
        models[neighbourhood] = model
    return models


def test_structure_explains_more_of_the_errors_than_variances_do(trained):
    data = DATASETS["digits"].load()
    structured, diagonal = (
        explained_errors(trained[n], data.train.images[:], data.test.images[:]) for n in ("3x3", "1x1")
    )
    assert list(structured) == ["one variance", "variance per pixel", "predicted"]
    for name in ("one variance", "variance per pixel"):  # the same mean, so the same numbers
        assert structured[name] == pytest.approx(diagonal[name])
    order = [
        structured["predicted"], diagonal["predicted"], structured["variance per pixel"], structured["one variance"],
    ]  # fmt: skip
    nats = [errors.nats_per_pixel for errors in order]
    assert nats == sorted(nats) and nats[0] < nats[1] - 0.02
    assert min(diagonal["predicted"].right, diagonal["predicted"].down) > 0.1
    assert max(abs(structured["predicted"].right), abs(structured["predicted"].down)) < 0.08


def test_the_comparison_is_that_of_numpy(trained):
    data, model = DATASETS["digits"].load(), trained["3x3"]
    train_images, test_images = data.train.images[:50], data.test.images[:40]
    found = explained_errors(model, train_images, test_images, seed=4)
    torch.manual_seed(4)
    with torch.no_grad():
        errors = []
        for x in (train_images, test_images):
            q = model.posterior(x)
            errors.append((x - model.decode(q.at(torch.randn_like(q.mean)))).flatten(1).double().numpy())
    fitted, r = errors
    for name, squares in (("one variance", (fitted**2).mean()), ("variance per pixel", (fitted**2).mean(0))):
        variance = np.maximum(squares, model.floor**2) * np.ones(64)
        nats = 0.5 * (r**2 / variance + np.log(2 * np.pi * variance)).mean()
        assert found[name].nats_per_pixel == pytest.approx(nats, rel=1e-4)
        w = (r / np.sqrt(variance)).reshape(-1, 8, 8)
        right = np.corrcoef(w[:, :, :-1].ravel(), w[:, :, 1:].ravel())[0, 1]
        down = np.corrcoef(w[:, :-1].ravel(), w[:, 1:].ravel())[0, 1]
        assert (found[name].right, found[name].down) == pytest.approx((right, down), abs=1e-5)
        floored = np.broadcast_to(variance <= (model.floor * 1.1) ** 2, r.shape)
        assert found[name].variance == pytest.approx((w.reshape(r.shape)[~floored] ** 2).mean(), rel=1e-4)
        assert found[name].at_floor == pytest.approx(floored.mean(), abs=1e-6)
    assert (
        found["variance per pixel"].at_floor > found["one variance"].at_floor == 0
    )  # of 64, the corner is always black


def test_what_it_explains_can_be_measured_like_any_generative_model(trained):
    model, x = trained["3x3"], DATASETS["digits"].load().test.images[:100]
    bound, estimate = elbo(model, x), log_likelihood(model, x, samples=50)
    assert bound.elbo < estimate.mean and estimate.standard_error > 0
    q = model.posterior(x)
    assert isinstance(q, Gaussian) and torch.equal(model.encode(x), q.mean)
    drawn = model.sample_images(model.sample_codes(200))
    assert drawn.isfinite().all() and drawn.min() > -5 and drawn.max() < 6


def test_where_the_mean_takes_the_whole_training_all_pixels_keep_one_deviation():
    code = torch.randn(2, 3)
    assert fresh(mean_share=1.0).distribution(code).log_diagonal.unique().numel() == 1
    assert fresh(mean_share=0.99).distribution(code).log_diagonal.unique().numel() > 1
