"""A dense network as plain lists, for the forward pass in the browser."""

from __future__ import annotations

from typing import Any

from torch import nn

from ae_core.models.blocks import ACTIVATIONS, ToShape

_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}


def dense_layers(network: nn.Module, last: str | None = None) -> list[dict[str, Any]]:
    """Layers {"weight": rows, "bias": numbers, "activation": name} of a chain of dense layers.

    `last` is the activation after a network that ends in logits.

    Raises
        ValueError: where the network has a layer of another kind.
    """
    layers: list[dict[str, Any]] = []
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            weight, bias = layer.weight.detach(), layer.bias.detach()
            layers.append({"weight": weight.tolist(), "bias": bias.tolist(), "activation": "linear"})
        elif type(layer) in _NAMES:
            layers[-1]["activation"] = _NAMES[type(layer)]
        elif not isinstance(layer, nn.Sequential | nn.Flatten | ToShape):
            raise ValueError(
                f"{type(layer).__name__} is not part of a dense network: only dense layers run in the browser."
            )
    layers[-1]["activation"] = last or layers[-1]["activation"]
    return layers
