"""What the codes of a map know about pictures and classes: the numbers under the maps of Latent space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from ae_core import representation
from ae_core.neighbour_map import METHODS
from ae_core.runs import Run
from ui import cached, latent
from ui.latent import View
from ui.remembered import remembered

WIDE = 512  # numbers; of wider answers a third of the pictures is compared
COMPARED = 700  # pictures where all pairs are compared: what takes a tenth of a second


class Worth(NamedTuple):
    """What codes know, each from `n` pictures: see `ae_core.representation`."""

    knn: float  # share of one half of the pictures whose neighbours in the other half vote for their class
    silhouette: float
    trustworthiness: float
    n: int


@remembered(64, "Measuring the codes …")
def measured(_run: Run, version: str, view: View) -> tuple[Worth, ...]:
    """The worth of what is mapped, all of its numbers, of PCA codes of that size and, if asked, of the flat map itself.

    DatasetError where the pictures are not on this computer.
    """
    made, found = _run.recipe(), latent.shown(_run, view)
    images = made.data.load().test.images[: len(found.labels)]
    theirs = cached.pca(made.dataset).codes(images, latent.network(_run).latent)
    compared = [found.codes, theirs, *([latent.neighbour_points(_run, view)] if view.kind in METHODS else [])]
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
