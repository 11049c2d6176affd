"""What the latent pad shows of an opened run: its map alone, beside that of PCA or of another run, or sliders."""

from __future__ import annotations

import contextlib

import torch

from ae_core.datasets import Dataset, DatasetError
from ae_core.export.dense import Dense
from ae_core.looks.baseline import components, pca_plane
from ae_core.looks.codes import codes, layers
from ae_core.looks.look import look
from ae_core.looks.maps import View, every_number, layer_points, mapped, neighbour_points, plane, tiles
from ae_core.models.base import GenerativeAutoencoder
from ae_core.runs.opened import Opened
from ae_core.space.neighbour_map import METHODS
from ae_core.space.planes import Plane
from ui.components.latent_pad.latent_pad import Panel, panel, payload
from ui.components.shared.packing import Packed
from ui.results import networks
from ui.results.asking import ask

NEAR = {"tsne": "t-SNE", "umap": "Like UMAP"}


def layer_titles(run: Opened) -> dict[str, str]:
    """The layers that can be mapped: a short name for the address -> the name on screen with its size; `code`
    is one.
    """
    return {name.split(" (")[0].replace(" ", "-"): name for name in ask(layers, run)}


def own_panel(run: Opened, view: View, title: str | None = None) -> Panel:
    """The map of a run's codes."""
    model, flat = run.model, Plane(torch.zeros(2), torch.eye(2), ("", ""))
    if view.kind == "layer":
        named = Plane(flat.origin, flat.axes, ("component 1 of the layer", "component 2 of the layer"))
        return Panel(view.layer[0].upper() + view.layer[1:], model.shape, named, layer_points(run, view.layer), None)
    if view.kind in METHODS:
        named = Plane(flat.origin, flat.axes, (f"{NEAR[view.kind]} 1", f"{NEAR[view.kind]} 2"))
        name = f"{NEAR[view.kind]} of {view.layer or f'the code of {model.latent}'}"
        points = neighbour_points(run, view.layer, METHODS[view.kind])
        return Panel(title or name, model.shape, named, points, None)
    return panel(
        title or f"{model.title}, code of {model.latent}",
        model,
        plane(run, view),
        mapped(run, view).codes,
        run.id,
        networks.address(run),
        lambda part, corners: tiles(run, part, corners),
        prior=isinstance(model, GenerativeAutoencoder) and view.kind == "dims",
        ringed=(view.a, view.b, view.c) if view.kind == "three" else (),
    )


def pca_panel(data: Dataset, first: int, latent: int) -> Panel:
    """The first test pictures by PCA with a code of the same size, on the plane of its first two components."""
    z = pca_plane(data, first, latent)
    size = z.shape[1]
    flat = Plane(torch.zeros(size), torch.eye(2, size), ("component 1", "component 2" if size > 1 else ""))
    rebuild = [Dense(*components(data, size), "linear")]
    return Panel(f"PCA, {size} components", data.shape, flat, flat.coordinates(z), rebuild)


@look()
def beside_pca(run: Opened, view: View, ready: bool) -> Packed:
    """The pad of a run beside PCA of the same test pictures; alone while the components are not `ready`, and where the
    pictures are not on this computer."""
    found = mapped(run, view)
    panels = [own_panel(run, view)]
    with contextlib.suppress(DatasetError):
        if ready:
            panels.append(pca_panel(run.data, len(found.labels), run.model.latent))
    three = {"three": [view.a, view.b, view.c]} if view.kind == "three" else {}
    return payload(panels, found.labels, run.data.classes, run.recipe.dataset, tools=True, **three)


@look()
def sliders(run: Opened) -> Packed:
    """The pad without its map: one picture, and a slider for each of the most telling numbers of the code."""
    found = codes(run)
    alone = panel(
        "",
        run.model,
        every_number(run),
        found.codes,
        run.id,
        networks.address(run),
        lambda part, corners: tiles(run, part, corners),
    )
    return payload([alone], found.labels, run.data.classes, None, map=False)
