"""The visitor's own picture on the map: where its code lies, what becomes of it, and which test pictures are near."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from ae_core.layers import representation as answers
from ae_core.metrics import codes as encode
from ae_core.neighbour_map import METHODS, NEIGHBOURS, place
from ae_core.recipe import Recipe
from ae_core.runs import Run
from ui import cached, closer, latent
from ui.components.latent_guest import latent_guest
from ui.frame import note
from ui.latent import View
from ui.pick import pick
from ui.sketching import sketched
from ui.sources import uploaded

WAYS = {"drawing": "Draw", "upload": "Upload"}


def own_picture(run: Run, made: Recipe, view: View) -> None:
    """A sheet to draw on, or a file; its dot on the maps, its pictures, and its neighbours."""
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        how = pick(
            "Your picture", WAYS, "own", widget=st.segmented_control, required=True, label_visibility="collapsed"
        )
        if how == "drawing":
            picture = sketched(made.data, "sketch")
        else:
            file = uploaded(made.data)
            picture = file.x if file else None
    with right:
        if picture is None:
            latent_guest("guest", None)
            st.info(
                "Draw something, or press Example: a ring on the maps above shows where the network puts it.",
                icon=":material/draw:",
            )
            return
        found = places(run, view, picture)
        latent_guest("guest", picture, found)
        closer.rebuilt(run, made, "Your picture", picture)
        closer.neighbours(run, made, view, picture, own_code(run, view, picture))
        (u, v), (a, b) = found
        text = f"On the map at {u:.2f}, {v:.2f}; on that of PCA at {a:.2f}, {b:.2f}.".replace("-", "−")
        if view.kind in METHODS:
            text += (
                f" A map of neighbours has no place for a new picture and is not computed anew for it: the ring stands at the "
                f"mean place of the {NEIGHBOURS} nearest {'answers of the layer' if view.layer else 'codes'}, each weighted by one over its distance."
            )
        note(text)


def places(run: Run, view: View, x: Tensor) -> list[tuple[float, float]]:
    """Where a picture (1, channels, height, width) that is no dot lies on the maps of `beside_pca`; none of them moves.

    Planes: where its code is. A map of neighbours has no place for it, so it stands amid its nearest codes.
    """
    model, z = latent.network(run), own_code(run, view, x)
    known = latent.shown(run, view).codes
    if view.kind == "layer":
        ours = (z - known.mean(dim=0)) @ latent.directions(known)
    elif view.kind in METHODS:
        ours = place(z, known, latent.neighbour_points(run, view))
    else:
        ours = on_plane(run, view, x)
    theirs = torch.zeros(1, 2)
    flat = cached.pca(run.recipe().dataset).codes(x, min(2, model.latent))
    theirs[:, : flat.shape[1]] = flat
    return [(float(u), float(v)) for u, v in torch.cat([ours, theirs]).tolist()]


def on_plane(run: Run, view: View, x: Tensor) -> Tensor:
    """Where pictures (n, channels, height, width) lie on a plane through the codes of a run, (n, 2)."""
    return latent.plane(run, view).coordinates(encode(latent.network(run), x))


def own_code(run: Run, view: View, x: Tensor) -> Tensor:
    """The code (n, latent) of pictures (n, channels, height, width), or what the layer of the view answers."""
    return answers(latent.network(run), x, view.layer) if view.layer else encode(latent.network(run), x)
