"""The figure of the start page: draw, and a real network runs in the browser, from the sheet by the code to the output.

Its weights are not sent along: the browser asks for those of the network that is shown, once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from torch import Tensor

from ae_core.space.planes import box
from ui.colours import class_colour
from ui.components.shared.files import texts
from ui.components.shared.modules import script
from ui.components.shared.packing import Packer

SHAPE = (1, 28, 28)  # of the pictures: drawings are framed as those of MNIST


@dataclass(frozen=True)
class Network:
    """What the figure shows of a network: where its two parts are, and the codes of the test pictures."""

    encoder: str  # the address of its layers
    decoder: str
    codes: Tensor  # (n, latent) of the test pictures
    labels: np.ndarray  # (n,) classes of the test pictures
    reach: tuple[float, float]  # the lowest and the highest number of a code, as bars show them


def payload(network: Network, classes: tuple[str, ...], pictures: np.ndarray, names: list[str]) -> bytes:
    """All that the browser needs but the weights: test pictures (k, 784) uint8 to begin with, called `names`, and for a
    code of two numbers the map of all test pictures.
    """
    packer, size = Packer(), network.codes.shape[1]
    header = {
        "encoder": network.encoder,
        "decoder": network.decoder,
        "size": size,
        "reach": list(network.reach),
        "pictures": packer.add(pictures),
        "names": names,
        "map": _map(packer, network, classes) if size == 2 else None,
    }
    return packer.pack(header)


def _map(packer: Packer, network: Network, classes: tuple[str, ...]) -> dict[str, object]:
    points = network.codes.float()
    return {
        "box": list(box(points)),
        "points": packer.add(points.numpy()),
        "labels": packer.add(network.labels.astype(np.uint8)),
        "classes": list(classes),
        "colours": [class_colour(k) for k in range(len(classes))],
    }


def _component() -> ComponentRenderer:
    html, css = texts(__file__, "autoencoder.html", "autoencoder.css")
    return st.components.v2.component("autoencoder", html=html, css=css, js=script(__file__, "autoencoder.js"))


def autoencoder(data: bytes, key: str) -> None:
    """Show the network in `data`, which `payload` made, at work; the server hears nothing of what is done with it."""
    _component()(key=key, data=data)
