"""The same test pictures through a run and through the one before it: the inputs once, the outputs of both."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.datasets.choosing import SHOWN
from ae_core.looks.errors import fixed
from ui.figures.frame import note
from ui.figures.pictures import Row, grey, halves, signed
from ui.plain import plain
from ui.results.absent_pictures import what_is_left
from ui.sections.train.pair import BEFORE, One, Pair

SCALE = 0.5  # an error has its full colour from here on
LEGEND = "blue: too dark, red: too bright"


def pictures(pair: Pair) -> None:
    """Inputs, outputs and signed errors; where the pictures are not here, what the training has kept."""
    try:
        inputs = fixed(pair.now.recipe.data).numpy()
    except DatasetError as error:
        st.info(plain(error), icon=":material/info:")
        what_is_left(pair.now.run)
        return
    rebuilt = [(one, *_outputs(one, inputs)) for one in pair.alike]
    rows = [Row("Input", grey(inputs), f"{SHOWN} test pictures, one of each class", pair.now.recipe.data.title)]
    rows += [_output(one, step, outputs, inputs) for one, step, outputs in rebuilt]
    rows += [_error(one, outputs, inputs) for one, _, outputs in rebuilt]
    st.html(halves(rows))
    note(f"Errors: {LEGEND}.")


def _outputs(one: One, inputs: np.ndarray) -> tuple[int, np.ndarray | None]:
    """The step of the newest outputs, and those (8, channels, height, width) uint8; None before there are any."""
    live = one.run.live()
    return (live[0], live[1].numpy()) if live and len(live[1]) == len(inputs) else (0, None)


def _output(one: One, step: int, outputs: np.ndarray | None, inputs: np.ndarray) -> Row:
    label = f"Output{_of(one)}"
    if outputs is None:
        return _place(label, inputs)
    alt = f"The same pictures, rebuilt after step {step}" + (f" by {one.name}" if one.role == BEFORE else "")
    return Row(label, grey(outputs), alt, one.name if one.role == BEFORE else f"after step {step:,}")


def _error(one: One, outputs: np.ndarray | None, inputs: np.ndarray) -> Row:
    label = f"Error{_of(one)}"
    if outputs is None:
        return _place(label, inputs)
    coloured = signed(outputs / 255.0 - inputs, SCALE)
    return Row(label, coloured, f"Signed error{_of(one)}, {LEGEND}")


def _of(one: One) -> str:
    return " before" if one.role == BEFORE else ""


def _place(label: str, inputs: np.ndarray) -> Row:
    """The place of pictures that are yet to come."""
    return Row(label, grey(inputs), "", "yet to come", empty=True)
