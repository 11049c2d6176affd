"""Codes of runs and of PCA, planes through them, and what the latent pad shows of them; read once, shared by all."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.computations import Computation, numbers, of_run
from ae_core.datasets import DatasetError
from ae_core.generation import kl_by_dimension
from ae_core.layers import layer_names
from ae_core.layers import representation as answers
from ae_core.models import Autoencoder
from ae_core.models.base import GenerativeAutoencoder
from ae_core.neighbour_map import METHODS
from ae_core.planes import Plane, all_numbers, of_dimensions, principal, through
from ae_core.runs import Run
from ae_core.tiles import Corners, Tiles
from ui import cached, decoders
from ui.components.latent_pad import Panel, panel, payload
from ui.components.packing import Packer
from ui.components.weights import Dense
from ui.computing import computed
from ui.remembered import remembered

Packed = tuple[dict[str, Any], Packer]
ASKED = 1000  # pictures shown to a hidden layer
NEAR = {"tsne": "t-SNE", "umap": "Like UMAP"}


class Codes(NamedTuple):
    """Codes of the test pictures (n, latent) and their classes (n,) uint8; nobody may change them."""

    codes: Tensor
    labels: np.ndarray


class View(NamedTuple):
    """Which map is shown: `pca` of the codes, two `dims` (a, b), a plane through `three` test pictures (a, b, c).

    Or a map of neighbours, `tsne` or `umap`. Where `layer` names a hidden layer its answers are mapped instead of the codes:
    by their two strongest principal components (`layer`), or by their neighbours. Of all these nothing can be decoded.
    """

    kind: str
    a: int = 0
    b: int = 1
    c: int = 2
    layer: str = ""


def codes(run: Run) -> Codes:
    """Codes of the test pictures of a run. DatasetError where neither the pictures nor shipped codes are here."""
    return _codes(run, cached.version(run))


@remembered(64)
def _codes(_run: Run, version: str) -> Codes:
    model, entry = cached.model(_run)
    shipped = _run.codes()
    if shipped and shipped[0].shape[1:] == (model.latent,) and len(shipped[0]) == len(shipped[1]):
        return _frozen(*shipped)
    _run.recipe().data.load()  # says here and now that the pictures are absent, where they are
    found = computed(of_run("codes", _run, entry.sha256))
    return _frozen(found["codes"], found["labels"])


def _frozen(found: Tensor, labels: Tensor) -> Codes:
    classes = labels.numpy().astype(np.uint8)
    classes.flags.writeable = False
    return Codes(found, classes)


def layers(run: Run) -> dict[str, str]:
    """The layers that can be mapped: a short name for the address -> the name on screen with its size; `code` is one."""
    return {name.split(" (")[0].replace(" ", "-"): name for name in _layers(run, cached.version(run))}


@remembered(64)
def _layers(_run: Run, version: str) -> list[str]:
    return layer_names(network(_run))


def shown(run: Run, view: View) -> Codes:
    """What is mapped: the codes, or the answers of a hidden layer for the first 1000 test pictures."""
    return _answers(run, cached.version(run), view.layer) if view.layer else codes(run)


@remembered(16, "Asking the layer …")
def _answers(_run: Run, version: str, layer: str) -> Codes:
    test = _run.recipe().data.load().test
    return _frozen(answers(network(_run), test.images[:ASKED], layer), test.labels[:ASKED])


def order(run: Run) -> list[int]:
    """Numbers of the code, the most telling first: by their KL for a generative model, else by their variance."""
    return list(np.argsort(-weight(run), kind="stable"))


def weight(run: Run) -> np.ndarray:
    """KL in nats of each number of the code (latent,), mean over test pictures; without a posterior, its variance."""
    return _weight(run, cached.version(run))


@remembered(64)
def _weight(_run: Run, version: str) -> np.ndarray:
    model = cached.model(_run)[0]
    if isinstance(model, GenerativeAutoencoder):
        try:
            return kl_by_dimension(model, _run.recipe().data.load().test.images[:2000]).numpy()
        except DatasetError:
            pass
    return codes(_run).codes.var(dim=0).numpy()


def plane(run: Run, view: View) -> Plane:
    """The plane of a view. ValueError where three pictures do not span one."""
    z = codes(run).codes
    if view.kind == "three":
        return through(z[[view.a, view.b, view.c]])
    if view.kind == "pca" and z.shape[1] > 2:
        return principal(z)
    return of_dimensions(z, view.a, min(view.b, z.shape[1] - 1), order(run))


def own_panel(run: Run, view: View, title: str | None = None) -> Panel:
    """The map of a run's codes."""
    model, found = network(run), shown(run, view)
    if view.kind == "layer":
        return _layer_panel(model, view.layer, found.codes)
    if view.kind in METHODS:
        flat = Plane(torch.zeros(2), torch.eye(2), (f"{NEAR[view.kind]} 1", f"{NEAR[view.kind]} 2"))
        name = f"{NEAR[view.kind]} of {view.layer or f'the code of {model.latent}'}"
        return Panel(title or name, model.shape, flat, neighbour_points(run, view), None)
    flat = plane(run, view)
    return panel(
        title or f"{model.title}, code of {model.latent}", model, flat, found.codes, run.id, decoders.address(run),
        functools.partial(tiled, run), prior=isinstance(model, GenerativeAutoencoder) and view.kind == "dims",
        ringed=(view.a, view.b, view.c) if view.kind == "three" else (),
    )  # fmt: skip


def tiled(run: Run, flat: Plane, corners: Corners) -> Tiles:
    """Decoded pictures of a part of a plane, where further directions stand at their start."""
    place = {"middle": flat.codes(torch.zeros(1, 2)), "axes": flat.axes, "corners": torch.tensor(corners).double()}
    plain = {name: numbers(values) for name, values in place.items()}
    found = computed(of_run("tiles", run, cached.model(run)[1].sha256, **plain))
    return Tiles(found["pixels"], found["error"].item())


def _layer_panel(model: Autoencoder, layer: str, rows: Tensor) -> Panel:
    """The two strongest principal components of rows (n, width); nothing can be decoded from them."""
    flat = Plane(torch.zeros(2), torch.eye(2), ("component 1 of the layer", "component 2 of the layer"))
    points = (rows - rows.mean(dim=0)) @ directions(rows)
    return Panel(layer[0].upper() + layer[1:], model.shape, flat, points, None)


def directions(rows: Tensor) -> Tensor:
    """The two strongest principal components (width, 2) of rows (n, width), zero where there is no second one."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        _, _, found = torch.pca_lowrank(rows - rows.mean(dim=0), q=min(6, *rows.shape), center=False)
    return torch.nn.functional.pad(found[:, :2], (0, max(0, 2 - found.shape[1])))


def neighbour_computation(run: Run, view: View) -> Computation:
    """The computation behind a map of neighbours."""
    of_layer: dict[str, Any] = {"layer": view.layer, "pictures": ASKED} if view.layer else {}
    return of_run("neighbour_map", run, cached.model(run)[1].sha256, exaggeration=METHODS[view.kind], **of_layer)


def neighbour_points(run: Run, view: View) -> Tensor:
    """Where what is mapped lies on a map of neighbours, (n, 2)."""
    return computed(neighbour_computation(run, view))["points"]


def pca_panel(dataset_name: str, images: Tensor, latent: int) -> Panel:
    """The same pictures by PCA with a code of the same size, on the plane of its first two components."""
    pca = cached.pca(dataset_name)
    z = pca.codes(images, latent)
    size = z.shape[1]
    axes = torch.zeros(2, size)
    axes[0, 0] = 1.0
    if size > 1:
        axes[1, 1] = 1.0
    flat = Plane(torch.zeros(size), axes, ("component 1", "component 2" if size > 1 else ""))
    rebuild = [Dense(pca.components[:size].T.contiguous(), pca.mean, "linear")]
    shape = (int(images.shape[1]), int(images.shape[2]), int(images.shape[3]))
    return Panel(f"PCA, {size} components", shape, flat, flat.coordinates(z), rebuild)


@remembered(24)
def beside_pca(_run: Run, version: str, view: View, ready: bool) -> Packed:
    """The pad of a run beside PCA of the same test pictures; alone while the components are not `ready`, and where the
    pictures are not on this computer."""
    made, found = _run.recipe(), shown(_run, view)
    panels = [own_panel(_run, view)]
    with contextlib.suppress(DatasetError):
        if ready:
            images = made.data.load().test.images[: len(found.labels)]
            panels.append(pca_panel(made.dataset, images, network(_run).latent))
    three = {"three": [view.a, view.b, view.c]} if view.kind == "three" else {}
    return payload(panels, found.labels, made.data.classes, made.dataset, tools=True, **three)


@remembered(24)
def touring(_runs: list[Run], versions: tuple[str, ...], view: View, choice: tuple[str, str]) -> Packed:
    """The pad of one run, or of two on the same data set under one pointer, and the words of the choice between one map
    and both; the pointer moves by itself until it is touched."""
    made, found = _runs[0].recipe(), codes(_runs[0])
    titles = [None] if len(_runs) == 1 else [cached.model(run)[0].title for run in _runs]
    panels = [own_panel(run, view, title) for run, title in zip(_runs, titles, strict=True)]
    more = {"choice": choice} if len(_runs) > 1 else {}
    return payload(panels, found.labels, made.data.classes, made.dataset, tour=True, **more)


def sliders(run: Run) -> Packed:
    """The pad without its map: one picture, and a slider for each of the most telling numbers of the code."""
    return _sliders(run, cached.version(run))


@remembered(24)
def _sliders(_run: Run, version: str) -> Packed:
    model, found, made = cached.model(_run)[0], codes(_run), _run.recipe()
    everything = all_numbers(found.codes, order(_run))
    return payload(
        [panel("", model, everything, found.codes, _run.id, decoders.address(_run), functools.partial(tiled, _run))],
        found.labels,
        made.data.classes,
        None,
        map=False,
    )


def network(run: Run) -> Autoencoder:
    """The model of a run."""
    return cached.model(run)[0]
