"""Where a training begins: with the mean picture as the first answer.

With all biases at zero a net answers grey everywhere, and spends its first hundreds of steps on learning that most
pixels are black. The bias of the last layer can say so from the start. Source: Karpathy (2019), A recipe for training
neural networks, "init well"; for class frequencies Lin et al. (2017), arXiv:1708.02002, sec. 3.3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ae_core.baselines import mean_image
from ae_core.models import Autoencoder
from ae_core.pictures.pictures import Pictures

DARKEST = 0.01  # of a mean pixel: one that is always black would ask for a bias of minus infinity


@torch.no_grad()
def centre(model: Autoencoder, images: Tensor | Pictures) -> None:
    """Let `model` answer a code of zeros with the mean of images (n, channels, height, width) where its last layer has
    a bias for each pixel, with the mean of each channel where it has one for each of those; else do nothing.
    """
    bias = _last_bias(model.decoder)
    if bias is None:
        return
    (mean,) = mean_image(images)
    if bias.numel() == len(mean):
        mean = mean.mean(dim=(1, 2))
    if bias.numel() == mean.numel():
        mean = mean.flatten().to(bias)
        bias.copy_(mean.clamp(DARKEST, 1 - DARKEST).logit() if model.ends_in_logits else mean)


def _last_bias(network: nn.Module) -> Tensor | None:
    """The bias of the last of its layers that has weights."""
    layers = [layer for layer in network.modules() if isinstance(getattr(layer, "weight", None), Tensor)]
    return getattr(layers[-1], "bias", None) if layers else None
