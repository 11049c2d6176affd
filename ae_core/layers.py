"""What every layer of a network makes of one picture on its way from input to output."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ae_core.models import Autoencoder


class Stage(NamedTuple):
    """One stop on the way: what it is called, and its numbers."""

    name: str
    values: Tensor  # (units,) or (channels, height, width)


@torch.inference_mode()
def stages(model: Autoencoder, x: Tensor) -> list[Stage]:
    """The stages of one picture x (1, channels, height, width): input, layers of the encoder, code, decoder, output.

    A layer is shown after its activation; what only reshapes is left out.
    """
    private = copy.deepcopy(model)  # the model is shared: nobody else's pictures may come by here
    passed: list[tuple[nn.Module, Tensor, Tensor]] = []
    for layer in private.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda module, given, made: passed.append((module, given[0], made)))
    code = private.encode(x)
    half = len(passed)
    output = private.decode(code)
    before = _kept(passed[:half], code)
    after = _kept(passed[half:], output)
    return [
        Stage("input", x[0]),
        *(Stage(_name(values), values) for values in before),
        Stage(f"code, {code.shape[1]} numbers", code[0]),
        *(Stage(_name(values), values) for values in after),
        Stage("output", output[0]),
    ]


def _kept(passed: list[tuple[nn.Module, Tensor, Tensor]], last: Tensor) -> list[Tensor]:
    """Outputs of layers, each after its activation, without those that only lead to `last`, which is shown itself."""
    found: list[Tensor] = []
    for module, given, made in passed:
        if not isinstance(made, Tensor) or made.shape[0] != 1:
            continue
        weighs = any(True for _ in module.parameters(recurse=False))
        if weighs:
            found.append(made)
        elif found and given is found[-1] and made.shape == given.shape:
            found[-1] = made
    if found and found[-1].numel() == last.numel():
        found.pop()
    return [values[0] for values in found]


def _name(values: Tensor) -> str:
    if values.dim() == 1:
        return f"{len(values)} units"
    channels, height, width = values.shape
    return f"{channels} maps of {height}×{width}"
