"""Any layer of a network as the representation to look at: what it answers for each picture, as plain rows.

    picture -> hidden 1 -> hidden 2 -> ... -> code -> decoder 1 -> decoder 2 -> ... -> picture

A layer is one set of weights with all that follows it up to the next: its normalisation, its bend, its pooling. For a
variational model the code is the mean of the posterior, and the decoder's layers answer to that mean.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ae_core.measures.metrics import BATCH, measuring
from ae_core.models import Autoencoder
from ae_core.models.blocks import Tied
from ae_core.pictures.pixels import checked_pictures

WEIGHTED = (nn.Linear, nn.Conv2d, Tied)
RESHAPING = (nn.Flatten, nn.Unflatten)  # these belong to the layer after them


class LayerError(ValueError):
    """A layer that the model does not have; the text names those it has."""


def layer_names(model: Autoencoder) -> list[str]:
    """The layers of a model from the picture to the last one before its reconstruction, with their sizes.

    A dense layer reads "hidden 1 (128)", one of maps "hidden 1 (16×14×14)": channels, height, width.
    """
    device = next(model.parameters()).device
    with torch.inference_mode(), measuring(model):
        return [name for name, _ in _answers(model, torch.zeros(1, *model.shape, device=device))]


def answers(model: Autoencoder, images: Tensor) -> list[tuple[str, Tensor]]:
    """Name and answer of every layer, in order, for a few images (n, channels, height, width): (n, width) or maps."""
    images, device = checked_pictures(images, model), next(model.parameters()).device
    with torch.inference_mode(), measuring(model):
        return [(name, answer.to(images.device)) for name, answer in _answers(model, images.to(device))]


def representation(model: Autoencoder, images: Tensor, layer: str) -> Tensor:
    """What the layer of that name answers for images (n, channels, height, width): (n, width), maps flattened.

    Raises
        LayerError: where `layer` is not one of `layer_names(model)`.
    """
    if layer not in (names := layer_names(model)):
        raise LayerError(f"layer {layer!r}: this model has no such layer; choose one of {', '.join(names)}.")
    images, device = checked_pictures(images, model), next(model.parameters()).device
    with torch.inference_mode(), measuring(model):
        found = [dict(_answers(model, batch.to(device)))[layer] for batch in images.split(BATCH)]
    return torch.cat([answer.flatten(1).to(images.device) for answer in found])


def _answers(model: Autoencoder, x: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Name and answer of every layer, in order; the last layer of each half stands for the code and for the picture."""
    yield from _named("hidden", _layers(model.encoder)[:-1], x)
    code = model.encode(x)
    yield f"code ({model.latent})", code
    yield from _named("decoder", _layers(model.decoder)[:-1], code)


def _named(half: str, layers: list[nn.Sequential], x: Tensor) -> Iterator[tuple[str, Tensor]]:
    for number, layer in enumerate(layers, start=1):
        x = layer(x)
        yield f"{half} {number} ({'×'.join(map(str, x.shape[1:]))})", x


def _layers(network: nn.Sequential) -> list[nn.Sequential]:
    """The parts of a chain, each with one set of weights."""
    parts: list[list[nn.Module]] = [[]]
    for module in network:
        if isinstance(module, WEIGHTED + RESHAPING) and any(isinstance(m, WEIGHTED) for m in parts[-1]):
            parts.append([])
        parts[-1].append(module)
    if len(parts) > 1 and not any(isinstance(m, WEIGHTED) for m in parts[-1]):
        reshaping = parts.pop()  # the end of the chain, which belongs to the layer before it
        parts[-1] += reshaping
    return [nn.Sequential(*part) for part in parts]
