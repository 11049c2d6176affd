"""How well codes keep what matters about pictures: the one place where these numbers are computed for the pages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SAMPLE, NEIGHBOURS = 700, 5  # pictures at most: distances between all pairs are needed


class Measures(NamedTuple):
    """Numbers about codes; `n` pictures were used, every class in its share."""

    knn: float  # share of pictures whose nearest neighbours in the code vote for their class
    silhouette: float  # from -1 to 1: how far a class keeps from the next
    trustworthiness: float  # from 0 to 1: whether neighbours in the code are neighbours as pictures
    n: int


def measures(codes: np.ndarray, labels: np.ndarray, pictures: np.ndarray) -> Measures:
    """Measure codes (n, k) of pictures (n, pixels) with classes `labels` (n,), on a fixed sample of them.

    Sources: Cover and Hart (1967) for neighbours; Rousseeuw (1987) for the silhouette; Venna and Kaski (2001) for the
    trustworthiness. Computed by scikit-learn; every picture is judged by the others (leave one out).
    """
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import silhouette_score
    from sklearn.neighbors import NearestNeighbors

    chosen = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    z, y, x = codes[chosen], labels[chosen].astype(int), pictures[chosen]
    near = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(z).kneighbors(return_distance=False)
    votes = np.apply_along_axis(lambda row: np.bincount(row, minlength=y.max() + 1).argmax(), 1, y[near])
    return Measures(
        float((votes == y).mean()),
        float(silhouette_score(z, y)),
        float(trustworthiness(x, z, n_neighbors=NEIGHBOURS)),
        len(chosen),
    )
