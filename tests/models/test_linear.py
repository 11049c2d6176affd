"""The linear autoencoder against scikit-learn's PCA, trained from random weights and started in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from small_runs import bit_equal, kept_tensors, small_recipe, stop_at

from ae_core.datasets import DATASETS
from ae_core.models import Linear
from ae_core.runs.execution import execute
from ae_core.training.loop import Plan, new_optimiser, train

IMAGES = DATASETS["digits"].load().train.images[:]
ROWS = IMAGES.flatten(1).numpy().astype(np.float64)
SHAPE, LATENT = (1, 8, 8), 4
both = pytest.mark.parametrize("tied", [False, True], ids=["free", "tied"])


def by_sklearn(latent: int) -> tuple[np.ndarray, float]:
    """Components (latent, pixels) and the squared error summed over pixels, mean over the training images."""
    pca = PCA(latent, svd_solver="full").fit(ROWS)
    rebuilt = pca.inverse_transform(pca.transform(ROWS))
    return pca.components_, float(np.square(ROWS - rebuilt).sum(1).mean())


def fresh(seed: int = 0, **knobs: object) -> Linear:
    torch.manual_seed(seed)
    return Linear(SHAPE, **{"latent": LATENT, **knobs})


def error(model: Linear) -> float:
    return model.losses(IMAGES)["reconstruction"].item()


@pytest.fixture(scope="module", params=[False, True], ids=["free", "tied"])
def trained(request) -> Linear:
    """Trained from random weights on all digits at a time, which is free of the noise of small batches."""
    torch.set_num_threads(1)
    model = fresh(tied=request.param)
    plan = Plan(epochs=600, learning_rate=0.03, batch_size=len(IMAGES))
    list(train(model, new_optimiser(model, plan), IMAGES, plan))
    return model


def test_from_random_weights_it_reaches_the_error_and_the_subspace_of_pca(trained):
    components, best = by_sklearn(LATENT)
    assert best * (1 - 1e-5) < error(trained) < 1.001 * best
    angles = subspace_angles(trained.components(IMAGES).numpy().T, components.T)
    assert np.degrees(angles).max() < 2


def test_the_components_come_back_from_the_weights_one_by_one_and_in_order(trained):
    found, (expected, _) = trained.components(IMAGES).numpy(), by_sklearn(LATENT)
    np.testing.assert_allclose(found @ found.T, np.eye(LATENT), atol=1e-5)
    assert (np.abs((found * expected).sum(1)) > 0.999).all()
    assert (found[range(LATENT), np.abs(found).argmax(1)] > 0).all()


@both
def test_mixing_the_code_changes_neither_the_loss_nor_the_components(tied):
    """G W and V G^-1: what the weights alone cannot tell apart (for tied weights G must be a rotation)."""
    model = fresh(start="pca", tied=tied)
    model.start_from(IMAGES)
    before, components = error(model), model.components(IMAGES)
    mixing = torch.linalg.qr(torch.randn(LATENT, LATENT))[0] if tied else torch.randn(LATENT, LATENT)
    with torch.no_grad():
        inward = model.encoder[1]
        inward.weight.copy_(mixing @ inward.weight)
        inward.bias.copy_(mixing @ inward.bias)
        if not tied:
            model.decoder[0].weight.copy_(model.decoder[0].weight @ torch.linalg.inv(mixing))
    assert error(model) == pytest.approx(before, rel=1e-4)
    torch.testing.assert_close(model.components(IMAGES), components, atol=1e-3, rtol=0)


@both
@pytest.mark.parametrize("latent", [1, 4, 20, 64])
def test_the_closed_form_start_is_pca(tied, latent):
    model = fresh(latent=latent, tied=tied, start="pca")
    model.start_from(IMAGES)
    components, best = by_sklearn(latent)
    assert error(model) == pytest.approx(best, rel=1e-4, abs=1e-6)
    found = model.components(IMAGES).numpy()
    order = slice(0, min(latent, 20))  # the last ones have next to no variance
    assert (np.abs((found * components).sum(1))[order] > 0.999).all()


@both
def test_a_code_larger_than_the_rank_of_the_pictures_starts_as_a_perfect_copy(tied):
    few = IMAGES[:10]
    model = fresh(latent=100, tied=tied, start="pca")
    model.start_from(few)
    assert model.losses(few)["reconstruction"].item() < 1e-6
    assert model.components(few).shape == (64, 64)


def test_tied_means_one_matrix_and_two_biases():
    count = {tied: sum(p.numel() for p in fresh(tied=tied).parameters()) for tied in (False, True)}
    assert count == {False: 2 * 64 * LATENT + LATENT + 64, True: 64 * LATENT + LATENT + 64}
    model = fresh(tied=True)
    with torch.no_grad():
        model.encoder[1].weight.zero_()
    assert not model.decoder(torch.rand(3, LATENT)).any()


def test_the_loss_takes_the_output_as_it_is_and_the_picture_is_cut_to_its_range():
    model = fresh(start="pca", latent=2)
    model.start_from(IMAGES)
    raw, shown = model.decoder(model.encode(IMAGES)), model.reconstruct(IMAGES)
    assert raw.min() < 0 and shown.min() == 0 and torch.equal(raw.clamp(0, 1), shown)
    assert error(model) == pytest.approx((raw - IMAGES).square().sum().item() / len(IMAGES), rel=1e-6)
    assert (shown - IMAGES).square().sum() < (raw - IMAGES).square().sum()


def test_training_sees_the_images_before_the_first_step_only(monkeypatch):
    model, plan = fresh(start="pca"), Plan(epochs=2, batch_size=500)
    calls, original = [], model.start_from
    monkeypatch.setattr(model, "start_from", lambda images: (calls.append(len(images)), original(images)))
    optimiser = new_optimiser(model, plan)
    first = next(train(model, optimiser, IMAGES, plan)).losses["reconstruction"]
    assert calls == [len(IMAGES)] and first < 1.1 * by_sklearn(LATENT)[1]
    assert len(list(train(model, optimiser, IMAGES, plan, start=3))) == 3
    assert calls == [len(IMAGES)]


@both
def test_a_run_from_pca_that_was_stopped_ends_with_the_same_weights_bit_for_bit(tied, store, look_always):
    made = small_recipe("linear", tied=tied, start="pca")
    straight, interrupted = store.create(made, origin="test"), store.create(made, origin="test")
    assert execute(straight).state == "done"
    assert execute(interrupted, stop_at(interrupted, 7)).state == "stopped"
    interrupted.clear_stop()
    assert execute(interrupted).state == "done"
    assert bit_equal(kept_tensors(straight), kept_tensors(interrupted))
