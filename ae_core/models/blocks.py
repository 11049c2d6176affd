"""Layers that more than one model is built from.

Weights start Glorot-uniform and biases at zero (Glorot and Bengio 2010, eq. 16), as in Keras. With PyTorch's own
default the plain autoencoder ends its fifth epoch on MNIST about a quarter worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from torch import Tensor, nn

from ae_core.knobs import Knob
from ae_core.models.base import Shape

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}

LatentKnob = Annotated[
    int, Knob("Size of the code: how many numbers a picture is squeezed into", 1, 1024, log=2, label="Size of the code")
]
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
CodeActivationKnob = Annotated[
    str,
    Knob("Bend applied to the code; relu keeps it at or above zero, linear leaves it free", choices=tuple(ACTIVATIONS)),
]


def glorot(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """Start a layer with Glorot-uniform weights and zero biases; returns it."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def dense(widths: Sequence[int], activation: str) -> nn.Sequential:
    """Fully connected layers (n, widths[0]) -> (n, widths[-1]), each followed by the activation."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [glorot(nn.Linear(inputs, outputs)), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers)


def dense_mirror(
    shape: Shape, latent: int, hidden: Sequence[int], activation: str, code_activation: str = "linear", codes: int = 1
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (n, *shape) -> (n, codes * latent) and decoder (n, latent) -> (n, *shape), its mirror image."""
    inward = [math.prod(shape), *hidden]
    encoder = [nn.Flatten(), *dense(inward, activation), *dense([inward[-1], codes * latent], code_activation)]
    outward = [latent, *reversed(hidden)]
    decoder = [*dense(outward, activation), *dense([outward[-1], inward[0]], "linear"), ToShape(shape)]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


class ToShape(nn.Module):
    """Give flat rows (n, values) the shape (n, *shape)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *self.shape)
