"""Where a training begins: the mean picture as the answer to a code of zeros."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ae_core.datasets import dataset
from ae_core.models import MODELS, build
from ae_core.training.loop import Plan, new_optimiser, train
from ae_core.training.start import DARKEST, centre


@pytest.fixture(scope="module")
def images():
    return dataset("digits").load().train.images[:400]


@pytest.mark.parametrize("name", MODELS)
def test_a_code_of_zeros_is_rebuilt_as_the_mean(name, images):
    model = build(name, (1, 8, 8), {"latent": 16})
    for layer in model.decoder.modules():  # of a fresh net the biases before the last are zero, so zeros stay zeros
        assert not isinstance(layer, nn.Linear) or not layer.bias.any()
    centre(model, images)
    (answer,) = model.decode(torch.zeros(1, 16)).detach()
    mean = images.mean(0) if name != "convolutional" else images.mean().expand(1, 8, 8)
    low = DARKEST if model.ends_in_logits else 0.0
    assert answer.numpy() == pytest.approx(mean.clamp(low, 1).numpy(), abs=1e-5)


def test_a_tied_net_has_a_bias_of_its_own_for_the_picture(images):
    model = build("vanilla", (1, 8, 8), {"latent": 16, "tied": True})
    centre(model, images)
    assert model.decode(torch.zeros(1, 16))[0].detach().numpy() == pytest.approx(
        images.mean(0).clamp(min=DARKEST).numpy(), abs=1e-5
    )


def test_a_training_begins_there_and_one_that_goes_on_does_not(images):
    plan = Plan(epochs=1, centred=True)
    model = build("vanilla", (1, 8, 8), {"latent": 16})
    next(iter(train(model, new_optimiser(model, plan), images, plan)))
    assert model.decoder[-3].bias.min() < -3  # corners of digits are black
    other = build("vanilla", (1, 8, 8), {"latent": 16})
    next(iter(train(other, new_optimiser(other, plan), images, plan, start=1)))
    assert other.decoder[-3].bias.abs().max() < 0.1
