"""Own pictures as a data set: a zip is turned to one shape, kept for everybody on this server, and deleted again."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ae_core.datasets import Dataset, DatasetError
from ae_core.datasets.own import LEAST
from ae_core.knobs import declared
from ae_core.own_pictures import Upload
from ae_core.picture_sets import Import, Turning
from ae_core.runs import RunError
from ui import cached
from ui.computing import in_slices
from ui.forms import knob_widgets
from ui.frame import note
from ui.pictures import Tile, tiles
from ui.remembered import forget
from ui.sources import opened, with_crop

EXAMPLES = 3  # pictures that show the crop
_KEEPING = "own_keeping"  # session key: the zip that is being turned


def offer_import() -> None:
    """Take a zip, show what becomes of its pictures, and keep them as a data set when asked to."""
    with st.expander("Your own pictures", icon=":material/upload:"):
        note(
            f"A zip of {LEAST} to 2,000 pictures: PNG, JPEG, WebP, BMP, GIF; at most 20 MB. They are kept on this server, where "
            "everybody can train on them, until somebody deletes them."
        )
        upload = opened("own_zip", ("zip",))
        if upload is None:
            return
        turning = Turning(**knob_widgets(declared(Turning), {}))
        _examples(upload, turning)
        if st.button("Keep as a data set", type="primary", icon=":material/add:", key="own_keep", width="stretch"):
            st.session_state[_KEEPING] = Import(upload, turning)
        if _KEEPING in st.session_state and in_slices(st.session_state[_KEEPING], "Turning the pictures"):
            _keep(st.session_state.pop(_KEEPING))


def _keep(turned: Import) -> None:
    try:
        made = turned.keep()
    except DatasetError as error:
        st.error(str(error))
        return
    st.query_params["dataset"] = made.name  # as a link would choose it
    st.rerun()


def _examples(upload: Upload, turning: Turning) -> None:
    """Pictures from all over the zip, what is cut off dimmed, and each as a network will see it."""
    shown = []
    for k in np.linspace(0, len(upload.pictures) - 1, min(EXAMPLES, len(upload.pictures))).astype(int).tolist():
        before = with_crop(upload.pictures[k], turning.shape, turning.cut)
        after = np.moveaxis(turning.turn(upload.pictures[k]).numpy(), 0, -1)
        shown += [
            Tile(f"Picture {k + 1}", before, f"Picture {k + 1} of the zip; what is cut off is dimmed"),
            Tile("For the network", after, f"Picture {k + 1}, as the network will see it"),
        ]
    st.html(f'<div class="ae-pairs">{tiles(shown)}</div>')
    left_out = f"; {upload.skipped:,} other files are left out" if upload.skipped else ""
    note(f"{len(upload.pictures):,} pictures in {len(set(upload.folders)):,} folders{left_out}.")


def offer_removal(data: Dataset) -> None:
    """Delete own pictures, after a second question that says what it means."""
    if data.remove is None:
        return
    with st.popover("Delete these pictures", icon=":material/delete:", key="own_delete", type="tertiary"):
        runs = sum(_trained_on(data))
        means = f"{runs:,} run{'s were' if runs != 1 else ' was'} trained on them and will miss them." if runs else ""
        st.markdown(f"{data.title} will be gone for good, for everybody. {means}")
        if st.button("Delete for good", icon=":material/delete_forever:", key="own_delete_yes"):
            data.remove()
            forget()  # pictures are in there too
            st.query_params.pop("dataset", None)
            st.rerun()


def _trained_on(data: Dataset) -> list[bool]:
    found = []
    for run in cached.store().listing():
        try:
            found.append(run.recipe().dataset == data.name)
        except RunError:
            continue
    return found
