"""The latent pad as one HTML file: decoder and codes are inside, so it decodes wherever it is opened, without a network."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ui.components.latent_pad import sources
from ui.components.packing import Packer

ENTRY = "export default function (api)"  # how the script of a component begins its last part
MOST_BYTES = 1_500_000  # of test pictures that come along: all of Digits, none of MNIST
NO_PICTURES = ".neighbour canvas { display: none; }\n"
_PAGE = Path(__file__).parent / "latent_page.html"


def latent_page(
    packed: tuple[dict[str, Any], Packer], title: str, words: str, decoder: Callable[[str], bytes],
    pictures: np.ndarray | None = None,
) -> bytes:  # fmt: skip
    """A page that needs no server: what `payload` made, the component's own script, and a line of words about it.

    `decoder` gives what the server has at the address of a decoder. `pictures` are the test pictures of the dots, uint8 (n, channels, height, width); they come along where they are
    small. What only the server could answer is left out: for a decoder shown by tiles the sliders of further numbers.
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
    page, css, script = sources()
    assert script.count(ENTRY) == 1 and "</script" not in script
    return (
        Template(_PAGE.read_text(encoding="utf-8"))
        .substitute(
            title=html.escape(title), words=html.escape(words), html=page,
            css=css if "pictures" in alone else css + NO_PICTURES,
            script=script.replace(ENTRY, "function mountPad(api)"), data=_text(packer.pack(alone)),
            shelf=json.dumps({address: _text(data) for address, data in kept.items()}),
        )
        .encode()
    )  # fmt: skip


def _alone(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "run": None, "further": [] if "tiles" in part["decoder"] else part["further"]}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
