"""A deep autoencoder: several layers narrow the picture down to the code, their mirror image widens it again.

    encoder  x -> h1 -> h2 -> ... -> code
    decoder  code -> ... -> h2' -> h1' -> y
    loss     L = sum over pixels of (x - y)^2, averaged over images   (or the cross-entropy)

Each layer bends space a little; together they can follow a curved surface on which the pictures lie, where PCA has
only a flat one.

Source: Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, Science 313.
"""

from __future__ import annotations

from ae_core.knobs import checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import ActivationKnob, CodeActivationKnob, HiddenKnob, LatentKnob, dense_mirror
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
        activation: ActivationKnob = "relu",
        code_activation: CodeActivationKnob = "relu",
        reconstruction: ReconstructionKnob = "mse",
    ) -> None:
        shape = checked_shape(shape)
        networks = dense_mirror(shape, latent, hidden, activation, code_activation)
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
