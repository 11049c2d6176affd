"""Layers that more than one model is built from.

Weights start Glorot-uniform and biases at zero (Glorot and Bengio 2010, eq. 16), as in Keras. With PyTorch's own
default the plain autoencoder ends its fifth epoch on MNIST about a quarter worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ae_core.knobs import Knob, When
from ae_core.models.base import Shape

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}

Weighted = TypeVar("Weighted", nn.Linear, nn.Conv2d)

LatentKnob = Annotated[
    int, Knob("Size of the code: how many numbers a picture is squeezed into", 1, 1024, log=2, label="Size of the code")
]
TIED = "Decode with the encoder's weights, transposed, instead of own ones"
TiedKnob = Annotated[bool, Knob(TIED)]
HiddenKnob = Annotated[
    tuple[int, ...],
    Knob(
        "Widths of the hidden layers, from the picture to the code; mirrored in the decoder",
        1,
        2048,
        label="Hidden layers",
    ),
]
ActivationKnob = Annotated[str, Knob("Bend applied after every hidden layer", choices=tuple(ACTIVATIONS))]
HAS_HIDDEN = When("hidden", filled=True)
HiddenActivationKnob = Annotated[
    str, Knob("Bend applied after every hidden layer", choices=tuple(ACTIVATIONS), only_when=HAS_HIDDEN)
]
CodeActivationKnob = Annotated[
    str,
    Knob("Bend applied to the code; relu keeps it at or above zero, linear leaves it free", choices=tuple(ACTIVATIONS)),
]


def glorot(layer: Weighted) -> Weighted:
    """Start a layer with Glorot-uniform weights and zero biases; returns it."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def dense(widths: Sequence[int], activation: str, normalise: bool = False) -> nn.Sequential:
    """Fully connected layers (n, widths[0]) -> (n, widths[-1]), each followed by the activation.

    With `normalise` a `BatchNorm` stands between each layer and its activation; its shift takes the place of the bias.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers.append(glorot(nn.Linear(inputs, outputs, bias=not normalise)))
        layers += [BatchNorm(outputs)] if normalise else []
        layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def dense_mirror(
    shape: Shape,
    latent: int,
    hidden: Sequence[int],
    activation: str,
    code_activation: str = "linear",
    codes: int = 1,
    normalise: bool = False,
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (n, *shape) -> (n, codes * latent) and decoder (n, latent) -> (n, *shape), its mirror image.

    `normalise` is for the hidden layers only: neither the code nor the picture depends on a batch's statistics.
    """
    inward, outward = [math.prod(shape), *hidden], [latent, *reversed(hidden)]
    to_code, to_picture = [inward[-1], codes * latent], [outward[-1], inward[0]]
    encoder = [nn.Flatten(), *dense(inward, activation, normalise), *dense(to_code, code_activation)]
    decoder = [*dense(outward, activation, normalise), *dense(to_picture, "linear"), ToShape(shape)]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


class BatchNorm(nn.Module):
    """Give each column of rows (n, width) a learned mean and spread; Ioffe and Szegedy (2015), arXiv:1502.03167, alg.
    1.

    In training the columns are first standardised by their mean and variance over the batch, otherwise by the running
    averages of both. A batch of one row, which has no variance, is standardised by the averages in training too.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def line(self) -> tuple[Tensor, Tensor]:
        """Scale and shift, (width,) each, of what it computes outside of training: x * scale + shift."""
        norm = self.norm
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        return scale, norm.bias - norm.running_mean * scale

    def forward(self, x: Tensor) -> Tensor:
        if self.training and len(x) == 1:
            scale, shift = self.line()
            return x * scale + shift
        return self.norm(x)


class Tied(nn.Module):
    """The way back (n, outputs) -> (n, inputs) through a dense layer's own weights, transposed, with an own bias."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self._layer = (layer,)  # in a tuple, so that its parameters are counted and saved once
        self.bias = nn.Parameter(torch.zeros(layer.in_features))

    @property
    def weight(self) -> Tensor:
        """The weights (inputs, outputs) that a dense layer in its place would have."""
        return self._layer[0].weight.T

    def forward(self, code: Tensor) -> Tensor:
        return F.linear(code, self.weight, self.bias)


def tied_mirror(networks: tuple[nn.Sequential, nn.Sequential]) -> tuple[nn.Sequential, nn.Sequential]:
    """A dense encoder and its mirror image, each layer of which now has the weights of its like and a bias of
    its own.
    """
    encoder, decoder = networks
    inward = [layer for layer in encoder if isinstance(layer, nn.Linear)]
    layers = [Tied(inward.pop()) if isinstance(layer, nn.Linear) else layer for layer in decoder]
    return encoder, nn.Sequential(*layers)


class ToShape(nn.Module):
    """Give flat rows (n, values) the shape (n, *shape)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *self.shape)
