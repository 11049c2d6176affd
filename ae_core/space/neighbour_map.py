"""Flat maps that keep neighbours together: t-SNE, and the same with more attraction, which looks like UMAP.

    minimise  KL(P || Q),  p_ij from the distances between codes,  q_ij = (1 + |y_i - y_j|^2)^-1 / sum of all

The positions y are free, so nothing can be decoded from them, and only who lies beside whom means something. Sources:
van der Maaten and Hinton (2008), JMLR 9; the exaggeration of the attraction as a spectrum from t-SNE (1) over UMAP
(about 4) to a graph's eigenmaps: Boehm, Berens and Kobak (2022), JMLR 23. Computed by openTSNE: Policar et al. (2024).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ae_core.space.nearest import nearest

METHODS = {"tsne": 1.0, "umap": 4.0}  # exaggeration of the attraction
PERPLEXITY = 30
EARLY, LATE = 250, 500  # steps: first with strong attraction, so that clusters find together, then as asked
EARLY_EXAGGERATION = 12.0
EVERY = 10  # steps between two reports
FEW = 5000  # codes: up to here the tree of Barnes and Hut is faster, beyond it the grid with a Fourier transform
PORTION = 500  # codes compared with all others at a time
NEIGHBOURS = 5  # behind the place of a new picture
LEARNING = 0.1  # share of the work, for progress: finding neighbours, before the first step


def neighbour_map(codes: Tensor, exaggeration: float, report: Callable[[float], None]) -> Tensor:
    """Positions (n, 2) of codes (n, latent), the same every time; `report` hears the share done, ten times a second or
    so.

    Starts from the first two principal components, so that the large shape is that of the codes (Kobak and Berens,
    2019).
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import pca
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    perplexity = max(1, min(PERPLEXITY, (len(codes) - 1) // 3))
    index, distances = _neighbours(codes, 3 * perplexity, report)
    near = PrecomputedNeighbors(index.numpy(), distances.double().numpy())
    affinities = PerplexityBasedNN(perplexity=perplexity, knn_index=near, n_jobs=1)
    done = 0

    def step(iteration: int, error: float, embedding: np.ndarray) -> None:
        report(LEARNING + (1 - LEARNING) * (done + iteration) / (EARLY + LATE))

    start = pca(_two_columns(codes).numpy(), random_state=0)
    made = TSNEEmbedding(
        start,
        affinities,
        negative_gradient_method="bh" if len(codes) <= FEW else "fft",
        n_jobs=1,
        random_state=0,
        callbacks=[step],
        callbacks_every_iters=EVERY,
    )
    for steps, attraction, momentum in ((EARLY, EARLY_EXAGGERATION, 0.5), (LATE, exaggeration, 0.8)):
        made.optimize(steps, exaggeration=attraction, momentum=momentum, inplace=True)
        done += steps
    return torch.from_numpy(np.array(made)).float()


def _neighbours(codes: Tensor, k: int, report: Callable[[float], None]) -> tuple[Tensor, Tensor]:
    """Indices (n, k) of the nearest other codes and their distances (n, k), exact."""
    found = []
    for rows in torch.arange(len(codes)).split(PORTION):
        report(LEARNING * rows[0].item() / len(codes))
        found.append(nearest(codes[rows], codes, k, besides=rows))
    return torch.cat([part.which for part in found]), torch.cat([part.distance for part in found])


def _two_columns(codes: Tensor) -> Tensor:
    """The codes with at least two numbers each, as the start needs."""
    return torch.cat([codes, torch.zeros_like(codes)], dim=1) if codes.shape[1] == 1 else codes


def place(new: Tensor, codes: Tensor, points: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """Where new codes (m, latent) stand on a map of codes (n, latent) at `points` (n, 2): (m, 2). The map does not
    move.

    The mean of the points of the k nearest codes, each weighted by 1 / distance; on a known code, its own point.
    """
    index, distances = nearest(new, codes, k)
    weights = 1 / distances.clamp_min(1e-9)
    return (weights[:, :, None] * points[index]).sum(dim=1) / weights.sum(dim=1, keepdim=True)
