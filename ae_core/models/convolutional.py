"""A convolutional autoencoder: small filters slide over the picture, so a stroke is recognised wherever it lies.

    pooled   encoder  (3x3 convolution, bend, halve) three times; the code is a 4x4 map with latent / 16 channels
             decoder  (3x3 convolution, bend, double) three times, then one more convolution gives the picture
    strided  encoder  (3x3 convolution in steps of 2, bend) for every number of channels, then a dense layer to the code
             decoder  a dense layer, (3x3 convolution, bend, double) for every number, then one more convolution
    loss     L = sum over pixels of -x log y - (1 - x) log(1 - y), averaged over images   (or the squared error)

The pooled code keeps the layout of the picture: its upper left corner speaks about the upper left corner. Pooling keeps
the strongest answer of each 2x2 block; pictures that do not halve evenly are padded at the edge. The strided body is
the stronger one: it learns how to shrink, and its dense code, of any size, may say something about the whole picture at
once. Both decoders enlarge by repeating pixels and let a convolution smooth the steps; a transposed convolution in
steps of 2 covers some pixels more often than others, which leaves a chessboard in the picture.

The cross-entropy is the default because on pictures that are mostly black the squared error lets the pooled net settle
on all black and stay there.

Source: Masci, Meier, Ciresan and Schmidhuber (2011), Stacked convolutional auto-encoders for hierarchical feature
extraction. The small net with 16, 8 and 8 channels is the one of the Keras blog (2016). Strides in place of pooling:
Springenberg, Dosovitskiy, Brox and Riedmiller (2015), Striving for simplicity, arXiv:1412.6806; enlarging: Odena,
Dumoulin and Olah (2016), Deconvolution and checkerboard artifacts, Distill.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ae_core.knobs import Knob, KnobError, checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import ACTIVATIONS, ActivationKnob, glorot
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob

SIDE = 4  # the code is a SIDE x SIDE map, whatever the size of the picture
MOST_CHANNELS = 256
Size = tuple[int, int]


class Convolutional(PlainAutoencoder):
    """Convolutions down to the code and their mirror image; pooled with 16, 8 and 8 channels with its defaults."""

    title = "Convolutional"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: Annotated[
            int,
            Knob(
                "Size of the code; with body = pooled a 4x4 map, so 16 numbers for each of its channels",
                1,
                1024,
                log=2,
                label="Size of the code",
            ),
        ] = 128,
        body: Annotated[
            str,
            Knob(
                "How the picture shrinks: by pooling down to a 4x4 map, or by strides down to a dense code "
                "(stronger, with channels 32, 64)",
                choices=("pooled", "strided"),
            ),
        ] = "pooled",
        hidden: Annotated[
            tuple[int, ...],
            Knob("Channels before the code, from the picture inwards", 1, MOST_CHANNELS, label="Channels"),
        ] = (16, 8),
        activation: ActivationKnob = "relu",
        reconstruction: ReconstructionKnob = "bce",
    ) -> None:
        shape = checked_shape(shape)
        if body == "pooled" and latent % SIDE**2:
            nearest = max(SIDE**2, latent // SIDE**2 * SIDE**2)
            raise KnobError(f"latent = {latent}: with body = pooled it must be a multiple of 16; take {nearest}.")
        if body == "strided" and not hidden:
            raise KnobError(
                "hidden = (): with body = strided it must name the channels of a layer or more; take 32,64."
            )
        mirror = convolutional_mirror if body == "pooled" else strided_mirror
        networks = mirror(shape, latent, hidden, activation)
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time per step


def convolutional_mirror(
    shape: Shape, latent: int, hidden: Sequence[int], activation: str
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (n, *shape) -> (n, latent) through a 4x4 map, and decoder (n, latent) -> (n, *shape), its mirror image."""
    channels = [shape[0], *hidden, latent // SIDE**2]
    sizes = halvings((shape[1], shape[2]), len(channels) - 1)
    bend = ACTIVATIONS[activation]
    encoder = nn.Sequential(*narrowing(channels, sizes, bend), nn.Flatten())
    to_map = nn.Unflatten(1, (channels[-1], SIDE, SIDE))
    decoder = nn.Sequential(to_map, *widening(channels, sizes, bend), filters(channels[1], shape[0]))
    return encoder, decoder


def strided_mirror(
    shape: Shape, latent: int, hidden: Sequence[int], activation: str
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (n, *shape) -> (n, latent), half the size at every layer and dense at the end, and decoder, its mirror."""
    channels, sizes, bend = [shape[0], *hidden], [(shape[1], shape[2])], ACTIVATIONS[activation]
    encoder: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        encoder += [filters(inputs, outputs, step=2), bend()]
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    smallest = (channels[-1], *sizes[-1])
    encoder += [nn.Flatten(), glorot(nn.Linear(math.prod(smallest), latent))]
    from_code = [glorot(nn.Linear(latent, math.prod(smallest))), bend(), nn.Unflatten(1, smallest)]
    decoder = [*from_code, *widening(channels, sizes, bend), filters(channels[1], shape[0])]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


def filters(inputs: int, outputs: int, step: int = 1) -> nn.Module:
    """A 3x3 convolution that keeps height and width, or divides them by `step`, rounded up."""
    return glorot(nn.Conv2d(inputs, outputs, 3, step, padding=1))


def halvings(size: Size, times: int) -> list[Size]:
    """The sizes of the maps from the picture to the code: each half of the one before, the last 4x4."""
    sizes = [size]
    for _ in range(times - 1):
        sizes.append((max(SIDE, -(-sizes[-1][0] // 2)), max(SIDE, -(-sizes[-1][1] // 2))))
    return [*sizes, (SIDE, SIDE)]


def narrowing(channels: list[int], sizes: list[Size], bend: type[nn.Module]) -> list[nn.Module]:
    """Convolve, bend and shrink, once for every step from sizes[0] to sizes[-1]."""
    layers: list[nn.Module] = []
    for i in range(len(channels) - 1):
        layers += [filters(channels[i], channels[i + 1]), bend(), Shrink(sizes[i], sizes[i + 1])]
    return layers


def widening(channels: list[int], sizes: list[Size], bend: type[nn.Module]) -> list[nn.Module]:
    """The mirror image: convolve, bend and enlarge back to sizes[0]."""
    inward = channels[1:]
    inputs, outputs = [inward[-1], *reversed(inward)], list(reversed(inward))
    layers: list[nn.Module] = []
    for i, size in enumerate(reversed(sizes[:-1])):
        layers += [filters(inputs[i], outputs[i]), bend(), nn.Upsample(size, mode="nearest")]
    return layers


class Shrink(nn.Module):
    """Max-pool maps from one size to a smaller one; 2x2 blocks wherever that fits."""

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__()
        self.after = after
        self.by_two = after == (-(-before[0] // 2), -(-before[1] // 2))

    def forward(self, x: Tensor) -> Tensor:
        if self.by_two:
            return F.max_pool2d(x, 2, ceil_mode=True)
        return F.adaptive_max_pool2d(x, self.after)
