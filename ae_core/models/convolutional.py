"""A convolutional autoencoder: small filters slide over the picture, so a stroke is recognised wherever it lies.

    encoder  (3x3 convolution, bend, halve) three times; the code is a small 4x4 map with latent / 16 channels
    decoder  (3x3 convolution, bend, double) three times, then one more convolution gives the picture
    loss     L = sum over pixels of -x log y - (1 - x) log(1 - y), averaged over images   (or the squared error)

The code keeps the layout of the picture: its upper left corner speaks about the upper left corner. Pooling keeps the
strongest answer of each 2x2 block; pictures that do not halve evenly are padded at the edge. The cross-entropy is the
default because on pictures that are mostly black the squared error lets this net settle on all black and stay there.

Source: Masci, Meier, Ciresan and Schmidhuber (2011), Stacked convolutional auto-encoders for hierarchical feature
extraction. The small net with 16, 8 and 8 channels is the one of the Keras blog (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ae_core.knobs import Knob, checks_knobs
from ae_core.models.base import PlainAutoencoder, Shape, checked_shape
from ae_core.models.blocks import ACTIVATIONS, ActivationKnob, glorot
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob

SIDE = 4  # the code is a SIDE x SIDE map, whatever the size of the picture
MOST_CHANNELS = 256
Size = tuple[int, int]


class Convolutional(PlainAutoencoder):
    """Three convolutions down to a 4x4 map and three back up; 16-8-8 channels with its defaults."""

    title = "Convolutional"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: Annotated[
            int,
            Knob(
                "Size of the code: a 4x4 map, so 16 numbers for each of its channels",
                16,
                1024,
                2,
                multiple_of=16,
                label="Size of the code",
            ),
        ] = 128,
        hidden: Annotated[
            tuple[int, ...],
            Knob("Channels before the code, from the picture inwards", 1, MOST_CHANNELS, label="Channels"),
        ] = (
            16,
            8,
        ),
        activation: ActivationKnob = "relu",
        reconstruction: ReconstructionKnob = "bce",
    ) -> None:
        shape = checked_shape(shape)
        networks = convolutional_mirror(shape, latent, hidden, activation)
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


def filters(inputs: int, outputs: int) -> nn.Module:
    """A 3x3 convolution that keeps height and width."""
    return glorot(nn.Conv2d(inputs, outputs, 3, padding=1))


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
