"""Own pictures as a data set: an upload is turned to one shape, kept for everybody on this server, and deleted
again.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from ae_core.datasets import Dataset, DatasetError
from ae_core.datasets.own import LEAST
from ae_core.knobs import declared
from ae_core.looks.own_set import turned
from ae_core.pictures.set_import import Turning, import_set, outlook
from ae_core.pictures.upload import ELSEWHERE, SETS, Upload
from ae_core.runs.run import RunError
from ae_core.runs.store import Store
from ui.controls.forms import knob_widgets
from ui.controls.sources import opened, with_crop
from ui.figures.frame import note
from ui.figures.pictures import Tile, tiles
from ui.markup import box
from ui.plain import plain
from ui.results.asking import ask, forget, when_ready

EXAMPLES = 3  # pictures that show the crop
_KEEPING = "own_keeping"  # session key: the upload that is being turned
_OUTLOOK = "_own_outlook"  # session key: an upload, and what a data set made of it will hold
_KEPT = "own_kept"  # session key: the name of the data set that was made of it, and what there is to say


def offer_import() -> None:
    """Take a zip or a table, show what becomes of its pictures, and keep them as a data set when asked to."""
    with st.expander("Your own pictures", icon=":material/upload:"):
        note(
            f"A zip of {LEAST} pictures or more, a folder for each class: PNG, JPEG, WebP, BMP, GIF; or a CSV of "
            "pixels, the label first. At most 20 MB; of more than 2,000 pictures 2,000 are taken. They are kept on "
            "this server, where everybody can train on them, until somebody deletes them."
        )
        upload = opened("own_zip", (*SETS, *ELSEWHERE))
        if upload is not None:
            turning = Turning(**knob_widgets(declared(Turning), {}))
            _examples(upload, turning)
            if st.button("Keep as a data set", type="primary", icon=":material/add:", key="own_keep", width="stretch"):
                st.session_state[_KEEPING] = (upload, turning)
            if _KEEPING in st.session_state:
                when_ready(_keep, *st.session_state[_KEEPING])


def _keep(upload: Upload, turning: Turning) -> None:
    images = ask(turned, upload, turning) if upload.whole_set else None
    del st.session_state[_KEEPING]
    try:
        made = import_set(upload, turning, images)
    except DatasetError as error:
        st.error(plain(error))
        return
    st.session_state[_KEPT] = (made.data.name, made.sentence)
    st.query_params["dataset"] = made.data.name  # as a link would choose it
    st.rerun()


def what_was_kept(data: Dataset) -> None:
    """What this visitor brought along for this data set, and what of it is left out."""
    name, sentence = st.session_state.get(_KEPT, ("", ""))
    if name == data.name:
        note(f"Kept: {sentence}")


def _examples(upload: Upload, turning: Turning) -> None:
    """Pictures from all over the upload, what is cut off dimmed, and each as a network will see it."""
    shown = []
    for k in np.linspace(0, len(upload.pictures) - 1, min(EXAMPLES, len(upload.pictures))).astype(int).tolist():
        before = with_crop(upload.pictures[k], turning.shape, turning.cut)
        after = np.moveaxis(turning.turn(upload.pictures[k]).numpy(), 0, -1)
        shown += [
            Tile(f"Picture {k + 1}", before, f"Picture {k + 1} of those you brought; what is cut off is dimmed"),
            Tile("For the network", after, f"Picture {k + 1}, as the network will see it"),
        ]
    st.html(box("ae-pairs", tiles(shown)))
    known = st.session_state.get(_OUTLOOK)  # every move of a knob comes here, and to look at all pictures takes a while
    if known is None or known[0] is not upload:
        known = st.session_state[_OUTLOOK] = (upload, outlook(upload))
    note(known[1])


def offer_removal(data: Dataset) -> None:
    """Delete own pictures, after a second question that says what it means."""
    if data.remove is None:
        return
    with st.popover("Delete these pictures", icon=":material/delete:", key="own_delete", type="tertiary"):
        runs = sum(_trained_on(data))
        means = f"{runs:,} run{'s were' if runs != 1 else ' was'} trained on them and will miss them." if runs else ""
        st.markdown(plain(f"{data.title} will be gone for good, for everybody. {means}"))
        if st.button("Delete for good", icon=":material/delete_forever:", key="own_delete_yes"):
            data.remove()
            forget()  # pictures are in there too
            st.query_params.pop("dataset", None)
            st.rerun()


def _trained_on(data: Dataset) -> list[bool]:
    found = []
    for run in Store.default().listing():
        try:
            found.append(run.recipe().dataset == data.name)
        except RunError:
            continue
    return found
