"""What a method without any training reaches, so that an autoencoder has something to beat."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PCA:
    """Principal components of a set of pictures: the best flat subspace for rebuilding them.

    Source: Pearson (1901); Eckart and Young (1936). Computed by scikit-learn.
    """

    mean: Tensor  # (pixels,)
    components: Tensor  # (rank, pixels), orthonormal rows, largest variance first

    @classmethod
    def fit(cls, images: Tensor) -> PCA:
        """All components of images (n, channels, height, width)."""
        from sklearn.decomposition import PCA as Sklearn

        rows = images.flatten(1)
        solver = "covariance_eigh" if rows.shape[0] > rows.shape[1] else "full"
        fitted = Sklearn(svd_solver=solver).fit(rows.numpy())
        return cls(torch.from_numpy(fitted.mean_).float(), torch.from_numpy(fitted.components_).float())

    def codes(self, images: Tensor, latent: int) -> Tensor:
        """Codes (n, k) with k = min(latent, rank) of images (n, channels, height, width)."""
        return (images.flatten(1) - self.mean) @ self.components[:latent].T

    def reconstruct(self, images: Tensor, latent: int) -> Tensor:
        """Rebuild images (n, channels, height, width) from `latent` numbers each; values may leave [0, 1] a little."""
        rows = self.codes(images, latent) @ self.components[:latent] + self.mean
        return rows.reshape(images.shape)
