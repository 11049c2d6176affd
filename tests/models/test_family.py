"""What is special about the sparse, contractive, denoising and convolutional model, against independent
computations.
"""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from torch import nn

from ae_core.corruption import CORRUPTIONS
from ae_core.datasets import DATASETS
from ae_core.knobs import KnobError
from ae_core.models import MODELS, Contractive, Convolutional, Denoising, Sparse, build
from ae_core.models.sparse import kl_of_rates
from ae_core.runs.recipe import starting_latent

SHAPE = (1, 8, 8)


def pictures(n=6, shape=SHAPE):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("penalty", ["l1", "kl"])
def test_a_sparsity_penalty_is_per_image_whatever_the_size_of_the_batch(penalty):
    model, x = Sparse(SHAPE, penalty=penalty), pictures()
    once, twice = model.losses(x)["sparsity"], model.losses(torch.cat([x, x, x]))["sparsity"]
    assert once > 0
    torch.testing.assert_close(once, twice)


def test_the_l1_penalty_is_the_weighted_sum_of_the_code():
    model, x = Sparse(SHAPE, latent=20, weight=0.3), pictures()
    expected = 0.3 * np.abs(model.encode(x).detach().numpy()).sum(axis=1).mean()
    assert model.losses(x)["sparsity"].item() == pytest.approx(expected, rel=1e-6)


def test_a_batch_overstates_the_kl_penalty_by_what_the_lesson_says():
    """Units of rate r whose activity is uniform: the mean penalty of many batches against the formula."""
    rate, r, n = 0.1, 0.25, 200
    torch.manual_seed(0)
    rates = (2 * r * torch.rand(4000, n, dtype=torch.float64)).mean(1)  # one unit, variance (2 r)^2 / 12
    rates += r - rates.mean()
    excess = kl_of_rates(rate, rates).mean() - kl_of_rates(rate, torch.tensor([r], dtype=torch.float64))
    expected = (rate / r**2 + (1 - rate) / (1 - r) ** 2) * (2 * r) ** 2 / 12 / (2 * n)
    assert excess.item() == pytest.approx(expected, rel=0.1)


def test_the_kl_penalty_agrees_with_scipy():
    r = torch.tensor([0.01, 0.05, 0.4, 0.99], dtype=torch.float64)
    expected = rel_entr(0.05, r.numpy()) + rel_entr(0.95, 1 - r.numpy())
    np.testing.assert_allclose(kl_of_rates(0.05, r).numpy(), expected, rtol=1e-12)
    assert kl_of_rates(0.05, torch.tensor([0.0, 1.0])).isfinite().all()


def test_topk_keeps_the_largest_units_of_each_picture_and_nothing_else():
    model, x = Sparse(SHAPE, latent=30, penalty="topk", active=5), pictures()
    dense = torch.nn.Sequential(*list(model.encoder)[:-1])(x).detach().numpy()
    code = model.encode(x).detach().numpy()
    for all_units, kept in zip(dense, code, strict=True):
        places = np.argsort(-all_units, kind="stable")[:5]
        expected = np.zeros_like(all_units)
        expected[places] = all_units[places]
        np.testing.assert_array_equal(kept, expected)
    assert set(model.losses(x)) == {"reconstruction"}


def test_more_active_units_than_units_are_refused_with_a_sentence():
    with pytest.raises(KnobError, match=r"^active = 9: must be at most .*latent = 4; take 4"):
        Sparse(SHAPE, latent=4, penalty="topk", active=9)


depths = pytest.mark.parametrize("hidden", [(), (9,), (9, 6), (5, 9, 4)], ids=str)


@depths
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_contraction_and_its_gradient_are_those_of_autograd_at_any_depth(activation, hidden):
    model = Contractive(SHAPE, latent=7, activation=activation, weight=0.5, hidden=hidden).double()
    x = pictures().double()
    jacobians = [torch.func.jacrev(lambda one: model.encode(one[None])[0])(picture) for picture in x]
    expected = torch.stack([jacobian.square().sum() for jacobian in jacobians])
    torch.testing.assert_close(model.jacobian_norms(x), expected)
    term = model.losses(x)["contraction"]
    torch.testing.assert_close(term, 0.5 * expected.mean())
    parameters = list(model.encoder.parameters())
    ours = torch.autograd.grad(term, parameters, allow_unused=True)
    theirs = torch.autograd.grad(0.5 * expected.mean(), parameters, allow_unused=True)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@depths
def test_the_curvature_is_how_much_the_jacobian_changes_nearby(hidden):
    model = Contractive(SHAPE, latent=5, higher_order=2.0, noise=0.2, hidden=hidden).double()
    x = pictures().double()
    torch.manual_seed(11)
    term = model.losses(x)["curvature"]
    torch.manual_seed(11)
    nearby = x + 0.2 * torch.randn_like(x)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda one: model.encode(one[None])[0]))
    change = (jacobian(x) - jacobian(nearby)).flatten(1).square().sum(1)
    torch.testing.assert_close(term, 2.0 * change.mean())


def test_the_contractive_decoder_is_the_encoder_transposed_also_in_a_copy():
    model = Contractive((1, 28, 28))
    assert sum(p.numel() for p in model.parameters()) == 784 * 64 + 64 + 784
    twin = copy.deepcopy(model)
    with torch.no_grad():
        twin.encoder[1].weight.zero_()
    code = torch.rand(3, 64)
    assert twin.decoder(code).flatten(1).equal(twin.decoder[0].bias.expand(3, -1))
    assert not model.decoder(code).flatten(1).equal(model.decoder[0].bias.expand(3, -1))


@pytest.mark.parametrize(
    ("name", "knobs"),
    [("vanilla", {"latent": 5}), ("denoising", {"latent": 5, "hidden": (9, 7)}), ("denoising", {"latent": 5, "hidden": ()})],
    ids=str,
)  # fmt: skip
def test_a_tied_decoder_has_the_encoders_weights_upside_down_and_biases_of_its_own(name, knobs):
    free, tied = (build(name, SHAPE, {**knobs, "tied": way}) for way in (False, True))
    inward = [layer.weight for layer in tied.encoder if isinstance(layer, nn.Linear)]
    outward = [layer.weight for layer in tied.decoder if hasattr(layer, "weight")]
    assert all(w.equal(v.T) for w, v in zip(inward, reversed(outward), strict=True))
    assert _size(free) - _size(tied) == sum(w.numel() for w in inward)
    tied.losses(pictures())["reconstruction"].backward()
    assert all(w.grad.abs().sum() > 0 for w in inward)
    by_hand = code = torch.rand(3, 5)
    for number, (w, layer) in enumerate(
        zip(reversed(inward), [m for m in tied.decoder if hasattr(m, "bias")], strict=True), 1
    ):
        by_hand = by_hand @ w + layer.bias
        by_hand = by_hand.relu() if number < len(inward) else by_hand.sigmoid()
    torch.testing.assert_close(tied.decode(code).flatten(1), by_hand)


def _size(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", ["convolutional", "denoising"])
def test_a_map_of_seven_on_28x28_is_the_net_of_the_source(name):
    """28x28, two convolutions of 32 channels, each halved: 28 353 weights, as the source's table of layers adds
    up to.
    """
    body = "pooled" if name == "convolutional" else "conv"
    model = build(name, (1, 28, 28), {"body": body, "hidden": (32,), "latent": 7 * 7 * 32, "map_side": 7})
    assert _size(model) == 28_353
    x, sizes = pictures(2, (1, 28, 28)), []
    for layer in model.encoder:
        x = layer(x)
        sizes += [tuple(x.shape[1:])] if x.ndim == 4 else []
    assert sizes[-1] == (32, 7, 7) and {s[1] for s in sizes} == {28, 14, 7}
    assert model.reconstruct(pictures(2, (1, 28, 28))).shape == (2, 1, 28, 28)


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"map_side": 7, "latent": 128}, "^latent = 128: with body = pooled it must be a multiple of 49; take 98"),
        ({"map_side": 15, "latent": 225}, "^map_side = 15: must be at most half of the 28 pixels .*; take 4"),
        ({"body": "strided", "map_side": 7, "latent": 49}, "^map_side = 7: must stay 4"),
    ],
    ids=str,
)
def test_a_map_that_does_not_fit_is_refused_with_a_sentence(knobs, sentence):
    with pytest.raises(KnobError, match=sentence):
        build("convolutional", (1, 28, 28), knobs)


def test_a_deep_contractive_net_has_a_decoder_of_its_own():
    model = Contractive((1, 28, 28), hidden=(30, 20), latent=10)
    both_ways = 784 * 30 + 30 * 20 + 20 * 10
    assert sum(p.numel() for p in model.parameters()) == 2 * both_ways + (30 + 20 + 10) + (20 + 30 + 784)


def test_the_denoising_target_is_the_clean_picture_and_the_noise_is_fresh():
    x = pictures()
    model = Denoising(SHAPE, corruption="masking", level=1.0, reconstruction="mse")
    black = model.reconstruct(torch.zeros_like(x))
    expected = (black - x).square().flatten(1).sum(1).mean()
    torch.testing.assert_close(model.losses(x)["reconstruction"], expected)
    noisy = Denoising(SHAPE, level=0.5)
    assert noisy.losses(x)["reconstruction"] != noisy.losses(x)["reconstruction"]
    assert Denoising(SHAPE, level=0.0).corrupt(x).equal(x)


@pytest.mark.parametrize(("latent", "hidden"), [(20, (32, 32)), (64, (300,))])
def test_a_filter_body_that_does_not_fit_is_refused_with_a_sentence(latent, hidden):
    with pytest.raises(KnobError, match="with body = conv"):
        Denoising(SHAPE, body="conv", latent=latent, hidden=hidden)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 64, 64), (1, 9, 13), (3, 17, 40)], ids=str)
@pytest.mark.parametrize("hidden", [(4,), (4, 6), (4, 6, 8, 8)], ids=str)
def test_the_strided_body_halves_at_every_layer_and_codes_in_any_number(shape, hidden):
    model, x = Convolutional(shape, latent=5, body="strided", hidden=hidden), pictures(3, shape)
    sizes = [shape[1:]]
    for layer in model.encoder:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            assert x.shape[2:] == tuple(-(-side // 2) for side in sizes[-1])
            sizes.append(x.shape[2:])
    assert x.shape == (3, 5) and len(sizes) == 1 + len(hidden)
    assert model.decoder(x).shape == (3, *shape)
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in model.parameters() if p.ndim == 4)


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"latent": 20}, "^latent = 20: with body = pooled it must be a multiple of 16; take 16"),
        ({"latent": 3}, "take 16"),
        ({"body": "strided", "hidden": ()}, r"^hidden = \(\): with body = strided .*; take 32,64"),
    ],
    ids=str,
)
def test_a_convolutional_net_that_does_not_fit_is_refused_with_a_sentence(knobs, sentence):
    with pytest.raises(KnobError, match=sentence):
        Convolutional(SHAPE, **knobs)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 20, 20), (1, 9, 13), (1, 28, 28), (3, 64, 64)], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_built_with_the_code_a_page_starts_from(name, shape):
    latent = starting_latent(MODELS[name], replace(DATASETS["digits"], shape=shape))
    assert build(name, shape, {"latent": latent}).latent == latent
    assert latent <= np.prod(shape) // 4


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 20)])
def test_a_damaged_picture_stays_a_picture_and_no_damage_changes_nothing(name, shape):
    x = pictures(5, shape)
    damaged = CORRUPTIONS[name](x, 0.4)
    assert damaged.shape == x.shape and damaged.dtype == x.dtype
    assert damaged.min() >= 0 and damaged.max() <= 1 and not damaged.equal(x)
    assert CORRUPTIONS[name](x, 0.0).equal(x)


def test_the_amount_of_damage_is_what_was_asked_for():
    torch.manual_seed(0)
    grey = torch.full((200, 3, 20, 20), 0.5)
    noise = CORRUPTIONS["gaussian"](grey, 0.1) - grey
    assert noise.std().item() == pytest.approx(0.1, rel=0.02) and abs(noise.mean().item()) < 0.001
    masked = CORRUPTIONS["masking"](grey, 0.3)
    assert (masked == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    speckled = CORRUPTIONS["salt_and_pepper"](grey, 0.3)
    assert (speckled == 0).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (speckled == 1).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (masked[:, 0] == masked[:, 2]).all()  # a pixel's channels go together


def test_a_block_is_one_square_of_the_area_asked_for_anywhere_in_the_picture():
    torch.manual_seed(0)
    black = CORRUPTIONS["block"](torch.ones(400, 1, 20, 20), 0.25)[:, 0] == 0
    assert (black.flatten(1).sum(1) == 100).all()
    assert (black.any(2).sum(1) == 10).all() and (black.any(1).sum(1) == 10).all()
    assert black.any(0).all()  # every pixel is hit by some block
