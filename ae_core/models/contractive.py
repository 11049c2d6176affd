"""A contractive autoencoder: a small change of the picture must hardly change the code.

    code h = f(W x + b),  output y = sigmoid(W' h + b')   (tied: W' is W transposed)
    contraction = weight * squared Frobenius norm of J,  J = dh / dx
                = weight * sum over units of f'(a)^2 * |W row|^2      (one hidden layer, exact)
    curvature   = higher_order * |J(x) - J(x + e)|^2,  e ~ Normal(0, noise^2)
    loss L = reconstruction + contraction + curvature, averaged over images

The reconstruction pulls the other way: along directions in which pictures really differ the code must move. What
remains sensitive is the surface on which the pictures lie.

Source: Rifai, Vincent, Muller, Glorot and Bengio (2011), Contractive auto-encoders, ICML, eq. 2 and 5; Rifai et al.
(2011), Higher order contractive auto-encoder, ECML, eq. 4.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ae_core.knobs import Knob, checks_knobs
from ae_core.models.base import DeterministicAutoencoder, Shape, checked_shape
from ae_core.models.blocks import LatentKnob, ToShape, glorot
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob

SLOPES = {"sigmoid": lambda h: h * (1 - h), "tanh": lambda h: 1 - h.square()}  # f' from f


class Contractive(DeterministicAutoencoder):
    """One dense layer with tied weights, and a price on its Jacobian; 784-64-784 with its defaults on 28x28 pictures."""

    title = "Contractive"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 64,
        weight: Annotated[float, Knob("Price of a sensitive code", 0, 100)] = 0.1,
        higher_order: Annotated[float, Knob("Price of a sensitivity that changes from place to place", 0, 100)] = 0.0,
        noise: Annotated[float, Knob("How far away the change is measured", 0.01, 1)] = 0.1,
        activation: Annotated[str, Knob("Bend applied to the code", choices=tuple(SLOPES))] = "sigmoid",
        reconstruction: ReconstructionKnob = "bce",
    ) -> None:
        shape = checked_shape(shape)
        layer = nn.Linear(math.prod(shape), latent)
        glorot(layer)
        bend = nn.Sigmoid() if activation == "sigmoid" else nn.Tanh()
        networks = nn.Sequential(nn.Flatten(), layer, bend), Tied(layer, shape)
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
        self.weight, self.higher_order, self.noise = weight, higher_order, noise
        self.slope, self._layer = SLOPES[activation], [layer]

    def jacobian_norms(self, x: Tensor) -> Tensor:
        """Squared Frobenius norm of dh / dx at each picture (n,), exact; Rifai et al. (2011), eq. 5."""
        return (self.slope(self.encode(x)).square() * self._row_norms()).sum(1)

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        code = self.encode(x)
        slope, rows = self.slope(code), self._row_norms()
        terms = {
            "reconstruction": self.reconstruction(code, x),
            "contraction": self.weight * (slope.square() * rows).sum(1).mean(),
        }
        if self.higher_order:
            nearby = self.slope(self.encode(x + self.noise * torch.randn_like(x)))
            terms["curvature"] = self.higher_order * ((slope - nearby).square() * rows).sum(1).mean()
        return terms

    def _row_norms(self) -> Tensor:
        """|W row|^2 of each unit, (latent,)."""
        return self._layer[0].weight.square().sum(1)


class Tied(nn.Module):
    """A decoder (n, latent) -> (n, *shape) that uses the weights of the encoder's layer, transposed, and its own bias."""

    def __init__(self, layer: nn.Linear, shape: Shape) -> None:
        super().__init__()
        self._layer = [layer]  # in a list, so that its parameters are counted and saved once
        self.bias = nn.Parameter(torch.zeros(math.prod(shape)))
        self.to_shape = ToShape(shape)

    def forward(self, code: Tensor) -> Tensor:
        return self.to_shape(F.linear(code, self._layer[0].weight.T, self.bias))
