"""The latent pad as one HTML file: decoder and codes are inside, so it decodes wherever it is opened, without a
network.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from string import Template
from typing import Any

import numpy as np

from ui.components.latent_pad.latent_pad import HTML, style
from ui.components.shared.files import texts
from ui.components.shared.modules import script
from ui.components.shared.packing import Packer

MOST_BYTES = 1_500_000  # of test pictures that come along: all of Digits, none of MNIST
NO_PICTURES = ".neighbour canvas { display: none; }\n"


def latent_page(
    packed: tuple[dict[str, Any], Packer],
    title: str,
    words: str,
    decoder: Callable[[str], bytes],
    pictures: np.ndarray | None = None,
) -> bytes:
    """A page that needs no server: what `payload` made, the component's own script, and a line of words about it.

    `decoder` gives what the server has at the address of a decoder. `pictures` are the test pictures of the dots, uint8
    (n, channels, height, width); they come along where they are small. What only the server could answer is left out:
    for a decoder shown by tiles the sliders of further numbers.
    """
    header, packer = packed[0], packed[1].copy()
    alone = {
        **header,
        "dataset": None,
        "tools": False,
        "three": None,
        "panels": [_alone(part) for part in header["panels"]],
    }
    if pictures is not None and pictures.nbytes <= MOST_BYTES:
        alone["pictures"] = packer.add(pictures)
    kept = {
        part["decoder"]["at"]: decoder(part["decoder"]["at"]) for part in alone["panels"] if "at" in part["decoder"]
    }
    css, js = style(), script(__file__, "latent_page.js")
    assert "</script" not in js
    data = {"pad": _text(packer.pack(alone)), "shelf": {address: _text(found) for address, found in kept.items()}}
    return (
        Template(*texts(__file__, "latent_page.html"))
        .substitute(
            title=html.escape(title),
            words=html.escape(words),
            html=HTML,
            css=css if "pictures" in alone else css + NO_PICTURES,
            script=js,
            data=json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
        )
        .encode()
    )


def _alone(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "run": None, "further": [] if "tiles" in part["decoder"] else part["further"]}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
