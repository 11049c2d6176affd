"""An autoencoder whose decoder is its encoder, transposed: half the weights, and both learn from the same errors.

    code  h = W x + b
    output y = sigmoid(W^T h + c)
    loss  L = sum over pixels of (x - y)^2, averaged over images

Source: Vincent, Larochelle, Bengio and Manzagol (2008), Extracting and composing robust features.
"""

from __future__ import annotations

from ae_core.knobs import checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import LatentKnob, dense_mirror, tied_mirror
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES


class Transposed(PlainAutoencoder):
    """One dense layer in, and the same one out."""

    title = "Transposed"

    @checks_knobs
    def __init__(self, shape: Shape, *, latent: LatentKnob = 16) -> None:
        shape = checked_shape(shape)
        networks = tied_mirror(dense_mirror(shape, latent, (), "linear", "linear"))
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES["mse"])
