"""A dense network as plain lists, for the forward pass in the browser."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ae_core.models.blocks import ACTIVATIONS, BatchNorm, Tied, ToShape

_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}


def dense_layers(network: nn.Module, last: str | None = None) -> list[dict[str, Any]]:
    """Layers {"weight": rows, "bias": numbers, "activation": name} of a chain of dense layers.

    `last` is the activation after a network that ends in logits. A batch normalisation, which in eval mode only
    scales and shifts, becomes part of the layer before it.

    Raises
        ValueError: where the network has a layer of another kind.
    """
    found: list[tuple[Tensor, Tensor, str]] = []
    for layer in network if isinstance(network, nn.Sequential) else [network]:
        if isinstance(layer, nn.Linear | Tied):
            bias = torch.zeros(len(layer.weight)) if layer.bias is None else layer.bias
            found.append((layer.weight, bias, "linear"))
        elif isinstance(layer, BatchNorm):
            found[-1] = (*folded(*found[-1][:2], layer.norm), "linear")
        elif type(layer) in _NAMES:
            found[-1] = (*found[-1][:2], _NAMES[type(layer)])
        elif not isinstance(layer, nn.Flatten | ToShape):
            raise ValueError(
                f"{type(layer).__name__} is not part of a dense network: only dense layers run in the browser."
            )
    found[-1] = (*found[-1][:2], last or found[-1][2])
    return [{"weight": w.tolist(), "bias": b.tolist(), "activation": activation} for w, b, activation in found]


def folded(weight: Tensor, bias: Tensor, norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Weight (outputs, inputs) and bias (outputs,) of one layer that answers as the layer and its normalisation do."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return weight * scale[:, None], (bias - norm.running_mean) * scale + norm.bias
