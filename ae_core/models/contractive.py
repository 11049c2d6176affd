r"""A contractive autoencoder: a small change of the picture must hardly change the code.

    one layer    h = f(W x + b)
    its output   y = sigmoid(W' h + b')  (tied: $W' = W^T$)
    several      h_1 = f(W_1 x + b_1), \; h_2 = f(W_2 h_1 + b_2), \; \dots  the last one is the code $h$
    contraction  contraction = weight \, \|J\|_F^2, \quad J = \partial h / \partial x
    one layer    contraction = weight \sum_{units} f'(a)^2 \, \|W_{row}\|^2
    in general   J = D W \cdots D_2 W_2 D_1 W_1,  $D$ being the diagonal of $f'$ (chain rule, exact at any depth)
    curvature    curvature = higher_order \, \|J(x) - J(x + e)\|^2, \quad e \sim Normal(0, noise^2)
    loss         L = reconstruction + contraction + curvature,  averaged over images

The reconstruction pulls the other way: along directions in which pictures really differ the code must move. What
remains sensitive is the surface on which the pictures lie. Several layers have their mirror
as decoder and share no weights with it, so that each half can bend in its own way; their price is that $J$ is no longer
a product of two numbers per weight, but one matrix per picture.

Source: Rifai, Vincent, Muller, Glorot and Bengio (2011), Contractive auto-encoders, ICML, eq. 2 and 5; Rifai et al.
(2011), Higher order contractive auto-encoder, ECML, eq. 4.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from ae_core.knobs import Knob, When, checks_knobs
from ae_core.models.base import DeterministicAutoencoder, Shape, checked_shape
from ae_core.models.blocks import HiddenKnob, LatentKnob, dense_mirror, tied_mirror
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob

SLOPES = {"sigmoid": lambda h: h * (1 - h), "tanh": lambda h: 1 - h.square()}  # f' from f


class Contractive(DeterministicAutoencoder):
    """Dense layers and a price on the Jacobian of the code; 784-64-784 with tied weights by default on 28x28
    pictures.
    """

    title = "Contractive"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 64,
        hidden: HiddenKnob = (),
        weight: Annotated[float, Knob("Price of a sensitive code", 0, 100)] = 0.1,
        higher_order: Annotated[float, Knob("Price of a sensitivity that changes from place to place", 0, 100)] = 0.0,
        noise: Annotated[
            float, Knob("How far away the change is measured", 0.01, 1, only_when=When("higher_order", above=0))
        ] = 0.1,
        activation: Annotated[
            str, Knob("Bend applied to the code and to the hidden layers", choices=tuple(SLOPES))
        ] = "sigmoid",
        reconstruction: ReconstructionKnob = "bce",
    ) -> None:
        shape = checked_shape(shape)
        networks = dense_mirror(shape, latent, hidden, activation, activation)
        networks = networks if hidden else tied_mirror(networks)
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
        self.weight, self.higher_order, self.noise = weight, higher_order, noise
        self.slope = SLOPES[activation]

    def jacobian_norms(self, x: Tensor) -> Tensor:
        """Squared Frobenius norm of dh / dx at each picture (n,), exact; Rifai et al. (2011), eq. 5, for one layer."""
        return self._squared(self._sensitivity(self._layers(x)))

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        layers = self._layers(x)
        here = self._sensitivity(layers)
        terms = {
            "reconstruction": self.reconstruction(layers[-1], x),
            "contraction": self.weight * self._squared(here).mean(),
        }
        if self.higher_order:
            nearby = self._sensitivity(self._layers(x + self.noise * torch.randn_like(x)))
            terms["curvature"] = self.higher_order * self._squared(here - nearby).mean()
        return terms

    def _weights(self) -> list[Tensor]:
        return [layer.weight for layer in self.encoder if isinstance(layer, nn.Linear)]

    def _layers(self, x: Tensor) -> list[Tensor]:
        """What each layer answers, (n, width) each; the last is the code."""
        answers = []
        for layer in self.encoder:
            x = layer(x)
            if isinstance(layer, nn.Sigmoid | nn.Tanh):
                answers.append(x)
        return answers

    def _sensitivity(self, layers: list[Tensor]) -> Tensor:
        """S with J = S W1 at each picture: (n, latent, width of the first layer), or for one layer its diagonal (n,
        latent).

        J itself, (latent, pixels) for each picture, is never written down.
        """
        slopes, weights = [self.slope(layer) for layer in layers], self._weights()
        if len(layers) == 1:
            return slopes[0]
        sensitivity = slopes[-1][:, :, None] * weights[-1] * slopes[-2][:, None, :]
        for between, slope in zip(reversed(weights[1:-1]), reversed(slopes[:-2]), strict=True):
            sensitivity = sensitivity @ between * slope[:, None, :]
        return sensitivity

    def _squared(self, sensitivity: Tensor) -> Tensor:
        """Squared Frobenius norm (n,) of S W1, as the trace of S (W1 W1^T) S^T."""
        first = self._weights()[0]
        if sensitivity.ndim == 2:  # a diagonal needs the diagonal of W1 W1^T only
            return (sensitivity.square() * first.square().sum(1)).sum(1)
        return (sensitivity @ (first @ first.T) * sensitivity).sum((1, 2))
