"""How far a reconstruction is from its picture; both losses are summed over pixels and averaged over images.

    mse    sum over pixels of (x - y)^2
    bce    sum over pixels of -x log y - (1 - x) log(1 - y), in nats: the negative Bernoulli log-likelihood

Here y = sigmoid(logits). Tutorials often print the mean per pixel instead: divide by channels * height * width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from ae_core.knobs import Knob

ReconstructionLoss = Callable[[Tensor, Tensor], Tensor]


def squared_error(logits: Tensor, x: Tensor) -> Tensor:
    """Squared error between sigmoid(logits) and x, both (n, channels, height, width); a scalar per image."""
    return F.mse_loss(logits.sigmoid(), x, reduction="sum") / len(x)


def cross_entropy(logits: Tensor, x: Tensor) -> Tensor:
    """Bernoulli negative log-likelihood of x given logits, both (n, channels, height, width); nats per image."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


RECONSTRUCTION_LOSSES: dict[str, ReconstructionLoss] = {"mse": squared_error, "bce": cross_entropy}
UNITS: dict[ReconstructionLoss, str] = {squared_error: "squared error", cross_entropy: "nats"}
ReconstructionKnob = Annotated[
    str,
    Knob("How the output is compared with the input: squared error, or cross-entropy in nats", choices=("mse", "bce")),
]
