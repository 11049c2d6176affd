"""Filters that take noise away without having learned anything, and two numbers that say how well."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_MSE = 1e-12
SSIM_WINDOW, K1, K2 = 7, 0.01, 0.03  # of Wang et al. (2004), with a flat window
PATCH, REACH = 5, 6  # of non-local means, in pixels


@dataclass(frozen=True)
class Filter:
    """A denoising filter with one knob; `strengths` are the values worth trying, the weakest first."""

    apply: Callable[[Tensor, float], Tensor]  # images (n, channels, height, width) and a strength -> the same shape
    strengths: tuple[float, ...]
    knob: str  # what the strength is, with its unit

    def tuned(self, clean: Tensor, damaged: Tensor) -> float:
        """The strength with the least squared error on training pictures, clean and damaged (n, channels, height, width)."""
        return min(self.strengths, key=lambda strength: (self.apply(damaged, strength) - clean).square().mean().item())


def median(images: Tensor, side: float) -> Tensor:
    """Each pixel becomes the median of the `side` x `side` pixels around it; every channel by itself. By SciPy."""
    from scipy.ndimage import median_filter

    return torch.from_numpy(median_filter(images.numpy(), size=(1, 1, int(side), int(side))))


def gaussian_blur(images: Tensor, width: float) -> Tensor:
    """Blur with a bell curve whose standard deviation is `width` pixels; every channel by itself. By SciPy."""
    from scipy.ndimage import gaussian_filter

    return torch.from_numpy(gaussian_filter(images.numpy(), sigma=(0, 0, width, width)))


def non_local_means(images: Tensor, decay: float) -> Tensor:
    """Each pixel becomes a mean of pixels up to 6 away, weighted by how alike the 5x5 patches around them are.

    `decay` is the difference, in grey levels per pixel, at which a weight fades.

    Source: Buades, Coll and Morel (2005), A non-local algorithm for image denoising, CVPR.
    """
    n, _, height, width = images.shape
    reach, half = min(REACH, height - 1, width - 1), PATCH // 2
    around = F.pad(images, (reach,) * 4, mode="reflect")
    total, weights = torch.zeros_like(images), torch.zeros(n, 1, height, width)
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            moved = around[:, :, dy : dy + height, dx : dx + width]
            apart = F.pad((images - moved).square().mean(1, keepdim=True), (half,) * 4, mode="replicate")
            weight = F.avg_pool2d(apart, PATCH, stride=1).div_(-(decay**2)).exp_()
            total.addcmul_(weight, moved)
            weights += weight
    return total / weights


FILTERS: dict[str, Filter] = {
    "median": Filter(median, (1, 3, 5), "side of the window in pixels"),
    "gaussian": Filter(gaussian_blur, (0, *(i / 10 for i in range(3, 16))), "standard deviation in pixels"),
    "non_local_means": Filter(non_local_means, (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6), "decay in grey levels"),
}


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB of pictures in [0, 1] with that mean squared error per pixel; at most 120."""
    return -10 * math.log10(max(mse, LEAST_MSE))


def ssims(images: Tensor, outputs: Tensor) -> Tensor:
    """Structural similarity of each image (n,), from -1 to 1 (equal): mean over all 7x7 windows inside the picture.

    Source: Wang, Bovik, Sheikh and Simoncelli (2004), Image quality assessment, IEEE TIP 13(4), eq. 13.
    """

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, SSIM_WINDOW, stride=1)

    x, y = images.double(), outputs.double()
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)
    mx, my = mean(x), mean(y)
    vx, vy, both = (
        unbiased * (mean(a * b) - ma * mb) for a, b, ma, mb in ((x, x, mx, mx), (y, y, my, my), (x, y, mx, my))
    )
    alike = (2 * mx * my + K1**2) * (2 * both + K2**2) / ((mx**2 + my**2 + K1**2) * (vx + vy + K2**2))
    return alike.flatten(1).mean(1).float()
