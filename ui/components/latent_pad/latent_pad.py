"""The latent pad: a map of codes on which the picture under the pointer is decoded in the browser, in the same
frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
import torch
from streamlit.components.v2.types import ComponentRenderer
from torch import Tensor

from ae_core.export.dense import Dense, dense_decoder
from ae_core.models import Autoencoder
from ae_core.space.planes import Plane, box
from ae_core.space.tiles import Corners, Tiles
from ui.colours import class_colour
from ui.components.shared.files import texts
from ui.components.shared.modules import script
from ui.components.shared.packing import Packer, packed_layers

HTML = '\n<div class="pad"></div>\n'


@dataclass(frozen=True)
class Panel:
    """One map of the pad: a decoder, a plane through its codes, and the codes of the test pictures on it."""

    title: str
    shape: tuple[int, int, int]
    plane: Plane
    points: Tensor  # (n, 2)
    decoder: list[Dense] | Tiles | str | None  # an address is where the server has the layers; None: cannot be decoded
    run: str | None = None  # where the exact picture can be asked for
    prior: bool = False  # circles of one and two standard deviations of the prior
    rings: Tensor | None = None  # (m, 2): points to show as rings


def corners(points: Tensor, rings: Tensor | None = None) -> Corners:
    """The part of the plane that the map shows: left, right, bottom, top; a square around points (n, 2) and all rings
    (m, 2).
    """
    left, right, bottom, top = box(points)
    if rings is None:
        return left, right, bottom, top
    u, v = (left + right) / 2, (bottom + top) / 2
    half = max((right - left) / 2, 1.15 * float((rings - torch.tensor([u, v])).abs().max()))
    return u - half, u + half, v - half, v + half


def panel(
    title: str,
    model: Autoencoder,
    plane: Plane,
    codes: Tensor,
    run: str,
    layers: str,
    tiled: Callable[[Plane, Corners], Tiles],
    prior: bool = False,
    ringed: Sequence[int] = (),
) -> Panel:
    """The map of a model: codes (n, latent) of the test pictures on `plane`.

    `layers` is the address at which the server has a decoder that runs in the browser: there it is asked for once, for
    all maps and pages. `tiled` gives decoded pictures of a part of the plane; it is asked where the decoder does not
    run in the browser. The dots `ringed` are marked, and the map is large enough for them.
    """
    points = plane.coordinates(codes)
    rings = points[list(ringed)] if ringed else None
    decoder = layers if dense_decoder(model, codes[:16].float()) else tiled(plane, corners(points, rings))
    return Panel(title, model.shape, plane, points, decoder, run, prior, rings)


def payload(
    panels: Sequence[Panel], labels: np.ndarray, classes: Sequence[str], dataset: str | None, **options: Any
) -> tuple[dict[str, Any], Packer]:
    """All that the browser needs: panels whose points stand for the same test pictures of classes `labels` (n,).

    Options: `tools` (choosing dots by box and lasso), `map` (False leaves only picture and sliders).
    """
    packer = Packer()
    header = {
        "panels": [_panel(packer, part) for part in panels],
        "labels": packer.add(labels.astype(np.uint8)),
        "classes": list(classes),
        "colours": [class_colour(k) for k in range(len(classes))],
        "dataset": dataset,
        **options,
    }
    return header, packer


def _panel(packer: Packer, part: Panel) -> dict[str, Any]:
    plane = part.plane
    further = [
        {"name": d.name, "start": d.start, "low": d.low, "high": d.high, "vector": packer.add(_floats(d.vector))}
        for d in plane.further
    ]
    return {
        "title": part.title,
        "shape": list(part.shape),
        "run": part.run,
        "prior": part.prior,
        "names": list(plane.names),
        "box": list(corners(part.points, part.rings)),
        "points": packer.add(_floats(part.points)),
        "origin": packer.add(_floats(plane.origin)),
        "axes": packer.add(_floats(plane.axes)),
        "further": further,
        "decoder": _decoder(packer, part.decoder),
        "rings": packer.add(_floats(part.rings)) if part.rings is not None else None,
    }


def _decoder(packer: Packer, decoder: list[Dense] | Tiles | str | None) -> dict[str, Any]:
    if decoder is None:
        return {}
    if isinstance(decoder, str):
        return {"at": decoder}
    if isinstance(decoder, Tiles):
        return {
            "side": len(decoder.pixels),
            "error": decoder.error,
            "tiles": packer.add_pictures(decoder.pixels.numpy()),
        }
    return {"layers": packed_layers(packer, decoder)}


def _floats(values: Tensor) -> np.ndarray:
    return values.detach().float().numpy()


def style() -> str:
    """The CSS of a pad."""
    return "".join(texts(__file__, "slider.css", "latent_pad.css"))


def _component() -> ComponentRenderer:
    js = script(__file__, "latent_pad.js")
    return st.components.v2.component("latent_pad", html=HTML, css=style(), js=js)


def latent_pad(packed: tuple[dict[str, Any], Packer], key: str, start: dict[str, Any] | None = None) -> dict[str, Any]:
    """Show the pad; returns what the visitor has marked: {"at": [u, v], "pins": [[u, v], ...], "chosen": base64, ...}.

    `start` holds the marks to begin with. The pad reports a click, a choice, and where the pointer was when it left;
    between those it asks the server for nothing.
    """
    header, packer = packed
    data = packer.pack({**header, "start": start or {}})
    result = _component()(key=key, data=data, on_mark_change=lambda: None)
    return dict(result.get("mark") or {})
