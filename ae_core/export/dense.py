"""A dense network as plain numbers, for the forward pass in the browser."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ae_core.models import Autoencoder
from ae_core.models.blocks import ACTIVATIONS, BatchNorm, Tied, ToShape
from ae_core.pictures.pixels import checked_pictures

_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}
ENDS = ("sigmoid", "linear")  # what may follow a decoder network whose last layer is linear
MOST_WEIGHTS = 2_000_000  # 8 MB on the way to the browser, about 2 ms a picture


class Dense(NamedTuple):
    """One layer, activation(weight @ x + bias): weight (outputs, inputs), bias (outputs,), name of the activation."""

    weight: Tensor
    bias: Tensor
    activation: str


def dense_network(network: nn.Sequential, last: str | None = None) -> list[Dense]:
    """The layers of a chain of dense layers.

    `last` is the activation after a network that ends in logits. A batch normalisation, which in eval mode only
    scales and shifts, becomes part of the layer before it.

    Raises
        ValueError: where the network has a layer of another kind.
    """
    found: list[Dense] = []
    for layer in network:
        if isinstance(layer, nn.Linear | Tied):
            bias = torch.zeros(len(layer.weight)) if layer.bias is None else layer.bias
            found.append(Dense(layer.weight.detach(), bias.detach(), "linear"))
        elif isinstance(layer, BatchNorm) and found:
            scale, shift = layer.line()
            before = found[-1]
            found[-1] = Dense(
                (before.weight * scale[:, None]).detach(), (before.bias * scale + shift).detach(), "linear"
            )
        elif type(layer) in _NAMES and found:
            found[-1] = found[-1]._replace(activation=_NAMES[type(layer)])
        elif not isinstance(layer, nn.Flatten | ToShape):
            raise ValueError(
                f"{type(layer).__name__} is not part of a dense network: only dense layers run in the browser."
            )
    if not found:
        raise ValueError("A network without a dense layer: only dense layers run in the browser.")
    return [*found[:-1], found[-1]._replace(activation=last or found[-1].activation)]


@torch.inference_mode()
def dense_decoder(model: Autoencoder, codes: Tensor) -> list[Dense] | None:
    """The decoder as dense layers, or None where it is of another kind or too large.

    It is taken only where it says the same as `model.decode` for `codes` (n, latent), within 1e-4: whatever a model
    does beside its network is found by that, not by its name.
    """
    if _weights(model.decoder) > MOST_WEIGHTS:
        return None
    wanted = model.decode(codes).flatten(1).clamp(0, 1)
    for end in ENDS:
        try:
            layers = dense_network(model.decoder, end)
        except ValueError:
            return None
        answer = answer_of(layers, codes)
        if answer.shape == wanted.shape and (answer.clamp(0, 1) - wanted).abs().max() < 1e-4:
            return layers
    return None


@torch.inference_mode()
def dense_encoder(model: Autoencoder, x: Tensor) -> list[Dense] | None:
    """The encoder as dense layers, or None where it is of another kind or too large.

    Of an encoder that answers with the mean of the code and then with its spread, the mean alone. It is taken only
    where it says the same as `model.encode` for pictures x (n, channels, height, width), within 1e-4 of the largest
    number of their codes. PixelError for other pictures.
    """
    x = checked_pictures(x, model, name="x")
    if _weights(model.encoder) > MOST_WEIGHTS:
        return None
    try:
        *before, last = dense_network(model.encoder)
    except ValueError:
        return None
    layers = [*before, Dense(last.weight[: model.latent], last.bias[: model.latent], last.activation)]
    wanted, answer = model.encode(x), answer_of(layers, x.flatten(1))
    same = answer.shape == wanted.shape and (answer - wanted).abs().max() < 1e-4 * wanted.abs().max().clamp_min(1.0)
    return layers if same else None


def answer_of(layers: list[Dense], rows: Tensor) -> Tensor:
    """What dense layers make of rows (n, inputs), (n, outputs)."""
    for weight, bias, activation in layers:
        rows = ACTIVATIONS[activation]()(rows @ weight.T + bias)
    return rows


def _weights(network: nn.Sequential) -> int:
    return sum(p.numel() for p in network.parameters())
