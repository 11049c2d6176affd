"""One picture on its way through every layer of a network."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from markupsafe import Markup
from torch import Tensor

from ae_core.measures.metrics import reconstructions
from ae_core.runs.opened import Opened
from ae_core.space.layers import answers
from ui.controls import live
from ui.controls.pick import number
from ui.controls.sources import NUMBERED, Source, of_test
from ui.figures.frame import notice, small
from ui.figures.pictures import Figure, data_uri, figures, grey, png, signed
from ui.figures.provenance import source_words

ARRIVE_S = 0.45
_PLAYED = "_path_played"  # session key: how often the way through the layers was asked for again


class Passed(NamedTuple):
    """A picture on its way: where it is from, and what each layer answers, by name, input and output included."""

    source: Source
    layers: list[tuple[str, Tensor]]  # of one picture: (1, width) or (1, channels, height, width)


def path(run: Opened) -> None:
    """One picture on its way through every layer, from input to output."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number("Test picture", 1, NUMBERED, "picture")
        if st.button("Play again", icon=":material/replay:"):
            st.session_state[_PLAYED] = st.session_state.get(_PLAYED, 0) + 1
    again = bool(st.session_state.get(_PLAYED, 0) % 2)

    def passed(picture: int) -> Passed:
        source = of_test(run.data, picture)
        x = source.x
        return Passed(source, [("input", x), *answers(run.model, x), ("output", reconstructions(run.model, x))])

    def written(found: Passed) -> str:
        grey_words = (
            "Grey: from 0 to the largest value. Where a layer also has negative numbers: blue below 0, red above."
        )
        return _stages(found, again) + small(grey_words, source_words(run.run, run.checkpoint, found.source.words))

    live.show("path", passed, written, picture=int)
    notice(
        "Each box is one layer, each little square one number in it. With every layer the numbers look less like the "
        "picture; what they mean only the next layer knows. The code is all that the second half gets to see: whatever "
        "is not in it has to come from what the decoder has learned about such pictures."
    )


def _stages(shown: Passed, again: bool) -> Markup:
    """HTML of the layers, which arrive one after the other; `again` where they shall arrive once more."""
    stages = [_stage(layer, values[0], i) for i, (layer, values) in enumerate(shown.layers)]
    return figures("ae-path ae-again" if again else "ae-path", stages)


def _stage(name: str, values: Tensor, i: int) -> Figure:
    alt = f"{name}: values from {float(values.min()):.2f} to {float(values.max()):.2f}"
    return Figure(data_uri(png(_drawn(values))), alt, words=name, delay=f"{i * ARRIVE_S:.2f}s")


def _drawn(values: Tensor) -> np.ndarray:
    """The numbers of a layer as a picture uint8 (height, width, 1 or 3): units in a near-square grid, maps as tiles."""
    if values.dim() == 3 and len(values) in (1, 3):
        grid = values
    elif values.dim() == 3:
        grid = _tiled(values)[None]
    else:
        width = math.ceil(math.sqrt(len(values)))
        height = math.ceil(len(values) / width)
        grid = torch.nn.functional.pad(values, (0, height * width - len(values))).reshape(1, height, width)
    top = max(float(grid.abs().max()), 1e-9)
    if float(grid.min()) < -1e-6:
        return signed((grid / top)[None].numpy(), 1.0)[0]
    return grey((grid / top)[None].numpy())[0]


def _tiled(maps: Tensor) -> Tensor:
    """Maps (n, height, width) side by side in a near-square sheet, one pixel apart."""
    n, height, width = maps.shape
    across = math.ceil(math.sqrt(n))
    down = math.ceil(n / across)
    sheet_of = torch.zeros(down * (height + 1) - 1, across * (width + 1) - 1)
    for k in range(n):
        y, x = k // across * (height + 1), k % across * (width + 1)
        sheet_of[y : y + height, x : x + width] = maps[k]
    return sheet_of
