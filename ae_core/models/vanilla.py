r"""The smallest autoencoder: one layer squeezes the picture into a code, one layer rebuilds it.

    code    h = f(W_1 x + b_1)
    output  y = sigmoid(W_2 h + b_2)  (tied: $W_2 = W_1^T$)
    loss    L = \sum_{pixels} (x - y)^2,  averaged over images  (or the cross-entropy)

With fewer numbers in the code than pixels in the picture the network cannot copy; it has to find what the pictures
have in common. Without the bends $f$ and sigmoid the best it could do is PCA.

Source: Rumelhart, Hinton and Williams (1986), Learning internal representations by error propagation; Bourlard and
Kamp (1988) for the link to PCA.
"""

from __future__ import annotations

from ae_core.knobs import checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import CodeActivationKnob, LatentKnob, TiedKnob, dense_mirror, tied_mirror
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob


class Vanilla(PlainAutoencoder):
    """One dense layer in, one dense layer out; 784-64-784 with its defaults on 28x28 pictures."""

    title = "Vanilla"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 64,
        activation: CodeActivationKnob = "relu",
        tied: TiedKnob = False,
        reconstruction: ReconstructionKnob = "mse",
    ) -> None:
        shape = checked_shape(shape)
        networks = dense_mirror(shape, latent, (), "linear", activation)
        networks = tied_mirror(networks) if tied else networks
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
