r"""A deep autoencoder: several layers narrow the picture down to the code, their mirror image widens it again.

    encoder  x \to h_1 \to h_2 \to \dots \to code
    decoder  code \to \dots \to h_2' \to h_1' \to y
    loss     L = \sum_{pixels} (x - y)^2,  averaged over images  (or the cross-entropy)

Each layer bends space a little; together they can follow a curved surface on which the pictures lie, where PCA has
only a flat one. Every layer on the way holds the picture in its own form, and any of them can be looked at
(`ae_core/space/layers.py`): early ones are close to strokes, late ones to what the picture shows.

A deep stack is hard to train from random weights, because each layer has to follow the drift of those before it. With
`normalise` the numbers that enter the bends keep a learned mean and spread over the batch, and depth costs little.

Source: Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, Science 313; Bengio,
Lamblin, Popovici and Larochelle (2007), Greedy layer-wise training of deep networks, NIPS 19, for depth as a list of
widths; Ioffe and Szegedy (2015), Batch normalization, arXiv:1502.03167.
"""

from __future__ import annotations

from typing import Annotated

from ae_core.knobs import Knob, checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import (
    HAS_HIDDEN,
    CodeActivationKnob,
    HiddenActivationKnob,
    HiddenKnob,
    LatentKnob,
    dense_mirror,
)
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob


class Multilayer(PlainAutoencoder):
    """Dense layers of falling width and their mirror; 784-128-64-128-784 with its defaults on 28x28 pictures."""

    title = "Multilayer"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 64,
        hidden: HiddenKnob = (128,),
        activation: HiddenActivationKnob = "relu",
        code_activation: CodeActivationKnob = "relu",
        normalise: Annotated[
            bool,
            Knob("Batch normalisation in the hidden layers, which makes deep nets train well", only_when=HAS_HIDDEN),
        ] = False,
        reconstruction: ReconstructionKnob = "mse",
    ) -> None:
        shape = checked_shape(shape)
        networks = dense_mirror(shape, latent, hidden, activation, code_activation, normalise=normalise)
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
