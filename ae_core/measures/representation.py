"""What a code is worth: how sparse it is, how it reacts to the picture, and what it knows about the classes.

Codes are arrays or tensors (n, units) from anywhere: an encoder, PCA, a hidden layer. Labels are (n,). The measures
that compare all pairs look at a random subset of fixed seed where n is large, so they say the same every time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ae_core.measures.metrics import measuring
from ae_core.models import Autoencoder
from ae_core.pictures.pixels import checked_pictures

NEIGHBOURS = 5
COMPARED = 2000  # pictures in measures that compare all pairs
JACOBIAN_VALUES = 2**23  # numbers in a portion of Jacobians; 32 MB
DEAD = 0.001  # of the largest deviation of a unit over the images
Rows = np.ndarray[Any, np.dtype[np.float64]]


class Sparsity(NamedTuple):
    """How much of a code speaks; the three mean the same for every kind of unit, whatever the scale of the code."""

    l0: float  # units that are not exactly 0 in an image, mean over images; linear, tanh and sigmoid units never are
    hoyer: float  # 0 where all units of an image say equally much, 1 where one says it all; mean over images
    dead_units: int  # units that say the same of every image: their deviation is at most `DEAD` of the liveliest unit's


def sparsity(codes: ArrayLike) -> Sparsity:
    """Read how sparse codes (n, units) are. An image whose code is all 0 has no Hoyer's measure; one unit has 0.

    Mean |h| would be no measure: a code can shrink and the decoder's weights grow, and nothing has become sparse.

    Source: Hoyer (2004), Non-negative matrix factorization with sparseness constraints, JMLR 5, section 3.1.
    """
    h = np.asarray(codes, np.float64)
    spread = h.std(0)
    return Sparsity(float((h != 0).sum(1).mean()), _hoyer(h), int((spread <= DEAD * spread.max()).sum()))


def _hoyer(h: Rows) -> float:
    """(sqrt(units) - |h|_1 / |h|_2) / (sqrt(units) - 1), mean over the images (n, units) that are not silent."""
    spoken = h[(h != 0).any(1)]
    if h.shape[1] == 1 or not len(spoken):
        return 0.0
    root = math.sqrt(h.shape[1])
    ratio = np.abs(spoken).sum(1) / np.linalg.norm(spoken, axis=1)
    return float(((root - ratio) / (root - 1)).mean())


def jacobians(model: Autoencoder, images: Tensor) -> Tensor:
    """The Jacobians d code / d picture (n, latent, pixels) of images (n, channels, height, width), in eval mode.

    One backward pass per unit for all images at once: an image's code depends on no other image.
    """
    images = checked_pictures(images, model)
    with measuring(model) as device, torch.inference_mode(False):
        x = images.to(device).clone()  # what was made in inference mode could not be differentiated
        pull = torch.func.vjp(model.encode, x)[1]
        units = torch.eye(model.latent, dtype=x.dtype, device=device)
        rows = [pull(unit.expand(len(x), -1))[0].detach().flatten(1) for unit in units]
    return torch.stack(rows, 1).to(images.device)


def _of_jacobians(model: Autoencoder, images: Tensor, measure: Callable[[Tensor], Tensor]) -> Tensor:
    """What is measured on the Jacobian of each image, in portions that fit into memory."""
    images = checked_pictures(images, model)
    portion = max(1, JACOBIAN_VALUES // (model.latent * images[0].numel()))
    return torch.cat([measure(jacobians(model, batch)) for batch in images.split(portion)])


def jacobian_norms(model: Autoencoder, images: Tensor) -> Tensor:
    """Squared Frobenius norm of d code / d picture at each image (n,): how far the code moves when the picture does.

    Source: Rifai et al. (2011), Contractive auto-encoders, ICML, eq. 1.
    """
    return _of_jacobians(model, images, lambda j: j.square().sum((1, 2)))


def singular_values(model: Autoencoder, images: Tensor) -> Tensor:
    """Singular values of d code / d picture at each image (n, min(latent, pixels)), largest first.

    Few large ones: the code follows few directions in which the picture may change. Source: Rifai et al. (2011), fig.
    3.
    """
    return _of_jacobians(model, images, torch.linalg.svdvals)


def probe_accuracy(
    train_codes: ArrayLike, train_labels: ArrayLike, test_codes: ArrayLike, test_labels: ArrayLike
) -> float:
    """Share of test images, from 0 to 1, that a linear classifier on the codes gets right: are classes flat regions?

    Logistic regression on codes that were standardised by the training codes, L2 penalty C = 1. By scikit-learn.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(np.asarray(train_codes), np.asarray(train_labels))
    return float(probe.score(np.asarray(test_codes), np.asarray(test_labels)))


def knn_accuracy(
    train_codes: ArrayLike,
    train_labels: ArrayLike,
    test_codes: ArrayLike,
    test_labels: ArrayLike,
    k: int = NEIGHBOURS,
) -> float:
    """Share of test images, from 0 to 1, that a vote of the k nearest training codes gets right: are neighbours alike?

    All vote where there are fewer than k. Euclidean distance between the codes as they are. By scikit-learn.
    """
    from sklearn.neighbors import KNeighborsClassifier

    voters = KNeighborsClassifier(min(k, len(np.asarray(train_labels))), algorithm="brute").fit(
        np.asarray(train_codes), np.asarray(train_labels)
    )
    return float(voters.score(np.asarray(test_codes), np.asarray(test_labels)))


def silhouette(codes: ArrayLike, labels: ArrayLike, most: int = COMPARED) -> float:
    """How well classes form separate clusters, from -1 to 1: 0 where they overlap, below where codes lie in others'
    midst.

    Mean over (at most `most`) images; NaN where there is one class only, or no class has two. Source: Rousseeuw (1987).
    By scikit-learn.
    """
    from sklearn.metrics import silhouette_score

    chosen = _subset(len(np.asarray(labels)), most)
    if not 2 <= len(np.unique(np.asarray(labels)[chosen])) < len(chosen):
        return math.nan
    return float(silhouette_score(np.asarray(codes)[chosen], np.asarray(labels)[chosen]))


def trustworthiness(images: ArrayLike, codes: ArrayLike, k: int = NEIGHBOURS, most: int = COMPARED) -> float:
    """Whether neighbours in the code were neighbours as pictures, from 0 to 1 (all were); random codes reach about 0.5.

    Euclidean distance between pixels, k neighbours (fewer where that is half of them), among (at most `most`) images
    (n, ...) and codes (n, units).
    Source: Venna and Kaski (2001). By scikit-learn.
    """
    from sklearn.manifold import trustworthiness as measured

    pixels = np.asarray(images).reshape(len(np.asarray(images)), -1)
    chosen = _subset(len(pixels), most)
    return float(measured(pixels[chosen], np.asarray(codes)[chosen], n_neighbors=min(k, (len(chosen) - 1) // 2)))


def _subset(n: int, most: int) -> np.ndarray:
    """Indices of at most `most` of n things, drawn with a fixed seed, in order."""
    return np.sort(np.random.default_rng(0).permutation(n)[:most])
