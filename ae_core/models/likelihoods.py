"""How likely a picture is, given its code: a coin per pixel, or a normal distribution around the pixel's mean.

    mean              y = sigmoid(logits),   logits = decoder(z)
    bernoulli         -log p(x | z) = sum over pixels of -x log y - (1 - x) log(1 - y)
    gaussian          -log p(x | z) = sum over pixels of (x - y)^2 / (2 s^2) + log s + 1/2 log 2 pi
                      s is fixed, or one learned number (gaussian_scalar), or comes from z for each pixel
                      (gaussian_pixel)

All in nats. The first is the logarithm of a probability where pixels are black or white, and a good loss but no
probability where they are grey. The second is the logarithm of a density: it may be positive, and it depends on the
unit of the pixels, here [0, 1]. A pixel that never varies would be given s = 0 and an infinite density, so
gaussian_pixel has a least s.

Source: Kingma and Welling (2014), arXiv:1312.6114, appendix C; one learned variance: Rybkin, Daniilidis and Levine
(2021), arXiv:2006.13202, section 4.1.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ae_core.knobs import Knob, When

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
PACE = 10  # Adam moves any number by one learning rate a step, which is slow for a number that all pixels share

LikelihoodKnob = Annotated[
    str,
    Knob(
        "What a pixel is, given the code: a coin (bernoulli), or a normal distribution whose deviation is fixed, one "
        "learned number, or a prediction for each pixel",
        choices=("bernoulli", "gaussian", "gaussian_scalar", "gaussian_pixel"),
    ),
]
DeviationKnob = Annotated[
    float,
    Knob(
        "Standard deviation of a pixel, where white is 1: the fixed one (gaussian), the first one (gaussian_scalar), "
        "the least one (gaussian_pixel)",
        0.001,
        10,
        log=10,
        only_when=When("likelihood", ("gaussian", "gaussian_scalar", "gaussian_pixel")),
    ),
]


class Likelihood(nn.Module, ABC):
    """p(x | z), given the logits of its mean (n, c, h, w) and, for what else depends on it, the code z (n, latent)."""

    @abstractmethod
    def surprise(self, logits: Tensor, code: Tensor, x: Tensor) -> Tensor:
        """-log p(x | z) of each pixel, (n, c, h, w) like x, in nats."""

    @abstractmethod
    def draw(self, logits: Tensor, code: Tensor) -> Tensor:
        """A picture x from p(x | z) for each row: (n, c, h, w)."""


class Bernoulli(Likelihood):
    """Each pixel is white with probability y."""

    def surprise(self, logits: Tensor, code: Tensor, x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits.to(x.dtype), x, reduction="none")

    def draw(self, logits: Tensor, code: Tensor) -> Tensor:
        return torch.bernoulli(logits.sigmoid())


class Normal(Likelihood):
    """Each pixel is normal around y; `log_deviation` gives log s, (n, c, h, w) or (), from codes (n, latent)."""

    def __init__(self, log_deviation: nn.Module) -> None:
        super().__init__()
        self.log_deviation = log_deviation

    def surprise(self, logits: Tensor, code: Tensor, x: Tensor) -> Tensor:
        log_s = self.log_deviation(code).to(x.dtype)
        return 0.5 * ((x - logits.to(x.dtype).sigmoid()) * (-log_s).exp()).square() + log_s + HALF_LOG_TAU

    def draw(self, logits: Tensor, code: Tensor) -> Tensor:
        return logits.sigmoid() + self.log_deviation(code).exp() * torch.randn_like(logits)


class FixedDeviation(nn.Module):
    """log s is a constant ()."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.log_deviation = math.log(deviation)

    def forward(self, code: Tensor) -> Tensor:
        return code.new_tensor(self.log_deviation)


class SharedDeviation(nn.Module):
    """log s is one learned number (), `deviation` at first."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.start = math.log(deviation)
        self.change = nn.Parameter(torch.zeros(()))

    def forward(self, code: Tensor) -> Tensor:
        return self.start + PACE * self.change


class PixelDeviation(nn.Module):
    """log s (n, c, h, w) comes from a network (n, latent) -> (n, c, h, w); s is above `least`, twice that at first."""

    def __init__(self, network: nn.Module, least: float) -> None:
        super().__init__()
        self.network, self.least = network, math.log(least)

    def forward(self, code: Tensor) -> Tensor:
        return self.least + F.softplus(self.network(code))


def likelihood_of(kind: str, deviation: float, network: Callable[[], nn.Module]) -> Likelihood:
    """The likelihood of that name; `network` makes one (n, latent) -> (n, c, h, w), which gaussian_pixel needs."""
    if kind == "gaussian":
        return Normal(FixedDeviation(deviation))
    if kind == "gaussian_scalar":
        return Normal(SharedDeviation(deviation))
    if kind == "gaussian_pixel":
        return Normal(PixelDeviation(network(), deviation))
    return Bernoulli()
