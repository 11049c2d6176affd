"""What numbers about reconstructions are made of; the numbers themselves, with names and units, are in `table`."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ae_core.chance import seeded
from ae_core.models import Autoencoder
from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import PixelError, checked_pictures

BATCH = 1000  # images at a time; enough to be fast, little enough for memory
SSIM_WINDOW = 7  # pixels; the usual square window, and the largest odd one that fits 8x8 pictures
NO_CROSS_ENTROPY = (
    "No cross-entropy: an output that is cut to exactly 0 or 1 where the picture is not makes it infinite; compare the "
    "squared error."
)
LEAST_MSE = 1e-12  # keeps the decibels of a perfect copy finite: 120 dB


@contextlib.contextmanager
def measuring(model: Autoencoder) -> Iterator[torch.device]:
    """Inside, the model is in eval mode; gives its device. Afterwards every layer is in the mode it was in."""
    trained = [layer for layer in model.modules() if layer.training]
    model.eval()
    try:
        yield next(model.parameters()).device
    finally:
        for layer in trained:
            layer.training = True


@torch.inference_mode()
def reconstructions(model: Autoencoder, images: Tensor | Pictures) -> Tensor:
    """Reconstructions (n, channels, height, width) of images of that shape, in [0, 1], on the device of the images."""
    images = checked_pictures(images, model)
    with measuring(model) as device:
        return torch.cat([model.reconstruct(batch.to(device)).to(images.device) for batch in images.split(BATCH)])


@torch.inference_mode()
def codes(model: Autoencoder, images: Tensor | Pictures) -> Tensor:
    """Codes (n, latent) of images (n, channels, height, width), on the device of the images."""
    images = checked_pictures(images, model)
    with measuring(model) as device:
        return torch.cat([model.encode(batch.to(device)).to(images.device) for batch in images.split(BATCH)])


def squared_errors(images: Tensor | Pictures, outputs: Tensor) -> Tensor:
    """Squared error of each image (n,), summed over pixels; outputs have the shape of the images, but any values."""
    return (checked_pictures(images) - _like(images, outputs)).square().flatten(1).sum(1)


def _like(images: Tensor | Pictures, outputs: Tensor) -> Tensor:
    """The outputs. PixelError where they are not as many, or of another shape: broadcasting would compare all
    with all.
    """
    if outputs.shape != images.shape:
        raise PixelError(
            f"outputs {tuple(outputs.shape)} of images {tuple(images.shape)}: both must have one shape; give what was "
            "made of these images."
        )
    return outputs


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB of pictures in [0, 1] with that mean squared error per pixel; at most 120.

    Give it the error of the whole set: the mean of the PSNR of single pictures is another, higher number.
    """
    return -10 * math.log10(max(mse, LEAST_MSE))


def ssims(images: Tensor | Pictures, outputs: Tensor) -> Tensor:
    """Structural similarity of each image (n,), from -1 to 1 (equal), of images (n, channels, height, width) in [0, 1].

    Mean over all 7x7 windows inside the picture, then over channels. Computed by scikit-image with its defaults, but on
    strips of pictures, one above the other, which is four times as fast: no window that counts leaves its picture.

    Source: Wang, Bovik, Sheikh and Simoncelli (2004), Image quality assessment, IEEE TIP 13(4), eq. 13.
    """
    from skimage.metrics import structural_similarity

    edge = SSIM_WINDOW // 2
    found = []
    pictures = checked_pictures(images)
    for x, y in zip(pictures.split(BATCH), _like(pictures, outputs).split(BATCH), strict=True):
        strips = (part.cpu().float().reshape(-1, part.shape[-1]).numpy() for part in (x, y))
        _, everywhere = structural_similarity(*strips, win_size=SSIM_WINDOW, data_range=1.0, full=True)
        inside = torch.from_numpy(everywhere).reshape(x.shape)[..., edge:-edge, edge:-edge]
        found.append(inside.flatten(1).mean(1))
    return torch.cat(found)


def entropy_floor(images: Tensor | Pictures) -> float:
    """The cross-entropy that no reconstruction of images in [0, 1] can beat: their own entropy, in nats per pixel.

    It is 0 only where every pixel is black or white; the grey pixels of MNIST's test images leave 0.058.
    """
    images = checked_pictures(images)
    return F.binary_cross_entropy(images, images).item()


def cross_entropy(images: Tensor | Pictures, outputs: Tensor) -> float:
    """Cross-entropy of images against outputs in [0, 1], nats per pixel; infinite where an output is exactly 0 or 1 and
    the pixel is not. (torch counts a hundred nats for such a pixel instead.)
    """
    x, y = checked_pictures(images).double(), _like(images, outputs).double()
    return -(torch.xlogy(x, y) + torch.xlogy(1 - x, 1 - y)).mean().item()


@torch.inference_mode()
def cross_entropy_of_logits(model: Autoencoder, images: Tensor | Pictures) -> float:
    """The same of a model that ends in logits, from these: they lie behind outputs that only rounding made exactly 0
    or 1.
    """
    images, total = checked_pictures(images, model), 0.0
    with measuring(model) as device:
        for batch in images.split(BATCH):
            logits = model.decoder(model.encode(batch.to(device))).double()
            total += F.binary_cross_entropy_with_logits(logits, batch.to(logits), reduction="sum").item()
    return total / images.numel()


@torch.inference_mode()
def loss_terms(model: Autoencoder, images: Tensor | Pictures) -> dict[str, float]:
    """The model's own loss terms (summed over pixels and latents, mean over images); random draws are fixed."""
    images = checked_pictures(images, model)
    sums: dict[str, float] = {}
    with measuring(model) as device, seeded(0, device):
        for batch in images.split(BATCH):
            for name, value in model.losses(batch.to(device)).items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(batch)
    return {name: total / len(images) for name, total in sums.items()}
