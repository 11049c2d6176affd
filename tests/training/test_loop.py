"""The training loop: repeatable bit for bit, honest about failure, and equal to one written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from small_runs import bit_equal
from torch import Tensor, nn

from ae_core.datasets import DATASETS
from ae_core.models import Autoencoder, build
from ae_core.pictures.pictures import Pictures
from ae_core.runs import checkpoints
from ae_core.training import loop
from ae_core.training.loop import Diverged, Plan, new_optimiser, train

IMAGES = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
PLAN = Plan(epochs=4, batch_size=16)  # 4 steps an epoch, the last with 2 images
both_kinds = pytest.mark.parametrize("name", ["vanilla", "vae"])


def fresh(name: str = "vanilla") -> Autoencoder:
    torch.manual_seed(0)
    return build(name, (1, 8, 8), {"latent": 4})


def trained(name: str, plan: Plan) -> dict[str, Tensor]:
    model = fresh(name)
    optimiser = new_optimiser(model, plan)
    list(train(model, optimiser, IMAGES, plan))
    return checkpoints.training_state(model, optimiser)


def seen_batches(model: Autoencoder, monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """A list that grows by the images of every step the model is trained with."""
    seen: list[Tensor] = []
    original = model.losses

    def losses(x: Tensor) -> dict[str, Tensor]:
        seen.append(x)
        return original(x)

    monkeypatch.setattr(model, "losses", losses)
    return seen


def test_steps_are_numbered_from_one_with_their_epoch_and_losses():
    steps = list(train(model := fresh(), new_optimiser(model, PLAN), IMAGES, PLAN))
    assert [step.step for step in steps] == list(range(1, 17))
    assert [step.epoch for step in steps] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert all(
        step.losses.keys() == {"reconstruction"} and math.isfinite(step.losses["reconstruction"]) for step in steps
    )
    seconds = [step.seconds for step in steps]
    assert seconds == sorted(seconds) and seconds[0] > 0


KEPT = {
    "digits": lambda: Pictures(DATASETS["digits"].load().train.images.kept[:50], 16),
    "of 256 levels": lambda: Pictures(torch.arange(3200).reshape(50, 1, 8, 8).to(torch.uint8)),
}


@pytest.mark.parametrize("made", ["once", "by the batch"])
@pytest.mark.parametrize("pictures", KEPT)
@pytest.mark.parametrize(("name", "knobs"), [("vanilla", {}), ("vae", {}), ("linear", {"start": "pca"})])
def test_pictures_kept_as_bytes_give_the_weights_of_their_floats_bit_for_bit(name, knobs, pictures, made, monkeypatch):
    monkeypatch.setattr(loop, "SMALL", loop.SMALL if made == "once" else 0)
    weights, taken, at = [], [], Pictures.at
    monkeypatch.setattr(Pictures, "at", lambda self, rows: taken.append(self.kept.dtype) or at(self, rows))
    for images in (KEPT[pictures](), KEPT[pictures]()[:]):
        torch.manual_seed(0)
        model = build(name, (1, 8, 8), {"latent": 4, **knobs})
        list(train(model, optimiser := new_optimiser(model, PLAN), images, PLAN))
        weights.append(checkpoints.training_state(model, optimiser))
    assert bit_equal(*weights)
    assert taken == [torch.float32 if made == "once" else torch.uint8] * 16 + [torch.float32] * 16


@both_kinds
def test_the_same_seed_gives_the_same_weights_bit_for_bit(name):
    torch.manual_seed(1)
    first = trained(name, PLAN)
    torch.rand(7)
    assert bit_equal(first, trained(name, PLAN))


@both_kinds
def test_another_seed_gives_other_weights(name):
    assert not bit_equal(trained(name, PLAN), trained(name, Plan(epochs=4, batch_size=16, seed=1)))


@both_kinds
@pytest.mark.parametrize("k", [1, 3, 4, 6, 15, 16])
def test_going_on_from_step_k_ends_as_if_never_interrupted(name, k):
    model = fresh(name)
    optimiser = new_optimiser(model, PLAN)
    steps = train(model, optimiser, IMAGES, PLAN)
    for _ in range(k):
        next(steps)
    kept = {name: value.clone() for name, value in checkpoints.training_state(model, optimiser).items()}
    torch.manual_seed(5)
    model = build(name, (1, 8, 8), {"latent": 4})
    optimiser = new_optimiser(model, PLAN)
    checkpoints.load_model(model, kept, "a test")
    checkpoints.load_optimiser(model, optimiser, kept, k)
    numbers = [step.step for step in train(model, optimiser, IMAGES, PLAN, start=k)]
    assert numbers == list(range(k + 1, 17))
    assert bit_equal(checkpoints.training_state(model, optimiser), trained(name, PLAN))


@both_kinds
def test_the_random_state_of_the_caller_is_left_alone(name):
    torch.manual_seed(7)
    steps = train(model := fresh(name), new_optimiser(model, PLAN), IMAGES, PLAN)
    torch.manual_seed(8)
    before = torch.get_rng_state()
    for _ in range(6):
        next(steps)
        assert torch.equal(torch.get_rng_state(), before)


def test_the_random_state_of_the_caller_is_left_alone_where_a_model_fails(monkeypatch):
    def broken(x: Tensor) -> dict[str, Tensor]:
        raise ZeroDivisionError

    model = fresh()
    monkeypatch.setattr(model, "losses", broken)
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        next(train(model, new_optimiser(model, PLAN), IMAGES, PLAN))
    assert torch.equal(torch.get_rng_state(), before)


def test_two_trainings_step_by_step_in_turn_do_not_disturb_each_other():
    models = [fresh("vae"), fresh("vae")]
    optimisers = [new_optimiser(model, PLAN) for model in models]
    loops = [train(m, o, IMAGES, PLAN) for m, o in zip(models, optimisers, strict=True)]
    for _ in zip(*loops, strict=True):
        torch.rand(3)
    alone = trained("vae", PLAN)
    for model, optimiser in zip(models, optimisers, strict=True):
        assert bit_equal(checkpoints.training_state(model, optimiser), alone)


def not_finite_loss(value: float) -> object:
    return lambda p: p.sum() * value


def infinite_gradient(p: Tensor) -> Tensor:
    """Zero, with an infinite slope."""
    return (p - p.detach()).sum().sqrt()


FAULTS = {
    "nan loss": not_finite_loss(math.nan),
    "infinite loss": not_finite_loss(math.inf),
    "gradient": infinite_gradient,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_divergence_is_noticed_in_its_step_before_the_weights_are_touched(fault, monkeypatch):
    model = fresh()
    original, calls = model.losses, []

    def losses(x: Tensor) -> dict[str, Tensor]:
        calls.append(1)
        found = original(x)
        return {**found, "extra": FAULTS[fault](next(model.parameters()))} if len(calls) == 5 else found

    monkeypatch.setattr(model, "losses", losses)
    plan = Plan(epochs=4, batch_size=16, learning_rate=10)
    steps = train(model, new_optimiser(model, plan), IMAGES, plan)
    for _ in range(4):
        next(steps)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    named = "gradient" if fault == "gradient" else "extra"
    with pytest.raises(Diverged, match=rf"in step 5 \(epoch 2\): {named} became .*; try a learning rate below 10\."):
        next(steps)
    assert bit_equal(before, model.state_dict()) and all(value.isfinite().all() for value in before.values())


def test_every_image_is_used_exactly_once_per_epoch_in_a_new_order(monkeypatch):
    images = torch.arange(50).reshape(-1, 1, 1, 1).expand(-1, 1, 8, 8) / 50
    seen = seen_batches(model := fresh(), monkeypatch)
    list(train(model, new_optimiser(model, PLAN), images, PLAN))
    assert [len(batch) for batch in seen] == [16, 16, 16, 2] * 4
    orders = [(torch.cat(seen[i : i + 4])[:, 0, 0, 0] * 50).round().int().tolist() for i in range(0, 16, 4)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4 and list(range(50)) not in orders


@pytest.mark.parametrize(("images", "batch", "steps"), [(50, 16, 4), (48, 16, 3), (1, 16, 1), (60_000, 128, 469)])
def test_steps_per_epoch_counts_the_last_smaller_batch(images, batch, steps):
    assert Plan(batch_size=batch).steps_per_epoch(images) == steps


def gradients_by_hand(weights: list[np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    """Back-propagation through relu and sigmoid for the squared error, summed over pixels, averaged over images."""
    w1, b1, w2, b2 = weights
    h = np.maximum(x @ w1.T + b1, 0)
    y = 1 / (1 + np.exp(-(h @ w2.T + b2)))
    d_logits = 2 * (y - x) / len(x) * y * (1 - y)
    d_hidden = (d_logits @ w2) * (h > 0)
    return [d_hidden.T @ x, d_hidden.sum(0), d_logits.T @ h, d_logits.sum(0)]


def test_twenty_steps_agree_with_a_loop_written_by_hand_in_numpy(monkeypatch):
    plan = Plan(epochs=5, batch_size=16, learning_rate=1e-2)
    seen = seen_batches(model := fresh(), monkeypatch)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    tensors = [tensor for layer in layers for tensor in (layer.weight, layer.bias)]
    weights = [tensor.detach().numpy().astype(float) for tensor in tensors]
    assert len(list(train(model, new_optimiser(model, plan), IMAGES, plan))) == 20
    first, second = [0.0] * 4, [0.0] * 4
    for t, batch in enumerate(seen, start=1):
        for i, g in enumerate(gradients_by_hand(weights, batch.flatten(1).numpy().astype(float))):
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.999 * second[i] + 0.001 * g**2
            corrected = (first[i] / (1 - 0.9**t)) / (np.sqrt(second[i] / (1 - 0.999**t)) + 1e-8)
            weights[i] -= 1e-2 * corrected
    for tensor, expected in zip(tensors, weights, strict=True):
        assert np.allclose(tensor.detach().numpy(), expected, atol=2e-4)


def test_a_model_knows_how_much_of_its_training_lies_behind():
    model, images = fresh("vanilla"), torch.rand(5, 1, 8, 8)
    assert model.progress == 1.0
    plan = Plan(epochs=2, batch_size=2)
    assert [model.progress for _ in train(model, new_optimiser(model, plan), images, plan)] == [i / 6 for i in range(6)]
    assert model.progress == 1.0
    assert [model.progress for _ in train(model, new_optimiser(model, plan), images, plan, start=4)] == [4 / 6, 5 / 6]
