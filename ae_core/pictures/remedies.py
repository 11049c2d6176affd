"""The line of code that turns what somebody has into pictures that are taken, as far as one can tell.

Each step is done to what was given and written down at once, so the line does what it says; the tests run it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from ae_core.models.base import Shape

OVERSHOOT = 0.5  # a sharpening resize leaves [0, 1] by less; another scale leaves it by more
SCALES = (16, 255, 4095, 65535)  # white of the 8x8 digits, and of pictures of 8, 12 and 16 bits
CHANNELS = (1, 3, 4)


class Remedy:
    """What is done to pictures `x`, that a caller knows as `text`, so that they become what is taken."""

    def __init__(self, x: Tensor, text: str, hint: str = "") -> None:
        self.x, self.text, self.hints = x, text, [hint] if hint else []

    def then(self, hint: str, text: str, x: Tensor) -> None:
        """One step more: what it is in words, the line with it, and what has become of the pictures."""
        self.x, self.text = x, text
        self.hints += [hint]

    @property
    def atom(self) -> str:
        """The line so far, in brackets where it ends in a division."""
        return self.text if self.text.endswith((")", "]")) or self.text.isidentifier() else f"({self.text})"

    @property
    def words(self) -> str:
        """All steps in words, and the line that does them."""
        *first, last = self.hints or ["give"]
        return f"{', '.join(first)}{' and ' if first else ''}{last}: {self.text}"


def as_tensor(given: Any, name: str) -> Remedy | None:
    """Tensors as they are, arrays and lists as tensors; None for what cannot become one."""
    if isinstance(given, Tensor):
        return Remedy(given, name)
    if isinstance(given, list | tuple) and given:
        if all(isinstance(part, Tensor) and part.shape == given[0].shape for part in given):
            return Remedy(torch.stack(list(given)), f"torch.stack({name})", "put them into one tensor")
        try:
            given, name = np.array(given), f"numpy.array({name})"
        except ValueError:  # not all of one shape
            return None
    if not isinstance(given, np.ndarray) or given.dtype.kind not in "biuf":
        return None
    try:
        if given.dtype.kind == "u" and given.itemsize > 1:
            raise TypeError("torch computes little with these")
        return Remedy(torch.from_numpy(given), f"torch.from_numpy({name})", "make a tensor of the array")
    except (TypeError, ValueError):  # turned around, of another byte order, or of a type that torch has not
        plain = np.ascontiguousarray(given, dtype=np.float32)
        return Remedy(
            torch.from_numpy(plain),
            f'torch.from_numpy(numpy.ascontiguousarray({name}, "float32"))',
            "make a tensor of the array",
        )


def remedy(
    made: Remedy, shape: Shape | None, kind: torch.dtype, device: torch.device | str | None, ranged: bool
) -> str:
    """What turns the pictures into those of `shape`, `kind` and `device`, in words; "" where that cannot be told."""
    if made.x.is_meta or made.x.is_complex() or not made.x.numel():
        return ""
    bits = made.x.dtype == torch.uint8
    _alone(made)
    _arrange(made, shape)
    if made.x.dim() != 4:
        return ""
    if made.x.dtype != kind:
        word = "double" if kind == torch.float64 else "float"
        made.then(f"make them {str(kind).removeprefix('torch.')}", f"{made.text}.{word}()", made.x.to(kind))
    _colour(made, shape)
    _leave_out(made)
    if ranged:
        _scale(made, bits)
    if shape and tuple(made.x.shape[2:]) != shape[1:]:
        text = f"torch.nn.functional.interpolate({made.text}, ({shape[1]}, {shape[2]}))"
        made.then("resize them", text, torch.nn.functional.interpolate(made.x, shape[1:]))
    if device is not None and made.x.device != torch.device(device):
        made.then("move them", f'{made.atom}.to("{device}")', made.x)
    fits = tuple(made.x.shape[1:]) == shape if shape else made.x.shape[1] in (1, 3)
    return made.words if fits and len(made.x) else ""


def _alone(made: Remedy) -> None:
    if made.x.requires_grad:
        made.then("cut off its gradient", f"{made.text}.detach()", made.x.detach())
    if made.x.layout != torch.strided:
        made.then("make it dense", f"{made.text}.to_dense()", made.x.to_dense())


def _arrange(made: Remedy, shape: Shape | None) -> None:
    """Four axes, the channels second."""
    size = tuple(made.x.shape)
    channels_first = size == shape or (len(size) == 3 and shape is None and size[0] in CHANNELS)
    if shape and len(size) in (1, 2) and size[-1] == math.prod(shape):
        sizes = ", ".join(map(str, shape))
        made.then("give each row its shape", f"{made.text}.reshape(-1, {sizes})", made.x.reshape(-1, *shape))
    elif len(size) == 2:
        made.then("add axes for pictures and channels", f"{made.text}[None, None]", made.x[None, None])
    elif len(size) == 3 and (channels_first or size[2] in CHANNELS):
        made.then("add an axis for the pictures", f"{made.text}[None]", made.x[None])
    elif len(size) == 3:
        made.then("add an axis for the channel", f"{made.text}[:, None]", made.x[:, None])
    size = tuple(made.x.shape)
    if len(size) == 4 and size[3] in CHANNELS and size[1] not in CHANNELS:
        made.then("put the channels second", f"{made.text}.permute(0, 3, 1, 2)", made.x.permute(0, 3, 1, 2))


def _colour(made: Remedy, shape: Shape | None) -> None:
    have = made.x.shape[1]
    want = shape[0] if shape else min(have, 3)
    if have == 4:
        made.then("drop what says how transparent they are", f"{made.text}[:, :3]", made.x[:, :3])
    if have in (3, 4) and want == 1:
        made.then("take the mean of the colours", f"{made.text}.mean(1, keepdim=True)", made.x.mean(1, keepdim=True))
    if have == 1 and want == 3:
        made.then("repeat the channel", f"{made.text}.expand(-1, 3, -1, -1)", made.x.expand(-1, 3, -1, -1))


def _leave_out(made: Remedy) -> None:
    whole = made.x.isfinite().flatten(1).all(1)
    if not whole.all():
        made.then("leave such pictures out", f"{made.text}[{made.text}.isfinite().flatten(1).all(1)]", made.x[whole])


def _scale(made: Remedy, bits: bool) -> None:
    """Values from 0 to 1; `bits` where the pictures came in single bytes."""
    low, high = (made.x.min().item(), made.x.max().item()) if made.x.numel() else (0.0, 1.0)
    if low >= 0 and high <= 1:
        return
    if low > -OVERSHOOT and high < 1 + OVERSHOOT:
        made.then("cut them to [0, 1]", f"{made.text}.clamp(0, 1)", made.x.clamp(0, 1))
    elif low >= -1 and high <= 1:
        made.then("move them to [0, 1]", f"({made.text} + 1) / 2", (made.x + 1) / 2)
    elif low >= 0 and high <= SCALES[-1]:
        digits = not bits and bool((made.x == made.x.round()).all())
        white = next(scale for scale in SCALES if high <= scale and (digits or scale > 16))
        made.then(f"divide by {white}", f"{made.text} / {white}", made.x / white)
    else:
        least, span = float(math.floor(low)), float(math.ceil(high - math.floor(low)))
        made.then(
            "bring them to [0, 1]",
            f"({made.text} - {least:.7g}) / {span:.7g}".replace("- -", "+ "),
            (made.x - least) / span,
        )
