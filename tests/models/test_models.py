"""What every model in MODELS promises, whatever it is inside."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ae_core.datasets import DATASETS
from ae_core.knobs import KnobError, declared
from ae_core.models import MODELS, VAE, Autoencoder, Convolutional, Linear, Multilayer, Vanilla, build, model_class
from ae_core.models.base import ShapeError
from ae_core.runs import checkpoints
from ae_core.training.loop import Plan, new_optimiser, train

SHAPES = [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 32, 32), (1, 9, 13), (1, 64, 64), (3, 17, 40)]
every_model = pytest.mark.parametrize("name", MODELS)
VARIANTS = {
    **{name: (name, {}) for name in MODELS},
    "linear, tied": ("linear", {"tied": True}),
    "multilayer, normalised": ("multilayer", {"normalise": True, "hidden": (64, 32)}),
    "convolutional, strided": ("convolutional", {"body": "strided", "latent": 7, "hidden": (8, 16)}),
    "contractive, deep": ("contractive", {"hidden": (40, 30), "latent": 20, "activation": "tanh", "weight": 0.01}),
    "vae, deviation of each pixel": ("vae", {"likelihood": "gaussian_pixel", "samples": 3}),
    "vae, priced": ("vae", {"beta": 0.5, "free_bits": 0.01}),
    "structured_vae, 1x1": ("structured_vae", {"neighbourhood": "1x1"}),
    "structured_vae, 7x7": ("structured_vae", {"neighbourhood": "7x7", "channels": 16}),
}
every_variant = pytest.mark.parametrize(("name", "knobs"), VARIANTS.values(), ids=VARIANTS)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))


def fresh(name: str, shape: tuple[int, int, int] = (1, 8, 8), **knobs: object) -> Autoencoder:
    torch.manual_seed(0)
    return build(name, shape, knobs)


def pictures(n: int, shape: tuple[int, int, int]) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1))


@every_variant
@every_shape
def test_codes_and_outputs_have_their_shape_and_stay_in_range(name, knobs, shape):
    model, x = fresh(name, shape, **knobs), pictures(5, shape)
    code = model.encode(x)
    assert code.shape == (5, model.latent) and code.isfinite().all()
    for output in (model.decode(code), model.decode(20 * code), model.reconstruct(x)):
        assert output.shape == x.shape and output.dtype == torch.float32
        assert output.min() >= 0 and output.max() <= 1


@every_variant
@every_shape
def test_losses_are_finite_scalars_and_every_parameter_learns(name, knobs, shape):
    model = fresh(name, shape, **knobs)
    for model.progress in (0.0, 1.0):  # what is learned first may rest later
        losses = model.losses(pictures(4, shape))
        assert losses and all(value.shape == () and value.isfinite() for value in losses.values())
        torch.stack(list(losses.values())).sum().backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), parameter_name
        assert parameter.grad.any(), f"{parameter_name} has no influence on the loss"


@every_variant
def test_encoding_is_repeatable_and_each_picture_is_coded_by_itself(name, knobs):
    model, x = fresh(name, **knobs).eval(), pictures(6, (1, 8, 8))
    assert torch.equal(model.encode(x), model.encode(x))
    assert torch.allclose(model.encode(x)[2:4], model.encode(x[2:4]), atol=1e-6)


LEARNS = [  # grey and square: every kind; in colour and odd: each model once, and every kind in the long run
    pytest.param(*kind, shape, id=f"{variant}, {shape}", marks=[] if grey or variant in MODELS else [pytest.mark.slow])
    for variant, kind in VARIANTS.items()
    for grey, shape in ((True, (1, 8, 8)), (False, (3, 9, 13)))
]


@pytest.mark.parametrize(("name", "knobs", "shape"), LEARNS)
def test_it_learns_eight_pictures_far_better_than_one_answer_for_all_could(name, knobs, shape):
    digits = F.interpolate(DATASETS["digits"].load().test.images[:8], shape[1:], mode="bilinear")
    model, x = fresh(name, shape, **knobs), digits.expand(-1, shape[0], -1, -1)
    plan = Plan(epochs=300, batch_size=8, learning_rate=5e-3)
    steps = list(train(model, new_optimiser(model, plan), x, plan))
    model.eval()
    best_constant = (x - x.mean(0)).square().sum() / 8  # what a decoder that ignores the code can reach
    error = (x - model.reconstruct(x)).square().sum() / 8
    assert error < 0.2 * best_constant
    assert sum(steps[-1].losses.values()) < 0.6 * sum(steps[0].losses.values())


@every_variant
def test_saved_and_loaded_it_answers_the_same(name, knobs, tmp_path):
    model, x = fresh(name, **knobs).eval(), pictures(4, (1, 8, 8))
    checkpoints.save(tmp_path, checkpoints.training_state(model, new_optimiser(model, Plan())), 1, 1, 0.0)
    torch.manual_seed(99)
    other = build(name, (1, 8, 8), knobs).eval()
    assert not torch.equal(other.reconstruct(x), model.reconstruct(x))
    checkpoints.load_model(other, checkpoints.newest(tmp_path)[1], "a test")
    assert torch.equal(other.reconstruct(x), model.reconstruct(x))


@every_model
def test_an_illegal_knob_is_named(name):
    for knob in declared(MODELS[name]):
        with pytest.raises(KnobError, match=f"^{knob} = "):
            MODELS[name]((1, 8, 8), **{knob: object()})


ILLEGAL_SHAPES = [
    (1, 8), (), (1, 8, 8, 8), (2, 8, 8), (0, 8, 8), (1, 7, 8), (1, 8, 65), (1, -8, 8), (1, 8.5, 8),
    (1, "8", 8), (1, math.nan, 8), (1, 10**7, 10**7),
]  # fmt: skip


@every_model
@pytest.mark.parametrize("shape", ILLEGAL_SHAPES, ids=str)
def test_an_illegal_shape_is_named(name, shape):
    with pytest.raises(ShapeError, match=r"^Picture shape .*: must be .*; resize"):
        MODELS[name](shape)


@every_model
def test_its_lesson_says_where_it_comes_from_and_what_it_minimises(name):
    lesson = __import__(MODELS[name].__module__, fromlist=["x"]).__doc__
    assert "Source:" in lesson and "L = " in lesson


def widths(model: nn.Module) -> list[int]:
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    return [layers[0].in_features, *(layer.out_features for layer in layers)]


def test_default_sizes_are_the_documented_ones():
    shape = (1, 28, 28)
    assert widths(Linear(shape)) == widths(Vanilla(shape)) == [784, 64, 784]
    assert widths(Multilayer(shape)) == [784, 128, 64, 128, 784]
    vae = VAE(shape)
    assert widths(vae.encoder) == [784, 400, 2 * 20] and widths(vae.decoder) == [20, 400, 784]
    convolutional = Convolutional(shape)
    filters = [layer for layer in convolutional.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in filters] == [16, 8, 8, 8, 8, 16, 1]
    assert convolutional.latent == 128 and convolutional.encode(pictures(1, shape)).shape == (1, 128)


@every_variant
def test_weights_start_glorot_uniform_and_biases_at_zero(name, knobs):
    for layer in fresh(name, (1, 28, 28), **knobs).modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        field = math.prod(layer.weight.shape[2:])
        bound = math.sqrt(6 / ((layer.weight.shape[0] + layer.weight.shape[1]) * field))
        assert layer.weight.abs().max() <= bound and layer.weight.abs().max() > 0.9 * bound
        if layer.weight.numel() > 5000:
            assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
            assert abs(layer.weight.mean().item()) < 0.05 * bound
        assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("name", ["vanilla", "multilayer", "convolutional"])
@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_the_loss_is_summed_over_pixels_and_averaged_over_pictures(name, loss):
    model, x = fresh(name, reconstruction=loss), pictures(6, (1, 8, 8))
    y = model.reconstruct(x).double()
    terms = {"mse": (x - y).square(), "bce": -x * y.log() - (1 - x) * (1 - y).log()}
    assert model.losses(x)["reconstruction"].item() == pytest.approx(terms[loss].sum().item() / 6, rel=1e-5)


class LargestTensor(TorchDispatchMode):
    """Remembers how many numbers the largest tensor held that took real memory."""

    numbers = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        real = [t.numel() for t in tree_leaves(result) if isinstance(t, Tensor) and not t.is_meta]
        self.numbers = max([self.numbers, *real])
        return result


def test_a_model_of_more_than_20_million_parameters_is_refused_before_memory_is_taken():
    with (
        LargestTensor() as seen,
        pytest.raises(KnobError, match=r"parameters: at most 20,000,000 .*; choose a smaller"),
    ):
        build("multilayer", (3, 64, 64), {"hidden": [2048] * 4, "latent": 1024})
    assert seen.numbers < 1000
    with LargestTensor() as seen:
        build("vanilla", (1, 8, 8), {})
    assert seen.numbers == 64 * 64, "the measure itself must see what is allocated"


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(KnobError, match="did you mean vanilla"):
        model_class("vanila")
    with pytest.raises(KnobError, match="choose one of linear, "):
        build("zzz", (1, 8, 8), {})


@every_model
def test_it_takes_the_shape_of_every_data_set(name):
    for shape in {entry.shape for entry in DATASETS.values()}:
        assert build(name, shape, {}).shape == shape
