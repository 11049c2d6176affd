"""The picture of the start page: digits run through a real network, and the code can be pulled by hand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from torch import Tensor

from ae_core.models.base import DeterministicAutoencoder
from ui.components.packing import Packer
from ui.components.weights import dense_network, packed_layers

_HERE = Path(__file__).parent
_HTML = """
<div class="squeeze">
  <div class="stage">
    <figure class="side"><canvas class="input" role="img"></canvas><figcaption></figcaption></figure>
    <svg class="funnel" viewBox="0 0 60 100" preserveAspectRatio="none" aria-hidden="true"><polygon points="0,4 60,32 60,68 0,96"/></svg>
    <figure class="middle"><div class="code" role="group" aria-label="The code: pull a bar to change it"></div><figcaption></figcaption></figure>
    <svg class="funnel" viewBox="0 0 60 100" preserveAspectRatio="none" aria-hidden="true"><polygon points="0,32 60,4 60,96 0,68"/></svg>
    <figure class="side"><canvas class="output" role="img"></canvas><figcaption></figcaption></figure>
  </div>
  <div class="choices"><button class="play" type="button"></button><div class="inputs" role="group" aria-label="Choose a digit"></div></div>
</div>
"""


def _component() -> ComponentRenderer:
    css, *scripts = ((_HERE / name).read_text(encoding="utf-8") for name in ("squeeze.css", "network.js", "squeeze.js"))
    return st.components.v2.component("squeeze", html=_HTML, css="\n" + css, js="\n" + "\n".join(scripts))


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
