"""The structured Gaussian against dense matrices written with plain loops, SciPy, and torch.distributions."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.linalg import solve_triangular
from scipy.stats import multivariate_normal
from torch import Tensor
from torch.distributions import Normal
from torch.utils._python_dispatch import TorchDispatchMode

from ae_core.models.structured_gaussian import StructuredGaussian, StructureError, autocorrelation, neighbours

CASES = [(3, 1, 8, 8), (5, 1, 8, 8), (3, 3, 8, 8), (5, 3, 8, 8), (7, 1, 8, 8), (3, 1, 5, 9), (5, 2, 9, 4), (7, 1, 3, 2)]
each_case = pytest.mark.parametrize(("size", "c", "h", "w"), CASES)


def gaussian(size: int, c: int, h: int, w: int, n: int = 2, dtype: torch.dtype = torch.float64) -> StructuredGaussian:
    g = torch.Generator().manual_seed(size * 1000 + h * 10 + w)
    k = (size**2 - 1) // 2
    mean, log_diagonal = torch.randn(2, n, c, h, w, generator=g, dtype=dtype)
    weights = torch.randn(n, c, k, h, w, generator=g, dtype=dtype) / math.sqrt(max(k, 1))
    return StructuredGaussian(mean, 0.3 * log_diagonal + 0.2, weights)


def noise_like(p: StructuredGaussian, seed: int = 1) -> Tensor:
    return torch.randn(p.mean.shape, generator=torch.Generator().manual_seed(seed), dtype=p.mean.dtype)


def dense_factor(p: StructuredGaussian, image: int, channel: int) -> np.ndarray:
    """L (h * w, h * w), entry by entry as the paper says it."""
    h, w = p.mean.shape[2:]
    reach = math.isqrt(2 * p.off_diagonal.shape[2] + 1) // 2
    factor = np.zeros((h * w, h * w))
    for i in range(h * w):
        factor[i, i] = math.exp(p.log_diagonal[image, channel, i // w, i % w])
        weight = iter(p.off_diagonal[image, channel, :, i // w, i % w].tolist())
        for y in range(i // w - reach, i // w + reach + 1):
            for x in range(i % w - reach, i % w + reach + 1):
                if (y, x) > (i // w, i % w):
                    value = next(weight)
                    if 0 <= x < w and y < h:
                        factor[y * w + x, i] = value
        assert next(weight, None) is None
    return factor


def test_the_neighbours_are_the_later_half_in_raster_order():
    assert neighbours(1) == []
    assert neighbours(3) == [(0, 1), (1, -1), (1, 0), (1, 1)]
    for size in (3, 5, 7):
        later = neighbours(size)
        both = {*later, *((-dy, -dx) for dy, dx in later), (0, 0)}
        assert later == sorted(later) and len(later) == (size**2 - 1) // 2 and len(both) == size**2
    for bad in (0, 2, 4, -1):
        with pytest.raises(StructureError, match="odd"):
            neighbours(bad)


@each_case
def test_the_density_is_that_of_scipy(size, c, h, w):
    p = gaussian(size, c, h, w)
    x = p.mean + 0.7 * noise_like(p)
    for image in range(2):
        expected = 0.0
        for channel in range(c):
            factor = dense_factor(p, image, channel)
            covariance = np.linalg.inv(factor @ factor.T)
            at, mean = (t[image, channel].flatten().numpy() for t in (x, p.mean))
            expected += multivariate_normal(mean, (covariance + covariance.T) / 2).logpdf(at)
        assert p.log_prob(x)[image].item() == pytest.approx(expected, rel=1e-8)


@each_case
def test_whitening_and_the_dense_precision_are_those_of_the_dense_factor(size, c, h, w):
    p = gaussian(size, c, h, w)
    x = noise_like(p)
    whitened, precision = p.whiten(x), p.dense_precision()
    assert precision.shape == (2, c, h * w, h * w)
    for image in range(2):
        for channel in range(c):
            factor = dense_factor(p, image, channel)
            residual = (x - p.mean)[image, channel].flatten().numpy()
            np.testing.assert_allclose(whitened[image, channel].flatten(), factor.T @ residual, atol=1e-12)
            np.testing.assert_allclose(precision[image, channel], factor @ factor.T, atol=1e-12)


@each_case
def test_a_sample_is_the_solution_of_the_triangular_system(size, c, h, w):
    p = gaussian(size, c, h, w)
    noise = noise_like(p)
    x = p.sample(noise)
    torch.testing.assert_close(p.whiten(x), noise, rtol=0, atol=1e-10)
    assert torch.equal(x, p.sample(noise)) and not torch.equal(x, p.sample(noise_like(p, seed=2)))
    for image in range(2):
        for channel in range(c):
            factor = dense_factor(p, image, channel)
            residual = solve_triangular(factor, noise[image, channel].flatten().numpy(), lower=True, trans="T")
            np.testing.assert_allclose((x - p.mean)[image, channel].flatten(), residual, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("size", [3, 5])
def test_the_covariance_of_many_samples_is_the_inverse_of_the_precision(size):
    count, one = 40_000, gaussian(size, 1, 4, 5, n=1)
    many = StructuredGaussian(*(t.expand(count, *t.shape[1:]) for t in vars(one).values()))
    residual = (many.sample(noise_like(many)) - many.mean).flatten(1)
    covariance = torch.linalg.inv(one.dense_precision()[0, 0])
    variance = covariance.diagonal()
    error = ((variance[:, None] * variance + covariance**2) / count).sqrt()  # of an entry, for a Gaussian
    assert ((residual.T @ residual / count - covariance).abs() / error).max() < 5
    assert (residual.mean(0).abs() / (variance / count).sqrt()).max() < 5


@pytest.mark.parametrize("size", [3, 5])
def test_weights_that_point_outside_have_no_effect_and_no_gradient(size):
    p = gaussian(size, 1, 6, 7)
    y, x = torch.meshgrid(torch.arange(6), torch.arange(7), indexing="ij")
    outside = torch.stack([(y + dy >= 6) | (x + dx < 0) | (x + dx >= 7) for dy, dx in neighbours(size)])
    assert outside[:, -1, -1].all() and not outside[:, 2, 3].all() and outside.any(0)[:, 0].all()
    other = dataclasses.replace(p, off_diagonal=torch.where(outside, 1e3, p.off_diagonal).requires_grad_())
    at = noise_like(p)
    assert torch.equal(p.log_prob(at), other.log_prob(at)) and torch.equal(p.sample(at), other.sample(at))
    assert torch.equal(p.dense_precision(), other.dense_precision())
    (gradient,) = torch.autograd.grad(other.log_prob(at).sum(), other.off_diagonal)
    assert (gradient[..., outside] == 0).all() and (gradient[..., ~outside] != 0).all()


@pytest.mark.parametrize(("size", "c"), [(3, 1), (3, 3), (5, 1), (1, 1)])
def test_gradients_are_those_of_finite_differences(size, c):
    p = gaussian(size, c, 4, 3)
    inputs = [t.clone().requires_grad_() for t in (*vars(p).values(), noise_like(p))]

    def density(mean: Tensor, diagonal: Tensor, weights: Tensor, x: Tensor) -> Tensor:
        return StructuredGaussian(mean, diagonal, weights).log_prob(x)

    assert torch.autograd.gradcheck(density, inputs)


def test_without_neighbours_it_is_an_ordinary_normal():
    p = gaussian(3, 3, 8, 8)
    x, log_variance = noise_like(p), p.log_diagonal
    cases = [
        (StructuredGaussian.diagonal(p.mean, log_variance), (0.5 * log_variance).exp()),
        (StructuredGaussian.isotropic(p.mean, -1.3), math.exp(-0.65)),
        (StructuredGaussian.isotropic(p.mean, torch.tensor([-1.3])), math.exp(-0.65)),
        (dataclasses.replace(p, off_diagonal=torch.zeros_like(p.off_diagonal)), (-p.log_diagonal).exp()),
    ]
    for ours, deviation in cases:
        theirs = Normal(p.mean, deviation)
        torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x).flatten(1).sum(1), rtol=1e-6, atol=0)
        torch.testing.assert_close(ours.sample(x), p.mean + deviation * x, rtol=1e-6, atol=1e-6)
    assert cases[0][0].size == 1 and p.size == 3


def test_a_shared_variance_can_be_learned():
    x, log_variance = torch.full((2, 1, 8, 8), 3.0), torch.zeros((), requires_grad=True)
    StructuredGaussian.isotropic(torch.zeros(2, 1, 8, 8), log_variance).log_prob(x).sum().backward()
    assert log_variance.grad.item() == pytest.approx(128 * (9 - 1) / 2)  # d/dv of -v/2 - x^2/2 exp(-v) at v = 0


class LargestTensor(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor, storage included, that any operation gives."""

    largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for t in result if isinstance(result, list | tuple) else [result]:
            if isinstance(t, Tensor):
                self.largest = max(self.largest, t.numel(), t.untyped_storage().nbytes() // t.element_size())
        return result


def test_memory_is_linear_in_the_pixels():
    n, side, largest = 2, 64, {}
    for side in (32, 64):
        p = gaussian(5, 1, side, side, n=n, dtype=torch.float32)
        p.off_diagonal.mul_(0.2)
        inputs = [t.requires_grad_() for t in vars(p).values()]
        with LargestTensor() as probe:
            p.log_prob(noise_like(p)).sum().backward()
            noise = noise_like(p)
            assert (p.whiten(p.sample(noise)) - noise).abs().max() < 1e-3
        assert all(t.grad.isfinite().all() for t in inputs)
        largest[side] = probe.largest
    assert largest[64] == 12 * n * 64**2 < 64**4  # the weights and nothing larger
    assert largest[64] == 4 * largest[32]


def test_mistakes_are_refused_with_a_sentence():
    p = gaussian(3, 1, 8, 8)
    with pytest.raises(StructureError, match=r"17 x 16.*at most 256 pixels.*use log_prob"):
        gaussian(3, 1, 17, 16).dense_precision()
    assert gaussian(3, 1, 16, 16, n=1).dense_precision().shape[-1] == 256
    for k in (1, 3, 5, 7, 8):
        with pytest.raises(StructureError, match=f"{k} weights a pixel"):
            dataclasses.replace(p, off_diagonal=torch.zeros(2, 1, k, 8, 8))
    for wrong in ({"mean": p.mean[0]}, {"log_diagonal": p.mean[:1]}, {"off_diagonal": p.off_diagonal[..., 1:]}):
        with pytest.raises(StructureError, match=r"Shapes mean .* reshape"):
            dataclasses.replace(p, **wrong)
    for question in (p.log_prob, p.whiten, p.sample):
        with pytest.raises(StructureError, match="shape of the mean"):
            question(p.mean[:1])
    with pytest.raises(StructureError, match="one number"):
        StructuredGaussian.isotropic(p.mean, p.mean)


@pytest.mark.parametrize("lag", [(0, 1), (1, 0), (2, 1), (1, -2), (0, -1), (-1, 0)])
def test_the_autocorrelation_is_that_of_numpy(lag):
    x = noise_like(gaussian(3, 2, 7, 9)).cumsum(3).cumsum(2)
    pairs = [
        (x[i, c, y, z].item(), x[i, c, y + lag[0], z + lag[1]].item())
        for i in range(2)
        for c in range(2)
        for y in range(7)
        for z in range(9)
        if 0 <= y + lag[0] < 7 and 0 <= z + lag[1] < 9
    ]
    assert autocorrelation(x, lag) == pytest.approx(np.corrcoef(np.array(pairs).T)[0, 1], abs=1e-12)


def test_whitening_takes_the_correlation_away():
    n, (h, w) = 200, (12, 12)
    weights = torch.tensor([-0.6, 0.0, -0.6, 0.2]).view(1, 1, 4, 1, 1).expand(n, 1, 4, h, w)
    p = StructuredGaussian(torch.zeros(n, 1, h, w), torch.zeros(n, 1, h, w), weights)
    x = p.sample(noise_like(p))
    assert autocorrelation(x) > 0.4
    assert abs(autocorrelation(p.whiten(x))) < 0.03
    flat = StructuredGaussian.isotropic(p.mean, x.var().log())
    assert p.log_prob(x).mean() > flat.log_prob(x).mean() + 0.1 * h * w


def test_an_autocorrelation_without_pairs_or_variation_is_refused():
    with pytest.raises(StructureError, match="smaller than the picture"):
        autocorrelation(torch.randn(2, 1, 4, 4), (0, 4))
    with pytest.raises(StructureError, match="do not vary"):
        autocorrelation(torch.ones(2, 1, 4, 4))
