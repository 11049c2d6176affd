"""What a method without any training reaches, so that an autoencoder has something to beat.

Rebuilding: the mean picture (a code of no numbers) and PCA (the best flat code). Denoising: median, Gaussian blur and
non-local means, which look at one picture, and PCA and Wiener gains, which know what pictures look like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import PixelError, checked_pictures

PORTION = 1024  # pictures of which floats are made at a time
SMALL = 64 << 20  # bytes: of so many floats all are made at once


def mean_image(images: Tensor | Pictures) -> Tensor:
    """The mean (1, channels, height, width) of images (n, channels, height, width): the best answer that ignores the
    input.
    """
    if isinstance(images, Pictures):
        return torch.stack([part.sum(0, keepdim=True) for part in images.passing(PORTION)]).sum(0) / len(images)
    return checked_pictures(images).mean(0, keepdim=True)


@dataclass(frozen=True)
class PCA:
    """Principal components of a set of pictures: the best flat subspace for rebuilding them.

    Source: Pearson (1901); Eckart and Young (1936). Computed by scikit-learn.
    """

    mean: Tensor  # (pixels,)
    components: Tensor  # (rank, pixels), orthonormal rows, largest variance first

    @classmethod
    def fit(cls, images: Tensor | Pictures) -> PCA:
        """All components of images (n, channels, height, width)."""
        from sklearn.decomposition import PCA as Sklearn

        if isinstance(images, Pictures) and images.float_bytes > SMALL and len(images) > images[0].numel():
            return cls(*_principal(images))
        rows = checked_pictures(images, device="cpu").flatten(1)
        solver = "covariance_eigh" if rows.shape[0] > rows.shape[1] else "full"
        fitted = Sklearn(svd_solver=solver).fit(rows.numpy())
        return cls(torch.from_numpy(fitted.mean_).float(), torch.from_numpy(fitted.components_).float())

    def codes(self, images: Tensor | Pictures, latent: int) -> Tensor:
        """Codes (n, k) with k = min(latent, rank) of images (n, channels, height, width)."""
        return (self.rows(images) - self.mean) @ self.components[:latent].T

    def rows(self, images: Tensor | Pictures, ranged: bool = True) -> Tensor:
        """Images (n, channels, height, width) as rows (n, pixels), which they have; not `ranged` they may leave
        [0, 1].
        """
        rows = checked_pictures(images, device=self.mean.device, ranged=ranged).flatten(1)
        if rows.shape[1] != len(self.mean):
            raise PixelError(
                f"images {tuple(images.shape)} have {rows.shape[1]} pixels, but these components were fitted to "
                f"pictures of {len(self.mean)}: both must have one shape; resize the pictures, or fit again."
            )
        return rows

    def projection(self, images: Tensor | Pictures, latent: int) -> Tensor:
        """The nearest points of the flat subspace to images (n, channels, height, width); values may leave [0, 1] a
        little.
        """
        rows = self.codes(images, latent) @ self.components[:latent] + self.mean
        return rows.reshape(images.shape)

    def reconstruct(self, images: Tensor | Pictures, latent: int) -> Tensor:
        """Rebuild images (n, channels, height, width) from `latent` numbers each, cut to [0, 1] like every
        network's.
        """
        return self.projection(images, latent).clamp(0, 1)

    def errors_by_size(self, images: Tensor | Pictures, sizes: Sequence[int]) -> Tensor:
        """Squared error per pixel (len(sizes),) of images (n, ...) rebuilt from so many components each, ascending."""
        x, found, done = self.rows(images), [], 0
        codes, rows = self.codes(images, max(sizes, default=0)), self.mean.expand(len(x), -1).clone()
        for size in sizes:
            rows.addmm_(codes[:, done:size], self.components[done:size])
            found.append((rows.clamp(0, 1) - x).square().double().mean())
            done = size
        return torch.stack(found)


def _principal(images: Pictures) -> tuple[Tensor, Tensor]:
    """Mean and components, as scikit-learn's `covariance_eigh` has them, without ever holding all floats: sums over
    portions in float32, of these in float64.
    """
    from sklearn.utils.extmath import svd_flip

    pixels = images[0].numel()
    total, products = np.zeros(pixels), np.zeros((pixels, pixels))
    for part in images.passing(PORTION):
        rows = part.flatten(1).numpy()
        total += rows.sum(0)
        products += rows.T @ rows
    mean = total / len(images)
    directions = np.linalg.eigh((products - len(images) * np.outer(mean, mean)) / (len(images) - 1))[1]
    components = svd_flip(None, directions.T[::-1], u_based_decision=False)[1]
    return torch.from_numpy(mean).float(), torch.from_numpy(np.ascontiguousarray(components, np.float32))


@dataclass(frozen=True)
class Wiener:
    """Denoising by PCA: every principal component is turned down as far as it is drowned in noise.

    The gain of a component is the least-squares slope from the damaged to the clean pictures' codes. For white noise of
    variance s^2 that is v / (v + s^2), with v the variance of the component; measured, it also holds for noise that was
    cut to [0, 1], and for other damage.

    Source: Wiener (1949), Extrapolation, Interpolation, and Smoothing of Stationary Time Series.
    """

    pca: PCA
    mean: Tensor  # (pixels,), of damaged pictures
    gains: Tensor  # (rank,)

    @classmethod
    def fit(cls, pca: PCA, clean: Tensor, damaged: Tensor) -> Wiener:
        """Gains from training pictures, clean and damaged (n, channels, height, width), and the components of the
        clean.
        """
        mean = pca.rows(damaged, ranged=False).mean(0)
        seen = (pca.rows(damaged, ranged=False) - mean) @ pca.components.T
        wanted = pca.codes(clean, len(pca.components))
        return cls(pca, mean, (seen * wanted).sum(0) / seen.square().sum(0).clamp_min(1e-12))

    def denoise(self, images: Tensor) -> Tensor:
        """Cleaned images (n, channels, height, width), cut to [0, 1]."""
        codes = (self.pca.rows(images, ranged=False) - self.mean) @ self.pca.components.T * self.gains
        return (codes @ self.pca.components + self.pca.mean).reshape(images.shape).clamp(0, 1)


@dataclass(frozen=True)
class Filter:
    """A denoising filter with one knob; `strengths` are the values worth trying, the weakest first."""

    apply: Callable[[Tensor, float], Tensor]  # images (n, channels, height, width) and a strength -> the same shape
    strengths: tuple[float, ...]
    knob: str  # what the strength is, with its unit

    def tuned(self, clean: Tensor, damaged: Tensor) -> float:
        """The strength with the least squared error on training pictures, clean and damaged (n, channels, height,
        width).
        """
        return min(self.strengths, key=lambda strength: (self.apply(damaged, strength) - clean).square().mean().item())


def median(images: Tensor, side: float) -> Tensor:
    """Each pixel becomes the median of the `side` x `side` pixels around it; every channel by itself. By SciPy."""
    from scipy.ndimage import median_filter

    return torch.from_numpy(
        median_filter(checked_pictures(images, device="cpu").numpy(), size=(1, 1, int(side), int(side)))
    )


def gaussian_blur(images: Tensor, width: float) -> Tensor:
    """Blur with a bell curve whose standard deviation is `width` pixels; every channel by itself. By SciPy."""
    from scipy.ndimage import gaussian_filter

    return torch.from_numpy(gaussian_filter(checked_pictures(images, device="cpu").numpy(), sigma=(0, 0, width, width)))


def non_local_means(images: Tensor, decay: float) -> Tensor:
    """Each pixel becomes a mean of pixels up to 6 away, weighted by how alike the 5x5 patches around them are.

    `decay` is the difference, in grey levels per pixel, at which a weight fades. Computed by scikit-image, fast mode.

    Source: Buades, Coll and Morel (2005), A non-local algorithm for image denoising, CVPR; Darbon et al. (2008), ISBI.
    """
    from skimage.restoration import denoise_nl_means

    images = checked_pictures(images, device="cpu")
    grey = images.shape[1] == 1  # scikit-image drops a channel axis of length 1 from its answer: give it none
    pictures = images[:, 0] if grey else images
    axis = None if grey else 0
    cleaned = [denoise_nl_means(x, 5, 6, decay, fast_mode=True, channel_axis=axis) for x in pictures.numpy()]
    return torch.from_numpy(np.stack(cleaned)).reshape(images.shape)


def pca_filter(fitted: PCA) -> Filter:
    """Denoising by projection: keep the first components of damaged pictures and drop the rest; cut to [0, 1]."""
    strengths = tuple(float(2**i) for i in reversed(range(len(fitted.components).bit_length())))
    return Filter(lambda images, kept: fitted.reconstruct(images, int(kept)), strengths, "components kept")


FILTERS: dict[str, Filter] = {
    "median": Filter(median, (3, 5), "side of the window in pixels"),
    "gaussian": Filter(gaussian_blur, tuple(i / 10 for i in range(3, 16)), "standard deviation in pixels"),
    "non_local_means": Filter(non_local_means, (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6), "decay in grey levels"),
}
