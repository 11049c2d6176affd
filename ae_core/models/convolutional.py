r"""A convolutional autoencoder: small filters slide over the picture, so a stroke is recognised wherever it lies.

    pooled   encoder: (3×3 convolution, bend, halve) three times; the code is a 4×4 map with latent / 16 channels
    pooled   decoder: (3×3 convolution, bend, double) three times, then one more convolution gives the picture
    pooled   a map side of 7 stops at 7×7: pictures of 28×28 are halved twice
    strided  encoder: (3×3 convolution in steps of 2, bend) for every number of channels, then a dense layer to the code
    strided  decoder: a dense layer, (3×3 convolution, bend, double) for every number, then one more convolution
    loss     L = \sum_{pixels} -x \log y - (1 - x) \log(1 - y),  averaged over images  (or the squared error)

The pooled code keeps the layout of the picture: its upper left corner speaks about the upper left corner. Pooling keeps
the strongest answer of each 2×2 block; pictures that do not halve evenly are padded at the edge. The strided body is
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

from ae_core.knobs import Knob, KnobError, When, checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import ACTIVATIONS, ActivationKnob, glorot
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob

SIDE = 4  # the code is a SIDE x SIDE map unless another side is asked for, whatever the size of the picture
MOST_CHANNELS = 256
MOST_NUMBERS = 2048  # of a code that is a map
Size = tuple[int, int]


def map_side_knob(only_when: When) -> Knob:
    """The knob for the side of the map that is the code."""
    about = "Side of the map that is the code; 7 for pictures of 28x28 that are halved twice instead of three times"
    return Knob(about, 2, 32, label="Side of the map", only_when=only_when)


def require_map(shape: Shape, latent: int, side: int, body: str) -> None:
    """KnobError unless a code of `latent` numbers is a side x side map, at most half as wide as a picture."""
    if 2 * side > min(shape[1:]):
        raise KnobError(
            f"map_side = {side}: must be at most half of the {min(shape[1:])} pixels of a picture's shorter side; take "
            f"{SIDE}."
        )
    if latent % side**2:
        nearest = max(side**2, latent // side**2 * side**2)
        raise KnobError(f"latent = {latent}: with body = {body} it must be a multiple of {side**2}; take {nearest}.")


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
                "Size of the code; with body = pooled a map, so 16 numbers for each channel of a 4x4 one",
                1,
                MOST_NUMBERS,
                log=2,
                label="Size of the code",
            ),
        ] = 128,
        body: Annotated[
            str,
            Knob(
                "How the picture shrinks: by pooling down to a small map, or by strides down to a dense code "
                "(stronger, with channels 32, 64)",
                choices=("pooled", "strided"),
            ),
        ] = "pooled",
        hidden: Annotated[
            tuple[int, ...],
            Knob("Channels before the code, from the picture inwards", 1, MOST_CHANNELS, label="Channels"),
        ] = (16, 8),
        map_side: Annotated[int, map_side_knob(When("body", ("pooled",)))] = SIDE,
        activation: ActivationKnob = "relu",
        reconstruction: ReconstructionKnob = "bce",
    ) -> None:
        shape = checked_shape(shape)
        if body == "pooled":
            require_map(shape, latent, map_side, "pooled")
        if body == "strided" and not hidden:
            raise KnobError(
                "hidden = (): with body = strided it must name the channels of a layer or more; take 32,64."
            )
        if body == "pooled":
            networks = convolutional_mirror(shape, latent, hidden, activation, map_side)
        else:
            networks = strided_mirror(shape, latent, hidden, activation)
        super().__init__(shape, latent, networks, RECONSTRUCTION_LOSSES[reconstruction])
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time per step


def convolutional_mirror(
    shape: Shape, latent: int, hidden: Sequence[int], activation: str, side: int = SIDE
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (n, *shape) -> (n, latent), whose code is a side x side map, and decoder (n, latent) -> (n, *shape), its
    mirror.
    """
    channels = [shape[0], *hidden, latent // side**2]
    sizes = halvings((shape[1], shape[2]), len(channels) - 1, side)
    bend = ACTIVATIONS[activation]
    encoder = nn.Sequential(*narrowing(channels, sizes, bend), nn.Flatten())
    to_map = nn.Unflatten(1, (channels[-1], side, side))
    decoder = nn.Sequential(to_map, *widening(channels, sizes, bend), filters(channels[1], shape[0]))
    return encoder, decoder


def strided_mirror(
    shape: Shape, latent: int, hidden: Sequence[int], activation: str
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (n, *shape) -> (n, latent), half the size at every layer and dense at the end, and decoder, its
    mirror.
    """
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


def halvings(size: Size, times: int, side: int = SIDE) -> list[Size]:
    """The sizes of the maps from the picture to the code: each half of the one before, the last side x side."""
    sizes = [size]
    for _ in range(times - 1):
        sizes.append((max(side, -(-sizes[-1][0] // 2)), max(side, -(-sizes[-1][1] // 2))))
    return [*sizes, (side, side)]


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
