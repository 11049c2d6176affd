"""PCA of a data set and what it reaches: what every autoencoder has to beat."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.baselines import PCA
from ae_core.datasets import Dataset
from ae_core.looks.look import look, report
from ae_core.measures.metrics import squared_errors, ssims

BY_SIZE = 1000  # test images behind the curve against the size of the code
SIZES = 60  # points of that curve at most
JUDGED = 1000  # test images behind a structural similarity: all 10 000 of MNIST would take seconds


class BySize(NamedTuple):
    """Numbers of components (k,), and the squared error per pixel (k,) that they leave."""

    sizes: np.ndarray
    errors: np.ndarray


@look("Computing the principal components")
def pca(data: Dataset) -> PCA:
    """All principal components of the training images."""
    images = data.load().train.images
    report(0.3)
    return PCA.fit(images)


def pca_size(data: Dataset, latent: int) -> int:
    """How many of `latent` components there are: no more than pixels, nor than pictures that were learned from."""
    return min(latent, math.prod(data.shape), len(data.load().train))


@look("Measuring PCA at every size")
def pca_by_size(data: Dataset, most: int) -> BySize:
    """From 1 to `most` components: the error that they leave of the first test images (`BY_SIZE`)."""
    test, fitted = data.load().test.images[:BY_SIZE], pca(data)
    top = max(1, min(max(2, most), len(fitted.components)))
    sizes = np.unique(np.geomspace(1, top, SIZES).round().astype(int))
    return BySize(sizes, fitted.errors_by_size(test, sizes.tolist()).numpy())


@look("Measuring PCA on every test picture")
def pca_errors(data: Dataset, latent: int) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels, rebuilt from `latent` principal components.

    With none of them the answer to every picture is the mean of the training pictures.
    """
    test = data.load().test.images
    return squared_errors(test, pca(data).reconstruct(test, latent)).numpy()


@look()
def pca_loss(data: Dataset, latent: int, first: int, cut: bool) -> float:
    """Squared error, summed over pixels, mean over the first test images, from `latent` components; the outputs may be
    `cut` to [0, 1].
    """
    test, fitted = data.load().test.images[:first], pca(data)
    outputs = fitted.reconstruct(test, latent) if cut else fitted.projection(test, latent)
    return squared_errors(test, outputs).double().mean().item()


@look("Comparing small windows of PCA's pictures")
def pca_likeness(data: Dataset, latent: int) -> float:
    """Structural similarity, mean over the test images of `judged`, rebuilt from `latent` principal components."""
    images = judged(data)
    return float(ssims(images, pca(data).reconstruct(images, latent)).mean())


def judged(data: Dataset) -> Tensor:
    """At most `JUDGED` test images (n, channels, height, width) from all over the split."""
    images = data.load().test.images
    return images[:: math.ceil(len(images) / JUDGED)]


@look()
def pca_plane(data: Dataset, first: int, latent: int) -> Tensor:
    """Codes (n, k) of the first test images by `latent` components, k of which there are."""
    return pca(data).codes(data.load().test.images[:first], latent)


@torch.inference_mode()
def components(data: Dataset, latent: int) -> tuple[Tensor, Tensor]:
    """Weight (pixels, k) and bias (pixels,) of the layer that makes a picture of a code of PCA."""
    fitted = pca(data)
    return fitted.components[:latent].T.contiguous(), fitted.mean
