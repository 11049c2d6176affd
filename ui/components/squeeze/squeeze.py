"""The picture of the start page: digits run through a real network, and the code can be pulled by hand."""

from __future__ import annotations

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from torch import Tensor

from ae_core.export.dense import dense_network
from ae_core.models.base import DeterministicAutoencoder
from ui.components.shared.files import texts
from ui.components.shared.modules import script
from ui.components.shared.packing import Packer, packed_layers


def _component() -> ComponentRenderer:
    html, css = texts(__file__, "squeeze.html", "squeeze.css")
    return st.components.v2.component("squeeze", html=html, css=css, js=script(__file__, "squeeze.js"))


def payload(model: DeterministicAutoencoder, images: Tensor, names: list[str]) -> bytes:
    """All that the browser needs, packed: the layers, and images (n, 1, height, width) called `names`."""
    packer = Packer()
    header = {
        "shape": list(model.shape),
        "encoder": packed_layers(packer, dense_network(model.encoder)),
        "decoder": packed_layers(packer, dense_network(model.decoder, last="sigmoid")),
        "images": [packer.add(image) for image in images.flatten(1).numpy()],
        "names": names,
    }
    return packer.pack(header)


def squeeze(data: bytes, key: str) -> None:
    """Show the dense autoencoder in `data`, which `payload` made, at work; all of it runs in the browser."""
    _component()(key=key, data=data)
