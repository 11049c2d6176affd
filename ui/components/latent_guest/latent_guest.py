"""A picture that is none of the dots, shown on the latent pads of the page: a ring at its place, the picture beside it.

It travels apart from the pad, a kilobyte for each change, so that the dot follows a drawing while it is drawn.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from ae_core.pictures.pixels import as_bytes
from ui.components.shared.modules import script


def latent_guest(key: str, x: Tensor | None, places: Sequence[Sequence[float]] = ()) -> None:
    """Show picture x (1, channels, height, width) at its place (u, v) on each panel of the pad; None takes it away."""
    data = None
    if x is not None:
        pixels = base64.b64encode(as_bytes(x[0]).numpy().tobytes()).decode()
        data = {"places": [list(place) for place in places], "shape": list(x.shape[1:]), "pixels": pixels}
    js = script(__file__, "latent_guest.js")
    component = st.components.v2.component("latent_guest", html="\n<i></i>\n", js=js)
    component(key=key, data=data, height=1)
