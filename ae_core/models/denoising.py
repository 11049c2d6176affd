r"""A denoising autoencoder: it is shown a damaged picture and must answer with the undamaged one.

    damaged  \tilde x = corrupt(x),  drawn anew in every step
    code     h = f(\tilde x)
    output   y = g(h)
    loss     L = \sum_{pixels} -x \log y - (1 - x) \log(1 - y),  averaged over images  (or the squared error)

The target is the clean $x$. Copying does not help any more: to remove the damage the network has to know what pictures
look like. It may even have a code larger than the picture.

Source: Vincent, Larochelle, Bengio and Manzagol (2008), Extracting and composing robust features with denoising
autoencoders, ICML; the kinds of damage are in `corruption.py`.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ae_core.corruption import CORRUPTIONS
from ae_core.knobs import Knob, KnobError, When, checks_knobs
from ae_core.models.base import DeterministicAutoencoder, Shape, checked_shape
from ae_core.models.blocks import ACTIVATIONS, TIED, ActivationKnob, HiddenKnob, dense_mirror, tied_mirror
from ae_core.models.convolutional import (
    MOST_CHANNELS,
    MOST_NUMBERS,
    SIDE,
    convolutional_mirror,
    map_side_knob,
    require_map,
)
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob


class Denoising(DeterministicAutoencoder):
    """Damage in, clean picture out; 784-400-64-400-784 with its defaults on 28x28 pictures."""

    title = "Denoising"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: Annotated[
            int,
            Knob(
                "Size of the code: how many numbers a picture is squeezed into",
                1,
                MOST_NUMBERS,
                log=2,
                label="Size of the code",
            ),
        ] = 64,
        corruption: Annotated[str, Knob("Kind of damage", choices=tuple(CORRUPTIONS))] = "gaussian",
        level: Annotated[float, Knob("How much damage: standard deviation, or share of the picture", 0, 1)] = 0.5,
        body: Annotated[
            str, Knob("Layers of both halves: dense, or filters that slide", choices=("dense", "conv"))
        ] = "dense",
        hidden: HiddenKnob = (400,),
        map_side: Annotated[int, map_side_knob(When("body", ("conv",)))] = SIDE,
        activation: ActivationKnob = "relu",
        code_activation: Annotated[
            str,
            Knob("Bend applied to the code", choices=tuple(ACTIVATIONS), only_when=When("body", ("dense",))),
        ] = "linear",
        tied: Annotated[bool, Knob(TIED, only_when=When("body", ("dense",)))] = False,
        reconstruction: ReconstructionKnob = "bce",
    ) -> None:
        shape = checked_shape(shape)
        if body == "conv":
            require_map(shape, latent, map_side, "conv")
        if body == "conv" and max(hidden, default=0) > MOST_CHANNELS:
            raise KnobError(f"hidden = {hidden}: with body = conv these are channels, at most 256 each; take 32,32.")
        if body == "conv":
            networks = convolutional_mirror(shape, latent, hidden, activation, map_side)
        else:
            networks = dense_mirror(shape, latent, hidden, activation, code_activation)
            networks = tied_mirror(networks) if tied else networks
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
        if body == "conv":
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time per step
        self.corruption, self.level = CORRUPTIONS[corruption], level

    def corrupt(self, x: Tensor) -> Tensor:
        """Damage pictures (n, channels, height, width) as in training; random."""
        return self.corruption(x, self.level)

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        return {"reconstruction": self.reconstruction(self.encode(self.corrupt(x)), x)}
