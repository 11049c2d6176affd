"""Baselines against scikit-learn, SciPy and scikit-image, and against what theorems and published numbers say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.restoration import denoise_nl_means
from sklearn.decomposition import PCA as Sklearn
from torch import Tensor

from ae_core import baselines
from ae_core.baselines import FILTERS, PCA, Filter, Wiener, mean_image, pca_filter
from ae_core.corruption import gaussian, masking
from ae_core.datasets import DATASETS
from ae_core.measures.metrics import psnr
from ae_core.models import build
from ae_core.pictures.pictures import Pictures


@pytest.fixture(params=["more pictures than pixels", "fewer pictures than pixels"])
def images(request: pytest.FixtureRequest) -> Tensor:
    digits = DATASETS["digits"].load().train.images[:]
    return digits if request.param == "more pictures than pixels" else digits[:20]


@pytest.mark.parametrize("latent", [1, 5, 15])
def test_it_agrees_with_scikit_learn(images, latent):
    unseen = DATASETS["digits"].load().test.images[:]
    theirs = Sklearn(latent, svd_solver="full").fit(images.flatten(1).numpy().astype(float))
    rows = unseen.flatten(1).numpy().astype(float)
    ours = PCA.fit(images)
    assert np.allclose(ours.codes(unseen, latent).abs().numpy(), np.abs(theirs.transform(rows)), atol=1e-3)
    expected = theirs.inverse_transform(theirs.transform(rows))
    rebuilt = ours.projection(unseen, latent)
    assert rebuilt.shape == unseen.shape
    assert np.allclose(rebuilt.flatten(1).numpy(), expected, atol=1e-4)
    pictures = ours.reconstruct(unseen, latent).flatten(1).numpy()
    assert np.allclose(pictures, expected.clip(0, 1), atol=1e-4) and (expected < 0).any()


def test_the_errors_by_size_are_those_of_the_pictures_one_size_at_a_time(images):
    unseen, fitted = DATASETS["digits"].load().test.images[:50], PCA.fit(images)
    sizes = [0, 1, 2, 5, len(fitted.components), 200]
    expected = [(fitted.reconstruct(unseen, size) - unseen).square().mean().item() for size in sizes]
    assert np.allclose(fitted.errors_by_size(unseen, sizes).numpy(), expected, rtol=1e-3, atol=1e-9)


def test_a_linear_net_that_starts_as_pca_is_no_better_than_pca_and_no_worse():
    """Both are cut to [0, 1]: with the network alone cut it would look a tenth better than what it is."""
    data = DATASETS["digits"].load()
    net = build("linear", (1, 8, 8), {"latent": 8, "start": "pca"})
    net.begin(data.train.images)
    fitted, test = PCA.fit(data.train.images), data.test.images[:]
    ours, theirs = ((y - test).square().mean().item() for y in (net.reconstruct(test), fitted.reconstruct(test, 8)))
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert (fitted.projection(test, 8) - test).square().mean().item() > 1.02 * theirs


@pytest.mark.parametrize("latent", [1, 8, 19])
def test_the_error_left_is_the_sum_of_the_discarded_eigenvalues(images, latent):
    rows = images.flatten(1).double().numpy()
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1]
    rebuilt = PCA.fit(images).projection(images, latent)
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


def test_of_many_pictures_the_components_come_from_portions_and_are_the_same(monkeypatch):
    kept, portions, passing = DATASETS["digits"].load().train.images, [], Pictures.passing
    wanted = PCA.fit(kept[:])
    monkeypatch.setattr(baselines, "SMALL", 0)
    monkeypatch.setattr(baselines, "PORTION", 100)
    monkeypatch.setattr(Pictures, "passing", lambda self, n: portions.append(n) or passing(self, n))
    found = PCA.fit(kept)
    assert torch.allclose(found.mean, wanted.mean, atol=1e-6)
    assert (found.components * wanted.components).sum(1)[:50].min() > 0.9999, "signs included"
    assert torch.allclose(mean_image(kept), kept[:].mean(0, keepdim=True), atol=1e-6)
    assert portions == [100, 100]


def test_thirty_components_of_mnist_leave_the_known_error(mnist):
    rebuilt = PCA.fit(mnist.train.images).projection(mnist.test.images, 30)
    error = (rebuilt - mnist.test.images[:]).square().flatten(1).sum(1).double().mean().item()
    assert error == pytest.approx(13.866, abs=0.002)


# --- the mean picture -------------------------------------------------------------------------------------------------


def test_the_mean_picture_is_pca_without_components_and_no_other_picture_does_better(images):
    mean = mean_image(images)
    assert np.allclose(mean[0].numpy(), images.numpy().mean(0), atol=1e-6)
    assert torch.allclose(PCA.fit(images).reconstruct(images, 0), mean.expand_as(images), atol=1e-6)
    least = (images - mean).square().sum()
    for step in (0.01, -0.01):
        assert (images - mean - step).square().sum() > least


def test_the_mean_picture_of_mnist_leaves_the_known_error(mnist):
    error = (mean_image(mnist.train.images) - mnist.test.images[:]).square().flatten(1).sum(1).double().mean().item()
    assert error == pytest.approx(52.90, abs=0.005)
    assert psnr(error / 784) == pytest.approx(11.7, abs=0.05)


# --- filters ----------------------------------------------------------------------------------------------------------


def directly(name: str, picture: np.ndarray, strength: float) -> np.ndarray:
    """The filter of the library on one channel (height, width)."""
    if name == "median":
        return ndimage.median_filter(picture, int(strength))
    if name == "gaussian":
        return ndimage.gaussian_filter(picture, strength)
    return denoise_nl_means(picture, patch_size=5, patch_distance=6, h=strength, fast_mode=True)


@pytest.fixture
def noisy() -> Tensor:
    torch.manual_seed(4)
    return gaussian(DATASETS["digits"].load().train.images[:6], 0.3)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_gives_each_picture_what_the_library_gives_that_picture_alone(name, noisy):
    before = noisy.clone()
    for strength in FILTERS[name].strengths:
        ours = FILTERS[name].apply(noisy, strength)
        assert ours.shape == noisy.shape and ours.dtype == noisy.dtype
        for picture, cleaned in zip(noisy, ours, strict=True):
            assert np.allclose(cleaned[0].numpy(), directly(name, picture[0].numpy(), strength), atol=1e-6)
    assert torch.equal(noisy, before)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_takes_colour_and_oblong_pictures(name):
    torch.manual_seed(5)
    colour = torch.rand(3, 3, 12, 9)
    strength = FILTERS[name].strengths[-1]
    ours = FILTERS[name].apply(colour, strength)
    assert ours.shape == colour.shape
    if name == "non_local_means":
        theirs = denoise_nl_means(colour[1].numpy(), 5, 6, strength, fast_mode=True, channel_axis=0)
        assert np.allclose(ours[1].numpy(), theirs, atol=1e-6)
    else:
        assert np.allclose(ours[1, 2].numpy(), directly(name, colour[1, 2].numpy(), strength), atol=1e-6)


@pytest.mark.parametrize("name", FILTERS)
def test_more_noise_asks_for_a_strength_that_is_no_less_and_a_filter_is_never_nothing_at_all(name):
    clean = DATASETS["digits"].load().train.images[:60]
    torch.manual_seed(6)
    method = FILTERS[name]
    assert list(method.strengths) == sorted(method.strengths)
    assert method.strengths[0] > (1 if name == "median" else 0)  # a window of one pixel is no competitor
    chosen = [method.tuned(clean, gaussian(clean, level)) for level in (0.0, 0.3, 0.8)]
    assert chosen == sorted(chosen) and chosen[0] == method.strengths[0]


def test_tuning_takes_the_strength_with_the_least_error():
    method = Filter(lambda images, strength: images * strength, (0.1, 0.5, 2.0), "factor")
    images = torch.rand(4, 1, 8, 8)
    assert method.tuned(images, images * 2) == 0.5


def test_noise_on_mnist_is_as_strong_as_published(mnist):
    torch.manual_seed(0)
    for level, decibels in ((0.1, 22.65), (0.25, 14.84), (0.5, 9.37), (1.0, 5.98)):
        error = (gaussian(mnist.test.images[:], level) - mnist.test.images[:]).square().mean().item()
        assert psnr(error) == pytest.approx(decibels, abs=0.02)


def test_every_filter_takes_noise_from_mnist(mnist):
    torch.manual_seed(1)
    clean, unseen = mnist.train.images[:40], mnist.test.images[:100]
    seen, damaged = gaussian(clean, 0.5), gaussian(unseen, 0.5)
    before = (damaged - unseen).square().mean()
    for method in FILTERS.values():
        cleaned = method.apply(damaged, method.tuned(clean, seen))
        assert (cleaned - unseen).square().mean() < before / 1.8  # 2.5 dB


# --- denoising by PCA -------------------------------------------------------------------------------------------------


def test_the_pca_filter_projects_as_scikit_learn_does(noisy):
    clean = DATASETS["digits"].load().train.images[:]
    theirs = Sklearn(8, svd_solver="full").fit(clean.flatten(1).numpy())
    expected = theirs.inverse_transform(theirs.transform(noisy.flatten(1).numpy())).clip(0, 1)
    method = pca_filter(PCA.fit(clean))
    assert method.strengths == (64, 32, 16, 8, 4, 2, 1)
    assert np.allclose(method.apply(noisy, 8).flatten(1).numpy(), expected, atol=1e-4)


def test_with_white_noise_the_gains_are_those_of_wiener():
    clean = DATASETS["digits"].load().train.images[:].repeat(20, 1, 1, 1)
    torch.manual_seed(7)
    fitted = PCA.fit(clean)
    variance = fitted.codes(clean, 64).var(0)
    wiener = Wiener.fit(fitted, clean, clean + 0.4 * torch.randn_like(clean))
    assert torch.allclose(wiener.gains, variance / (variance + 0.4**2), atol=0.02)


@pytest.mark.parametrize("damage", [gaussian, masking])
def test_wiener_beats_the_best_projection_on_pictures_it_has_not_seen(damage):
    split = DATASETS["digits"].load()
    torch.manual_seed(8)
    clean, unseen = split.train.images[:], split.test.images[:]
    seen, damaged = damage(clean, 0.5), damage(unseen, 0.5)
    fitted = PCA.fit(clean)
    method = pca_filter(fitted)
    cleaned = Wiener.fit(fitted, clean, seen).denoise(damaged)
    projected = method.apply(damaged, method.tuned(clean, seen))
    assert cleaned.shape == unseen.shape and cleaned.min() >= 0 and cleaned.max() <= 1
    assert (cleaned - unseen).square().mean() < (projected - unseen).square().mean()


@pytest.mark.parametrize("damage", [lambda x: x, lambda x: 0.5 * x + 0.3], ids=["none", "half the contrast, brighter"])
def test_wiener_takes_back_what_is_the_same_for_every_picture(damage):
    clean = DATASETS["digits"].load().train.images[:]
    wiener = Wiener.fit(PCA.fit(clean), clean, damage(clean))
    assert torch.allclose(wiener.denoise(damage(clean)), clean, atol=1e-3)
