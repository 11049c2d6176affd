"""What codes are worth: Jacobians against autograd, read-outs against scikit-learn, sparsity against counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from ae_core.datasets import DATASETS
from ae_core.measures import representation
from ae_core.measures.metrics import codes
from ae_core.measures.representation import (
    jacobian_norms,
    jacobians,
    knn_accuracy,
    probe_accuracy,
    silhouette,
    singular_values,
    sparsity,
    trustworthiness,
)
from ae_core.models import MODELS, Autoencoder, build
from ae_core.models.blocks import ACTIVATIONS

every_model = pytest.mark.parametrize("name", MODELS)


def fresh(name: str, **knobs: object) -> Autoencoder:
    torch.manual_seed(0)
    return build(name, (1, 8, 8), {"latent": 16, **knobs})


@pytest.fixture
def images() -> Tensor:
    return DATASETS["digits"].load().test.images[:7]


# --- sparsity ---------------------------------------------------------------------------------------------------------


def test_l0_counts_the_units_that_are_not_zero():
    assert sparsity(np.array([[0, 2, 0, 1], [0, 0, 0, 3]])).l0 == 1.5


def test_top_k_leaves_k_active_units(images):
    assert sparsity(codes(fresh("sparse", penalty="topk", active=4), images)).l0 == 4


def test_hoyers_measure_is_0_for_equal_units_1_for_one_and_knows_no_scale():
    assert sparsity(np.full((5, 9), 0.05)).hoyer == pytest.approx(0)
    assert sparsity(np.eye(9) * 7).hoyer == pytest.approx(1)
    h = np.random.default_rng(0).normal(size=(30, 16))
    by_hand = [(4 - np.abs(row).sum() / (row @ row) ** 0.5) / 3 for row in h]
    assert sparsity(h).hoyer == pytest.approx(np.mean(by_hand))
    assert sparsity(0.01 * h).hoyer == pytest.approx(sparsity(h).hoyer)


@pytest.mark.parametrize("bend", ["sigmoid", "relu", "tanh", "linear"])
def test_a_unit_is_dead_where_it_says_the_same_of_every_image_whatever_its_bend(bend):
    chance = torch.Generator().manual_seed(0)
    h = ACTIVATIONS[bend]()(torch.randn(200, 12, generator=chance))
    h[:, 3], h[:, 7] = 0.05, 0.0
    assert sparsity(h).dead_units == sparsity(1e-3 * h).dead_units == 2


def test_sigmoid_units_that_all_sit_at_a_twentieth_and_move_are_not_dead():
    chance = np.random.default_rng(0)
    found = sparsity(0.05 + 0.01 * chance.normal(size=(500, 64)))
    assert found.dead_units == 0 and found.l0 == 64 and found.hoyer < 0.1


def test_a_silent_code_and_a_code_of_one_unit_have_numbers_too():
    assert sparsity(np.zeros((4, 3))) == (0, 0, 3)
    assert sparsity(np.array([[1.0], [2.0]])) == (1, 0, 0)


# --- Jacobians --------------------------------------------------------------------------------------------------------


@every_model
def test_jacobians_agree_with_autograd_one_image_at_a_time(name, images):
    model = fresh(name)
    ours = jacobians(model, images)
    assert ours.shape == (7, 16, 64) and not ours.requires_grad
    for image, found in zip(images, ours, strict=True):
        theirs = torch.autograd.functional.jacobian(lambda x: model.encode(x[None])[0], image)
        assert torch.allclose(found, theirs.flatten(1), atol=1e-5)


@every_model
def test_norms_and_singular_values_are_those_of_the_jacobian_in_portions_of_any_size(name, images, monkeypatch):
    model = fresh(name)
    whole = jacobians(model, images)
    monkeypatch.setattr(representation, "JACOBIAN_VALUES", 2 * 16 * 64)
    assert torch.allclose(jacobian_norms(model, images), whole.square().sum((1, 2)), rtol=1e-4)
    values = singular_values(model, images)
    assert values.shape == (7, 16)
    assert np.allclose(values, np.linalg.svd(whole.numpy(), compute_uv=False), atol=1e-4)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_norm_is_the_closed_form_of_the_contractive_autoencoder(activation, images):
    model = fresh("contractive", activation=activation)
    assert torch.allclose(jacobian_norms(model, images), model.jacobian_norms(images), rtol=1e-4)


def test_jacobians_do_not_depend_on_the_mode_the_other_images_or_the_gradients_that_are_kept(images):
    model = fresh("vanilla")
    model.encoder.insert(1, nn.BatchNorm1d(64))
    model.train()
    norms = jacobian_norms(model, images)
    assert model.encoder[1].training and int(model.encoder[1].num_batches_tracked) == 0
    assert torch.allclose(jacobian_norms(model, images[2:3]), norms[2:3], rtol=1e-4)
    model.eval().requires_grad_(False)  # as a run is loaded
    assert torch.equal(jacobian_norms(model, images), norms)
    with torch.inference_mode():
        assert torch.equal(jacobian_norms(model, images.clone()), norms)


# --- classes and neighbourhoods ---------------------------------------------------------------------------------------


def blobs(n: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n, 3) around three corners of a triangle, and their classes (n,)."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 3, n)
    return 10 * np.eye(3)[labels] + spread * chance.standard_normal((n, 3)), labels


@pytest.mark.parametrize("accuracy", [probe_accuracy, knn_accuracy])
def test_separate_classes_are_always_found_and_shuffled_ones_by_chance(accuracy):
    (train, known), (test, asked) = blobs(300, 1, seed=0), blobs(200, 1, seed=1)
    assert accuracy(train, known, test, asked) == 1
    shuffled = np.random.default_rng(2).permutation(known)
    assert accuracy(train, shuffled, test, asked) < 0.6
    tensors = [torch.from_numpy(part) for part in (train, known, test, asked)]
    assert accuracy(*tensors) == 1


def test_the_probe_does_not_depend_on_the_scale_of_a_unit_and_dead_units_do_not_harm():
    (train, known), (test, asked) = blobs(300, 6, seed=3), blobs(200, 6, seed=4)
    scale, dead = np.array([1, 1000, 0.01]), np.zeros
    plain = probe_accuracy(train, known, test, asked)
    scaled = probe_accuracy(
        np.hstack([train * scale, dead((300, 2))]), known, np.hstack([test * scale, dead((200, 2))]), asked
    )
    assert 0.6 < plain < 1 and scaled == plain
    mean, spread = train.mean(0), train.std(0)
    theirs = LogisticRegression(max_iter=1000).fit((train - mean) / spread, known)
    assert plain == pytest.approx(theirs.score((test - mean) / spread, asked))


def test_neighbours_vote_as_counted_by_hand():
    (train, known), (test, asked) = blobs(120, 6, seed=5), blobs(80, 6, seed=6)
    near = np.linalg.norm(test[:, None] - train[None], axis=2).argsort(1)
    for k in (1, 5):
        votes = [np.bincount(known[row[:k]], minlength=3).argmax() for row in near]
        assert knn_accuracy(train, known, test, asked, k=k) == pytest.approx((np.array(votes) == asked).mean())


def test_the_silhouette_is_high_for_clusters_and_low_for_a_mixture():
    codes, labels = blobs(300, 0.5, seed=7)
    assert silhouette(codes, labels) == pytest.approx(silhouette_score(codes, labels))
    assert silhouette(codes, labels) > 0.9
    assert abs(silhouette(codes, np.random.default_rng(8).permutation(labels))) < 0.05
    part = silhouette(codes, labels, most=100)
    assert part == silhouette(codes, labels, most=100) != silhouette(codes, labels)
    assert part == pytest.approx(silhouette(codes, labels), abs=0.02)


def ranked(pixels: np.ndarray, codes: np.ndarray, k: int) -> float:
    """Trustworthiness as Venna and Kaski write it."""
    n = len(pixels)
    order = NearestNeighbors(n_neighbors=n - 1).fit(pixels).kneighbors(return_distance=False)
    near = NearestNeighbors(n_neighbors=k).fit(codes).kneighbors(return_distance=False)
    ranks = np.zeros((n, n), int)
    np.put_along_axis(ranks, order, np.arange(1, n)[None].repeat(n, 0), axis=1)
    strangers = np.clip(np.take_along_axis(ranks, near, axis=1) - k, 0, None).sum()
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * strangers


def test_trustworthiness_is_one_for_the_pictures_themselves_and_one_half_for_noise():
    images = DATASETS["digits"].load().test.images[:]
    pixels = images.flatten(1).numpy()
    assert trustworthiness(images, pixels) == pytest.approx(1, abs=1e-4)  # equal distances may change places
    noise = np.random.default_rng(9).standard_normal((360, 2))
    assert trustworthiness(images, noise) == pytest.approx(0.5, abs=0.05)
    flat = pixels[:, ::9] + 0.01 * np.random.default_rng(10).standard_normal((360, 8))
    assert trustworthiness(images, flat) == pytest.approx(ranked(pixels, flat, 5), abs=1e-4)
    assert trustworthiness(images, flat, k=12) == pytest.approx(ranked(pixels, flat, 12), abs=1e-4)
    assert trustworthiness(images, flat, most=200) == pytest.approx(trustworthiness(images, flat), abs=0.05)
