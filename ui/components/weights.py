"""A dense network as plain numbers, for the forward pass in the browser."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ae_core.models import Autoencoder
from ae_core.models.blocks import ACTIVATIONS, ToShape

_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}
ENDS = ("sigmoid", "linear")  # what may follow a decoder network whose last layer is linear
MOST_WEIGHTS = 2_000_000  # 8 MB on the way to the browser, about 2 ms a picture


class Dense(NamedTuple):
    """One layer, activation(weight @ x + bias): weight (outputs, inputs), bias (outputs,)."""

    weight: np.ndarray
    bias: np.ndarray
    activation: str


def dense_arrays(network: nn.Module, last: str | None = None) -> list[Dense]:
    """The layers of a chain of dense layers; `last` is the activation after a network that ends in logits.

    Batch normalisation with its fixed statistics is folded into the layer before it.

    Raises
        ValueError: where the network has a layer of another kind.
    """
    layers: list[Dense] = []
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_features)
            layers.append(Dense(layer.weight.detach().numpy(), bias.detach().numpy(), "linear"))
        elif isinstance(layer, nn.BatchNorm1d) and layers and layers[-1].activation == "linear":
            layers[-1] = _folded(layers[-1], layer)
        elif type(layer) in _NAMES and layers:
            layers[-1] = layers[-1]._replace(activation=_NAMES[type(layer)])
        elif not isinstance(layer, nn.Sequential | nn.Flatten | ToShape):
            raise ValueError(
                f"{type(layer).__name__} is not part of a dense network: only dense layers run in the browser."
            )
    if not layers:
        raise ValueError("The network has no layers: only dense layers run in the browser.")
    layers[-1] = layers[-1]._replace(activation=last or layers[-1].activation)
    return layers


def _folded(layer: Dense, norm: nn.BatchNorm1d) -> Dense:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("Batch normalisation without fixed statistics: only dense layers run in the browser.")
    scale = (norm.running_var + norm.eps).rsqrt().detach()
    scale = scale * norm.weight.detach() if norm.affine else scale
    shift = norm.bias.detach() if norm.affine else torch.zeros_like(scale)
    bias = (torch.from_numpy(layer.bias) - norm.running_mean) * scale + shift
    return Dense(layer.weight * scale.numpy()[:, None], bias.numpy(), layer.activation)


def dense_layers(network: nn.Module, last: str | None = None) -> list[dict[str, Any]]:
    """The same as lists: {"weight": rows, "bias": numbers, "activation": name}; the errors of `dense_arrays`."""
    return [
        {"weight": layer.weight.tolist(), "bias": layer.bias.tolist(), "activation": layer.activation}
        for layer in dense_arrays(network, last)
    ]


@torch.inference_mode()
def dense_decoder(model: Autoencoder, codes: torch.Tensor) -> list[Dense] | None:
    """The decoder as dense layers, or None where it is of another kind or too large.

    It is taken only where it says the same as `model.decode` for `codes` (n, latent), within 1e-4: whatever a model does
    beside its network is found by that, not by its name.
    """
    network = dict(model.named_children()).get("decoder")
    if network is None:
        return None
    try:
        layers = dense_arrays(network)
    except ValueError:
        layers = [_affine(network, model.latent)]
    if sum(layer.weight.size for layer in layers) > MOST_WEIGHTS:
        return None
    wanted = model.decode(codes).flatten(1).clamp(0, 1)
    for end in ENDS:
        finished = [*layers[:-1], layers[-1]._replace(activation=end)]
        h = codes
        for weight, bias, activation in finished:
            h = ACTIVATIONS[activation]()(h @ torch.from_numpy(weight).T + torch.from_numpy(bias))
        if h.shape == wanted.shape and (h.clamp(0, 1) - wanted).abs().max() < 1e-4:
            return finished
    return None


def _affine(network: nn.Module, latent: int) -> Dense:
    """A network as one layer, found by asking it for zero and for every unit code; right only where it is affine."""
    answers = network(torch.cat([torch.zeros(1, latent), torch.eye(latent)])).flatten(1)
    weight = (answers[1:] - answers[0]).T.contiguous()
    return Dense(weight.numpy(), answers[0].clone().numpy(), "linear")
