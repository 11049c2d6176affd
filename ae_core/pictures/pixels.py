"""The one check of pictures, where they come in: what was given, the rule, and the line that mends it.

    a float32 tensor (n, channels, height, width), n at least 1, of values from 0 to 1, without a gradient of its own

Models, losses and measures rely on it: outside of [0, 1] a cross-entropy has no lower end, and a learning rate is
blamed for what is wrong with the pictures. It is one pass over the values, never part of a training step.

Values that leave [0, 1] by no more than `TOLERANCE` are cut: resizing adds up weights that were rounded, so a white
picture may come out as 1.0000001. What lies further out is another scale, or the overshoot of a sharpening filter, and
is told.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ae_core.pictures.pictures import Pictures
from ae_core.pictures.remedies import as_tensor, remedy

if TYPE_CHECKING:  # a model that damages its pictures imports what damages them, and that imports this
    from ae_core.models.base import Autoencoder, Shape

TOLERANCE = 1e-4  # hundreds of roundings of float32, and a fortieth of a grey level of 256
WHITE = 0x3F800000  # the bits of 1.0


class PixelError(ValueError):
    """Pictures that are not taken; one sentence says what was given, the rule and the remedy."""


def checked_pictures(
    pictures: Any,
    model: Autoencoder | None = None,
    *,
    name: str = "images",
    device: torch.device | str | None = None,
    ranged: bool = True,
) -> Tensor:
    """Return pictures (n, channels, height, width) that a model can take, or that any model could, cut to [0, 1].

    With `model` they must have its picture shape and the float type of its weights; with `device` lie there. `name` is
    what the caller calls them. Not `ranged`, they may leave [0, 1], as noise does that was not cut. Of `Pictures` all
    are made floats.

    Raises
        PixelError: where they break the rule.
    """
    pictures = pictures[:] if isinstance(pictures, Pictures) else pictures
    shape = model.shape if model else None
    kind = next(model.parameters()).dtype if model else torch.float32
    formed = isinstance(pictures, Tensor) and _formed(pictures, shape, kind, exact=model is not None)
    if formed and (device is None or pictures.device == torch.device(device)):
        low, high = _ends(pictures)
        if (low >= 0 and high <= 1) or (not ranged and math.isfinite(high - low)):
            return pictures
        if low >= -TOLERANCE and high <= 1 + TOLERANCE:
            return pictures.clamp(0, 1)
    raise PixelError(_sentence(pictures, name, shape, kind, device, ranged))


def checked_kept(pictures: Pictures, model: Autoencoder, *, name: str = "images") -> Pictures:
    """Return kept pictures that a model can take, without making floats of more than one: all are alike.

    Raises
        PixelError: where it cannot take them.
    """
    try:
        checked_pictures(pictures[:1], model, name=name)
    except PixelError:
        checked_pictures(pictures, model, name=name)  # the sentence is about all of them
    return pictures


def _formed(x: Tensor, shape: Shape | None, kind: torch.dtype, exact: bool) -> bool:
    """Whether all but the values is as it must be."""
    floats = (kind,) if exact else (torch.float32, torch.float64)
    fits = x.dim() == 4 and len(x) > 0 and (tuple(x.shape[1:]) == shape if shape else x.shape[1] in (1, 3))
    return fits and x.dtype in floats and x.layout == torch.strided and not x.requires_grad and not x.is_meta


def _ends(x: Tensor) -> tuple[float, float]:
    """The least and the largest value; NaN where there is one."""
    if x.dtype == torch.float32:  # the bits of floats from 0 up rise with them, and integers are compared twice as fast
        least, most = torch.aminmax(x.view(torch.int32))
        if least.item() >= 0 and most.item() <= WHITE:
            return 0.0, 1.0
    low, high = torch.aminmax(x)
    return low.item(), high.item()


def _sentence(
    given: Any, name: str, shape: Shape | None, kind: torch.dtype, device: torch.device | str | None, ranged: bool
) -> str:
    """What was given, the rule, the remedy."""
    sizes = ", ".join(map(str, shape)) if shape else "channels, height, width"
    where = f" on {device}" if device is not None else ""
    rule = (
        f"must be a {_word(kind)} tensor (n, {sizes}) of {'values from 0 to 1' if ranged else 'finite values'}{where}"
    )
    made = as_tensor(given, name)
    if made is None:
        what = "nothing (None)" if given is None else f"an object of the type {type(given).__name__}"
        inside = isinstance(getattr(given, "images", None), Tensor | Pictures)
        return f"{name}: {what}: {rule}; {'give its .images' if inside else 'make tensors of the pictures'}."
    said = _described(given, made.x)
    otherwise = "bring them into this form" if made.x.numel() else "give at least one picture"
    return f"{name}: {said}: {rule}; {remedy(made, shape, kind, device, ranged) or otherwise}."


def _word(kind: Any) -> str:
    return str(kind).removeprefix("torch.")


def _described(given: Any, x: Tensor) -> str:
    """Container, type, shape and range of what was given, in words."""
    words = {Tensor: "", np.ndarray: "a NumPy array of "}
    container = next((word for kind, word in words.items() if isinstance(given, kind)), f"a {type(given).__name__} of ")
    said = f"{container}{_word(getattr(given, 'dtype', x.dtype))} ({', '.join(map(str, x.shape))})"
    said += "" if x.layout == torch.strided else f", {_word(x.layout)},"
    if not x.numel():
        return f"{said}, which holds no pictures"
    if x.is_meta or x.is_complex():
        return f"{said} on the device meta, which holds no values" if x.is_meta else said
    alone, x = not x.requires_grad, x.detach().to_dense() if x.layout != torch.strided else x.detach()
    x = x if x.is_floating_point() else x.double()  # torch cannot compare all kinds of whole numbers
    finite = x[x.isfinite()]
    ends = f" from {finite.min().item():.7g} to {finite.max().item():.7g}" if len(finite) else ""
    where = "" if x.device.type == "cpu" else f" on {x.device}"
    return f"{said}{ends}{_not_finite(x)}{'' if alone else ' with a gradient of its own'}{where}"


def _not_finite(x: Tensor) -> str:
    """How many values are infinite or no number, and where the first is; empty where there is none."""
    places = (~x.isfinite()).nonzero()
    if not len(places):
        return ""
    first = places[0].tolist()
    word = (
        "one value that is not finite,"
        if len(places) == 1
        else f"{len(places):,} values that are not finite, the first"
    )
    return f" with {word} {x[tuple(first)].item():g} at {first}"


def as_bytes(images: Tensor) -> Tensor:
    """Images in [0, 1], of any shape, as uint8 from 0 to 255."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)
