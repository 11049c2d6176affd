"""Any layer as the representation to look at, against the network walked by hand; and normalised layers."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from small_runs import bit_equal, kept_tensors, small_recipe, stop_at
from torch import Tensor, nn

from ae_core.export.dense import Dense, dense_network
from ae_core.measures import metrics
from ae_core.models import MODELS, VAE, Contractive, Convolutional, Linear, Multilayer, build
from ae_core.models.blocks import BatchNorm
from ae_core.runs.execution import execute
from ae_core.space.layers import LayerError, layer_names, representation
from ae_core.training.loop import Plan, new_optimiser, train

SHAPE = (1, 28, 28)
IMAGES = torch.rand(7, *SHAPE, generator=torch.Generator().manual_seed(0))
EXPECTED = {
    "multilayer": (
        Multilayer(SHAPE, hidden=(128, 32), latent=6),
        ["hidden 1 (128)", "hidden 2 (32)", "code (6)", "decoder 1 (32)", "decoder 2 (128)"],
    ),
    "normalised": (
        Multilayer(SHAPE, hidden=(50,), latent=6, normalise=True),
        ["hidden 1 (50)", "code (6)", "decoder 1 (50)"],
    ),
    "linear": (Linear(SHAPE, latent=5), ["code (5)"]),
    "vae": (VAE(SHAPE, hidden=(40,), latent=3), ["hidden 1 (40)", "code (3)", "decoder 1 (40)"]),
    "pooled": (
        Convolutional(SHAPE),
        ["hidden 1 (16×14×14)", "hidden 2 (8×7×7)", "code (128)", "decoder 1 (8×7×7)", "decoder 2 (8×14×14)",
         "decoder 3 (16×28×28)"],
    ),
    "strided": (
        Convolutional(SHAPE, body="strided", hidden=(4, 6), latent=10),
        ["hidden 1 (4×14×14)", "hidden 2 (6×7×7)", "code (10)", "decoder 1 (294)", "decoder 2 (6×14×14)",
         "decoder 3 (4×28×28)"],
    ),
    "tied": (Contractive(SHAPE, latent=9), ["code (9)"]),
    "deep contractive": (Contractive(SHAPE, latent=9, hidden=(20,)), ["hidden 1 (20)", "code (9)", "decoder 1 (20)"]),
}  # fmt: skip


@pytest.mark.parametrize(("model", "names"), EXPECTED.values(), ids=EXPECTED)
def test_the_layers_have_readable_names_in_the_order_a_picture_meets_them(model, names):
    assert layer_names(model) == names
    for name in names:
        size = np.prod([int(part) for part in name.partition("(")[2].rstrip(")").split("×")])
        assert representation(model, IMAGES, name).shape == (7, size)
    assert torch.equal(
        representation(model, IMAGES, names[names.index(f"code ({model.latent})")]), model.eval().encode(IMAGES)
    )


def test_a_layer_answers_what_the_network_holds_after_its_bend(monkeypatch):
    model = Multilayer(SHAPE, hidden=(20, 10), latent=6)
    _, w1, bend1, w2, bend2, *_ = model.encoder
    v1, bend3, *_ = model.decoder
    hidden = bend2(w2(bend1(w1(IMAGES.flatten(1)))))
    monkeypatch.setattr("ae_core.space.layers.BATCH", 3)
    torch.testing.assert_close(representation(model, IMAGES, "hidden 2 (10)"), hidden)
    torch.testing.assert_close(representation(model, IMAGES, "decoder 1 (10)"), bend3(v1(model.encode(IMAGES))))


def test_for_a_vae_the_decoder_answers_to_the_mean():
    model = VAE(SHAPE, hidden=(20,), latent=3)
    mean, _ = model.encoder(IMAGES).chunk(2, 1)
    expected = nn.Sequential(*model.decoder[:2])(mean)
    torch.testing.assert_close(representation(model, IMAGES, "decoder 1 (20)"), expected)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 17, 40)], ids=str)
def test_every_model_shows_its_layers(name, shape):
    model = build(name, shape, {})
    images = torch.rand(2, *shape)
    for layer in layer_names(model):
        assert representation(model, images, layer).isfinite().all()
    assert f"code ({model.latent})" in layer_names(model) and model.training


def test_a_layer_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(LayerError, match=r"^layer 'hidden 9': .*choose one of code \(5\)\.$"):
        representation(Linear(SHAPE, latent=5), IMAGES, "hidden 9")


# --- normalised layers ------------------------------------------------------------------------------------------------


def normalised(latent: int = 4) -> Multilayer:
    torch.manual_seed(0)
    return Multilayer((1, 8, 8), hidden=(20, 10), latent=latent, normalise=True)


def test_a_normalised_layer_has_mean_zero_and_spread_one_over_the_batch():
    x = 5 + 3 * torch.randn(200, 6)
    layer = BatchNorm(6)
    answer = layer(x).detach()
    torch.testing.assert_close(answer.mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(answer.var(0, unbiased=False), torch.ones(6), atol=1e-4, rtol=0)
    torch.testing.assert_close(layer(x[:1]), layer.eval()(x[:1]))  # one row, in training: by the running averages


def test_neither_code_nor_picture_are_normalised_and_no_bias_is_idle():
    model = normalised()
    kinds = [type(layer).__name__ for layer in model.encoder]
    assert kinds == ["Flatten", *["Linear", "BatchNorm", "ReLU"] * 2, "Linear", "ReLU"]
    assert [layer.bias is None for layer in model.encoder if isinstance(layer, nn.Linear)] == [True, True, False]
    assert [layer.bias is None for layer in model.decoder if isinstance(layer, nn.Linear)] == [True, True, False]
    assert [type(layer).__name__ for layer in model.decoder[-3:]] == ["Linear", "Identity", "ToShape"]


@pytest.mark.parametrize("images", [1, 17])
def test_it_trains_also_where_the_last_batch_holds_one_image(images):
    model, plan = normalised(), Plan(epochs=3, batch_size=16)
    x = torch.rand(images, 1, 8, 8)
    steps = list(train(model, new_optimiser(model, plan), x, plan))
    assert len(steps) == 3 * plan.steps_per_epoch(images)
    assert all(p.isfinite().all() for p in model.state_dict().values())


def test_a_normalised_run_that_was_stopped_ends_with_the_same_weights_bit_for_bit(store, look_always, monkeypatch):
    made = small_recipe("multilayer", normalise=True)
    straight, interrupted = store.create(made, origin="test"), store.create(made, origin="test")
    assert execute(straight).state == "done"
    monkeypatch.setattr(
        "ae_core.runs.execution.SHOW_S", -1.0
    )  # looked at after every step: the averages must not notice
    assert execute(interrupted, stop_at(interrupted, 7)).state == "stopped"
    interrupted.clear_stop()
    assert execute(interrupted).state == "done"
    assert bit_equal(kept_tensors(straight), kept_tensors(interrupted))


def in_steps(layers: list[Dense], x: Tensor) -> Tensor:
    """The forward pass as the browser does it, in double precision."""
    bends = {"relu": torch.relu, "linear": lambda a: a, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
    for weight, bias, activation in layers:
        x = bends[activation](x @ weight.double().T + bias.double())
    return x


@pytest.mark.parametrize(
    "model", [normalised(), Linear((1, 8, 8), latent=4, tied=True), Contractive((1, 8, 8))], ids=lambda m: m.title
)
def test_the_layers_for_the_browser_answer_as_the_network_does(model):
    images = torch.rand(50, 1, 8, 8)
    model.losses(3 * images)  # running averages that are not those of a fresh layer
    model = copy.deepcopy(model).eval().double()
    x = images.double()
    code = model.encode(x).detach()
    encoder, decoder = dense_network(model.encoder), dense_network(model.decoder)
    assert len(encoder) == len([m for m in model.encoder if isinstance(m, nn.Linear)])
    torch.testing.assert_close(in_steps(encoder, x.flatten(1)), code)
    torch.testing.assert_close(in_steps(decoder, code), model.decoder(code).detach().flatten(1))


def test_measuring_a_normalised_net_in_training_is_measuring_it_in_eval_mode():
    model, x = normalised(), torch.rand(30, 1, 8, 8)
    model.losses(x)
    assert torch.equal(metrics.codes(model, x), model.eval().encode(x))
