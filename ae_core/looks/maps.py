"""Flat maps of the codes of an opened run: planes through them, maps of neighbours, and places on both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.chance import seeded
from ae_core.looks.baseline import pca
from ae_core.looks.codes import ASKED, Codes, answers, codes, order
from ae_core.looks.look import look, report
from ae_core.measures import representation
from ae_core.measures.metrics import codes as encode
from ae_core.runs.opened import Opened
from ae_core.space import tiles as sheets
from ae_core.space.layers import representation as asked
from ae_core.space.neighbour_map import METHODS, neighbour_map, place
from ae_core.space.planes import Plane, all_numbers, of_dimensions, principal, through
from ae_core.space.tiles import Corners, Tiles

WIDE = 512  # numbers; of wider answers a third of the pictures is compared
COMPARED = 700  # pictures where all pairs are compared: what takes a tenth of a second


class View(NamedTuple):
    """Which map is shown: `pca` of the codes, two `dims` (a, b), a plane through `three` test pictures (a, b, c).

    Or a map of neighbours, `tsne` or `umap`. Where `layer` names a hidden layer its answers are mapped instead of the
    codes: by their two strongest principal components (`layer`), or by their neighbours. Of all these nothing can be
    decoded.
    """

    kind: str
    a: int = 0
    b: int = 1
    c: int = 2
    layer: str = ""


@look()
def mapped(run: Opened, view: View) -> Codes:
    """What is mapped: the codes, or the answers of a hidden layer for the first 1000 test pictures."""
    return answers(run, view.layer) if view.layer else codes(run)


@look()
def plane(run: Opened, view: View) -> Plane:
    """The plane of a view through the codes. ValueError where three pictures do not span one."""
    z = codes(run).codes
    if view.kind == "three":
        return through(z[[view.a, view.b, view.c]])
    if view.kind == "pca" and z.shape[1] > 2:
        return principal(z)
    return of_dimensions(z, view.a, min(view.b, z.shape[1] - 1), order(run))


@look()
def every_number(run: Opened) -> Plane:
    """No plane at all: the most telling numbers of the code as directions."""
    return all_numbers(codes(run).codes, order(run))


@look("Decoding the map")
def tiles(run: Opened, flat: Plane, corners: Corners) -> Tiles:
    """Decoded pictures of a part of a plane, where further directions stand at their start."""
    return sheets.tiles(run.model, flat, corners, report=report)


@look("Drawing the map of neighbours", lasting=True)
def neighbour_points(run: Opened, layer: str, exaggeration: float) -> Tensor:
    """Places (n, 2) of the codes of all test pictures, or of what a hidden layer answers for the first of them
    (`ASKED`), on a map that keeps neighbours together.
    """
    if layer:
        return neighbour_map(asked(run.model, run.data.load().test.images[:ASKED], layer), exaggeration, report)
    return neighbour_map(codes(run).codes, exaggeration, report)


@look()
def strongest(run: Opened, layer: str) -> Tensor:
    """The two strongest principal components (width, 2) of the answers of a layer, zero where there is no second
    one.
    """
    rows = answers(run, layer).codes
    with seeded(0):
        _, _, found = torch.pca_lowrank(rows - rows.mean(dim=0), q=min(6, *rows.shape), center=False)
    return torch.nn.functional.pad(found[:, :2], (0, max(0, 2 - found.shape[1])))


@look()
def layer_points(run: Opened, layer: str) -> Tensor:
    """Places (n, 2) of the answers of a layer along its two strongest principal components."""
    rows = answers(run, layer).codes
    return (rows - rows.mean(dim=0)) @ strongest(run, layer)


def code_of(run: Opened, layer: str, x: Tensor) -> Tensor:
    """The code (n, latent) of pictures (n, channels, height, width), or what a layer answers."""
    return asked(run.model, x, layer) if layer else encode(run.model, x)


@look()
def places(run: Opened, view: View, x: Tensor) -> Tensor:
    """Where a picture x (1, channels, height, width) that is no dot lies on the map of a run and on that of PCA,
    (2, 2); neither moves for it.

    Planes: where its code is. A map of neighbours has no place for it, so it stands amid its nearest codes.
    """
    theirs = torch.zeros(1, 2)
    flat = pca(run.data).codes(x, min(2, run.model.latent))
    theirs[:, : flat.shape[1]] = flat
    return torch.cat([_place(run, view, x), theirs])


def _place(run: Opened, view: View, x: Tensor) -> Tensor:
    known = mapped(run, view).codes
    if view.kind == "layer":
        return (code_of(run, view.layer, x) - known.mean(dim=0)) @ strongest(run, view.layer)
    if view.kind in METHODS:
        return place(code_of(run, view.layer, x), known, neighbour_points(run, view.layer, METHODS[view.kind]))
    return on_plane(run, view, x)


@look()
def on_plane(run: Opened, view: View, x: Tensor) -> Tensor:
    """Where pictures (n, channels, height, width) lie on a plane through the codes of a run, (n, 2)."""
    return plane(run, view).coordinates(encode(run.model, x))


class Worth(NamedTuple):
    """What codes know, each from `n` pictures: see `ae_core.measures.representation`."""

    knn: float  # share of one half of the pictures whose neighbours in the other half vote for their class
    silhouette: float
    trustworthiness: float
    n: int


@look("Measuring the codes")
def worth(run: Opened, view: View) -> tuple[Worth, ...]:
    """The worth of what is mapped, all of its numbers, of PCA codes of that size and, if asked, of the flat map itself.

    DatasetError where the pictures are not on this computer.
    """
    found = mapped(run, view)
    images = run.data.load().test.images[: len(found.labels)]
    compared = [found.codes, pca(run.data).codes(images, run.model.latent)]
    if view.kind in METHODS:
        compared.append(neighbour_points(run, view.layer, METHODS[view.kind]))
    return tuple(_worth(z, found.labels, images) for z in compared)


def _worth(z: Tensor, labels: np.ndarray, images: Tensor) -> Worth:
    most = COMPARED if z.shape[1] <= WIDE else COMPARED // 3
    half = min(len(z) // 2, most)
    voters, judged = slice(0, half), slice(half, 2 * half)
    return Worth(
        representation.knn_accuracy(z[voters], labels[voters], z[judged], labels[judged]),
        representation.silhouette(z, labels, most),
        representation.trustworthiness(images, z, most=most),
        min(len(z), most),
    )
