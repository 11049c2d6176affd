"""The picture of the start page: digits run through a real network, and the code can be pulled by hand."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from torch import Tensor

from ae_core.models.base import DeterministicAutoencoder
from ui.components.weights import dense_layers

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
    read = {kind: "\n" + (_HERE / f"squeeze.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")}
    return st.components.v2.component("squeeze", html=_HTML, css=read["css"], js=read["js"])


def payload(model: DeterministicAutoencoder, images: Tensor, names: list[str]) -> bytes:
    """All that the browser needs, as UTF-8 JSON: the layers, and images (n, 1, height, width) called `names`."""
    parts = {
        "shape": list(model.shape[1:]),
        "encoder": dense_layers(model.encoder),
        "decoder": dense_layers(model.decoder, last="sigmoid"),
        "images": images.flatten(1).tolist(),
        "names": names,
    }
    return json.dumps(parts).encode()


def squeeze(data: bytes, key: str) -> None:
    """Show the dense autoencoder in `data`, which `payload` made, at work; all of it runs in the browser."""
    _component()(key=key, data=data)
