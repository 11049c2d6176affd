"""Optimisers and schedules of a plan: against the papers' formulas in NumPy, and across an interruption."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from small_runs import bit_equal

from ae_core.datasets import DATASETS
from ae_core.models import build
from ae_core.runs import checkpoints
from ae_core.training.device import PRECISIONS, autocast, chosen_precision
from ae_core.training.loop import Plan, new_optimiser, train
from ae_core.training.optimisers import OPTIMISERS, SCHEDULES

IMAGES = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
RATES = {"adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3, "adadelta": 1.0}
GRADIENTS = np.random.default_rng(0).normal(size=(20, 3))


def adamw(w, g, state, rate, decay):
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    state["v"] = 0.999 * state.get("v", 0) + 0.001 * g**2
    return w - rate * decay * w - rate * state["m"] / (1 - 0.9**t) / (np.sqrt(state["v"] / (1 - 0.999**t)) + 1e-8)


def rmsprop(w, g, state, rate, decay):
    state["v"] = 0.9 * state.get("v", 0) + 0.1 * g**2
    return w - rate * g / (np.sqrt(state["v"]) + 1e-7)


def adadelta(w, g, state, rate, decay):
    state["v"] = 0.95 * state.get("v", 0) + 0.05 * g**2
    step = np.sqrt(state.get("u", 0) + 1e-7) / np.sqrt(state["v"] + 1e-7) * g
    state["u"] = 0.95 * state.get("u", 0) + 0.05 * step**2
    return w - rate * step


FORMULAS = {
    "adam": lambda w, g, s, r, d: adamw(w, g, s, r, 0.0),
    "adamw": adamw,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_twenty_steps_follow_the_formula_of_the_paper(name):
    weights = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    by_hand, state = weights.detach().numpy().copy(), {}
    optimiser = OPTIMISERS[name]([weights], RATES[name], 0.1)
    for gradient in GRADIENTS:
        weights.grad = torch.tensor(gradient)
        optimiser.step()
        by_hand = FORMULAS[name](by_hand, gradient, state, RATES[name], 0.1)
    assert np.allclose(weights.detach().numpy(), by_hand, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_going_on_in_the_middle_ends_as_if_never_interrupted(name, schedule):
    plan = Plan(epochs=3, batch_size=16, optimiser=name, schedule=schedule, learning_rate=RATES[name])
    torch.manual_seed(0)
    whole = build("vae", (1, 8, 8), {"latent": 4})
    first = build("vae", (1, 8, 8), {"latent": 4})
    first.load_state_dict(whole.state_dict())
    list(train(whole, done := new_optimiser(whole, plan), IMAGES, plan))
    optimiser = new_optimiser(first, plan)
    for _ in zip(range(5), train(first, optimiser, IMAGES, plan), strict=False):
        pass
    kept = {key: value.clone() for key, value in checkpoints.training_state(first, optimiser).items()}
    again = build("vae", (1, 8, 8), {"latent": 4})
    checkpoints.load_model(again, kept, "a test")
    checkpoints.load_optimiser(again, second := new_optimiser(again, plan), kept, 5)
    list(train(again, second, IMAGES, plan, start=5))
    assert bit_equal(checkpoints.training_state(again, second), checkpoints.training_state(whole, done))


def test_the_mean_per_pixel_can_be_what_adadelta_minimises():
    """Its first step against the paper's formula, with the gradients of the sum divided by the pixels; losses stay
    sums.
    """
    plan = Plan(epochs=1, batch_size=50, optimiser="adadelta", learning_rate=1.0, minimised="mean")
    torch.manual_seed(0)
    model = build("vanilla", (1, 8, 8), {"latent": 4})
    first = [p.detach().double().numpy().copy() for p in model.parameters()]
    loss = model.losses(IMAGES)["reconstruction"]
    gradients = [g.double().numpy() / 64 for g in torch.autograd.grad(loss, list(model.parameters()))]
    (step,) = train(model, new_optimiser(model, plan), IMAGES, plan)
    assert step.losses["reconstruction"] == pytest.approx(loss.item(), rel=1e-5)
    for now, before, gradient in zip(model.parameters(), first, gradients, strict=True):
        assert np.allclose(now.detach().numpy(), adadelta(before, gradient, {}, 1.0, 0.0), rtol=1e-4, atol=1e-7)


def test_the_length_of_a_step_follows_the_schedule():
    plan = Plan(epochs=5, batch_size=10, learning_rate=0.1, schedule="one_cycle")
    model = build("vanilla", (1, 8, 8), {"latent": 4})
    optimiser = new_optimiser(model, plan)
    seen = [optimiser.param_groups[0]["lr"] for _ in train(model, optimiser, IMAGES, plan)]
    reference = torch.optim.lr_scheduler.OneCycleLR(
        torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))]), 0.1, total_steps=10_001, pct_start=0.3
    )
    lengths = []
    for _ in range(10_000):
        lengths.append(reference.get_last_lr()[0])
        reference.optimizer.step()
        reference.step()
    assert len(seen) == 25
    assert np.allclose(seen, lengths[::400], rtol=2e-3, atol=2e-4)


def test_cosine_starts_at_full_length_and_ends_at_nothing():
    assert SCHEDULES["cosine"](0.0) == 1 and SCHEDULES["cosine"](0.5) == pytest.approx(0.5)
    assert SCHEDULES["cosine"](1.0) == pytest.approx(0, abs=1e-12)
    assert SCHEDULES["constant"](0.7) == 1


@pytest.mark.parametrize(
    ("units", "instructions", "in_bfloat16"),
    [(True, True, {"auto", "bfloat16"}), (False, True, {"bfloat16"}), (False, False, set())],
    ids=["AMX", "AVX-512 BF16", "neither"],
)
def test_bfloat16_is_taken_where_the_processor_is_not_slower_with_it(monkeypatch, units, instructions, in_bfloat16):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: units)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: instructions)
    taken = {wish for wish in PRECISIONS if chosen_precision(wish, torch.device("cpu")) == torch.bfloat16}
    assert taken == in_bfloat16
    assert chosen_precision("auto", torch.device("cuda")) == chosen_precision("bfloat16", torch.device("mps"))
    assert chosen_precision("float32", torch.device("cuda")) == torch.float32


def test_in_bfloat16_the_products_are_rounded_and_weights_and_losses_are_not(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    model = build("vanilla", (1, 8, 8), {"latent": 4})
    with autocast("bfloat16", torch.device("cpu")):
        assert model.encoder(IMAGES).dtype == torch.bfloat16
        assert model.losses(IMAGES)["reconstruction"].dtype == torch.float32
    plan = Plan(epochs=20, batch_size=16, precision="bfloat16", learning_rate=1e-2)
    digits = DATASETS["digits"].load().train.images[:64]
    losses = [sum(s.losses.values()) for s in train(model, new_optimiser(model, plan), digits, plan)]
    assert losses[-1] < 0.5 * losses[0] and all(map(math.isfinite, losses))
    assert {p.dtype for p in model.parameters()} == {torch.float32}
