"""Numbers that say how good a reconstruction is. Every name says its unit; see `evaluate`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ae_core.models import Autoencoder

BATCH = 1000  # images at a time; enough to be fast, little enough for memory


@contextlib.contextmanager
def measured(model: Autoencoder) -> Iterator[None]:
    """Put a model into eval mode, in which it has no memory of what it is shown, and then into the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@torch.inference_mode()
def reconstructions(model: Autoencoder, images: Tensor) -> Tensor:
    """Reconstructions (n, channels, height, width) of images of that shape, in [0, 1], on the device of the images."""
    device = next(model.parameters()).device
    with measured(model):
        return torch.cat([model.reconstruct(batch.to(device)).to(images.device) for batch in images.split(BATCH)])


@torch.inference_mode()
def codes(model: Autoencoder, images: Tensor) -> Tensor:
    """Codes (n, latent) of images (n, channels, height, width), on the device of the images."""
    device = next(model.parameters()).device
    with measured(model):
        return torch.cat([model.encode(batch.to(device)).to(images.device) for batch in images.split(BATCH)])


def squared_errors(images: Tensor, outputs: Tensor) -> Tensor:
    """Squared error of each image (n,), summed over pixels."""
    return (images - outputs).square().flatten(1).sum(1)


@torch.inference_mode()
def loss_terms(model: Autoencoder, images: Tensor) -> dict[str, float]:
    """The model's own loss terms (summed over pixels and latents, mean over images); random draws are fixed."""
    device = next(model.parameters()).device
    sums: dict[str, float] = {}
    with measured(model), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        for batch in images.split(BATCH):
            for name, value in model.losses(batch.to(device)).items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(batch)
    return {name: total / len(images) for name, total in sums.items()}


def evaluate(model: Autoencoder, images: Tensor) -> dict[str, float]:
    """Measure a model on images (n, channels, height, width) in [0, 1].

    Returns
        mse: squared error, mean per pixel; sumse: the same summed over pixels, mean over images; bce: cross-entropy in
        nats, mean per pixel; every loss term of the model under its own name; loss: the sum of those terms.
    """
    outputs = reconstructions(model, images)
    sumse = squared_errors(images, outputs).double().mean().item()
    terms = loss_terms(model, images)
    return {
        "mse": sumse / images[0].numel(),
        "sumse": sumse,
        "bce": F.binary_cross_entropy(outputs, images).item(),
        **terms,
        "loss": sum(terms.values()),
    }
