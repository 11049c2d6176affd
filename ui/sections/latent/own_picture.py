"""The visitor's own picture on the map: where its code lies, what becomes of it, and which test pictures are near."""

from __future__ import annotations

import streamlit as st

from ae_core.looks.maps import View, places
from ae_core.runs.opened import Opened
from ae_core.space.neighbour_map import METHODS, NEIGHBOURS
from ui.components.latent_guest.latent_guest import latent_guest
from ui.controls.pick import pick
from ui.controls.sketching import sketched
from ui.controls.sources import uploaded
from ui.figures.frame import note
from ui.results.asking import ask
from ui.sections.latent import chosen

WAYS = {"drawing": "Draw", "upload": "Upload"}


def own_picture(run: Opened, view: View) -> None:
    """A sheet to draw on, or a file; its dot on the maps, its pictures, and its neighbours."""
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        how = pick(
            "Your picture", WAYS, "own", widget=st.segmented_control, required=True, label_visibility="collapsed"
        )
        if how == "drawing":
            picture = sketched(run.data, "sketch")
        else:
            file = uploaded(run.data)
            picture = file.x if file else None
    with right:
        if picture is None:
            latent_guest("guest", None)
            st.info(
                "Draw something, or press Example: a ring on the maps above shows where the network puts it.",
                icon=":material/draw:",
            )
            return
        found = ask(places, run, view, picture).tolist()
        latent_guest("guest", picture, found)
        chosen.rebuilt(run, "Your picture", picture)
        chosen.neighbours(run, view, picture)
        (u, v), (a, b) = found
        text = f"On the map at {u:.2f}, {v:.2f}; on that of PCA at {a:.2f}, {b:.2f}.".replace("-", "−")
        if view.kind in METHODS:
            text += (
                " A map of neighbours has no place for a new picture and is not computed anew for it: the ring stands "
                f"at the mean place of the {NEIGHBOURS} nearest {'answers of the layer' if view.layer else 'codes'}, "
                "each weighted by one over its distance."
            )
        note(text)
