"""The nearest of many known pictures: exact, though only a few of them are compared pixel by pixel.

A picture is the sum of its first principal components and a rest at right angles to them. With P(x) the components'
part and r(x) the length of the rest, Pythagoras and the triangle inequality give |x - k|^2 >= |P(x) - P(k)|^2 +
(r(x) - r(k))^2: a bound from a few dozen numbers instead of all pixels. A known picture whose bound lies above a
distance that was already found cannot be the nearest. Source: Hwang et al. (2012), A fast nearest neighbor search
algorithm by nonlinear embedding, CVPR (for the mean and deviation of parts; here for principal components).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.baselines import PCA

KEPT = 64  # components behind a bound
COMPARED = 32  # known pictures that are compared pixel by pixel
MORE = 4000  # further pictures that are compared one by one before it is quicker to compare all by a matrix product
ROUNDING = 1e-4  # share of its size by which a bound may be too high in float32
PORTION = 4096  # pictures turned into components at a time


@dataclass(frozen=True)
class Nearest:
    """A search among known pictures; made once, asked often."""

    known: Tensor  # (m, pixels)
    sizes: Tensor  # (m,): squared length of each row of `known`
    basis: PCA
    short: Tensor  # (m, KEPT + 1): components, and length of the rest
    lengths: Tensor  # (m,): squared length of each row of `short`

    @classmethod
    def among(cls, known: Tensor, basis: PCA) -> Nearest:
        """Search among `known` (m, channels, height, width); any components do, those of the same pictures do best."""
        rows = known.flatten(1)
        short = torch.cat([_short(part, basis) for part in rows.split(PORTION)])
        return cls(rows, torch.linalg.vector_norm(rows, dim=1).square(), basis, short, short.square().sum(dim=1))

    def find(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Index (n,) of the known picture nearest to each of (n, channels, height, width), and its squared error (n,),
        summed over pixels."""
        rows = pictures.flatten(1)
        short = _short(rows, self.basis)
        size = short.square().sum(dim=1)
        bounds = torch.addmm(self.lengths, short, self.short.T, alpha=-2)  # less `size`, which is the same for all
        lowest, candidates = bounds.topk(min(COMPARED, len(self.known)), dim=1, largest=False, sorted=True)
        error, place = (rows[:, None] - self.known[candidates]).square().sum(dim=2).min(dim=1)
        index = candidates.gather(1, place[:, None])[:, 0]
        if len(self.known) > COMPARED:  # the others have bounds above the highest of these
            limits = error - size + ROUNDING * (size + self.lengths.max())
            unsure = limits >= lowest[:, -1]
            index[unsure], error[unsure] = self._among_more(rows[unsure], bounds[unsure] <= limits[unsure, None])
        return index, error

    def _among_more(self, rows: Tensor, possible: Tensor) -> tuple[Tensor, Tensor]:
        """Search for rows (n, pixels) among the known pictures that are `possible` (n, m): some, else simply all."""
        if possible.sum() > MORE:
            return self._among_all(rows)
        index, error = torch.zeros(len(rows), dtype=torch.long), torch.zeros(len(rows))
        for i, row in enumerate(rows):
            which = possible[i].nonzero()[:, 0]
            error[i], place = (row - self.known[which]).square().sum(dim=1).min(dim=0)
            index[i] = which[place]
        return index, error

    def _among_all(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        # |x - k|^2 without |x|^2, which is the same for all k
        index = (self.sizes - 2 * rows @ self.known.T).argmin(dim=1)
        return index, (rows - self.known[index]).square().sum(dim=1)


def _short(rows: Tensor, basis: PCA) -> Tensor:
    """Components (n, k) of rows (n, pixels) and, behind them, the length of what they leave over: (n, k + 1)."""
    centred = rows - basis.mean
    codes = centred @ basis.components[:KEPT].T
    rest = (centred.square().sum(dim=1) - codes.square().sum(dim=1)).clamp_min(0).sqrt()
    return torch.cat([codes, rest[:, None]], dim=1)
