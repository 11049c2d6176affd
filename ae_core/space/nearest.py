"""The nearest of what is known, codes or pictures: exact, though only a few are compared number by number.

`nearest` is the search, by a product of matrices that leaves a few candidates. `Index` is made once and asked often,
for pictures by the thousand: it leaves out most of the product, too.

A picture is the sum of its first principal components and a rest at right angles to them. With P(x) the components'
part and r(x) the length of the rest, Pythagoras and the triangle inequality give |x - k|^2 >= |P(x) - P(k)|^2 +
(r(x) - r(k))^2: a bound from a few dozen numbers instead of all pixels. A known picture whose bound lies above a
distance that was already found cannot be the nearest. Source: Hwang et al. (2012), A fast nearest neighbor search
algorithm by nonlinear embedding, CVPR (for the mean and deviation of parts; here for principal components).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.baselines import PCA
from ae_core.pictures.pictures import Pictures

KEPT = 64  # components behind a bound
COMPARED = 32  # known pictures that are compared pixel by pixel
MORE = 4000  # further pictures that are compared one by one before it is quicker to compare all by a matrix product
ROUNDING = 1e-4  # share of its size by which a bound may be too high in float32
PORTION = 1024  # pictures of which floats are made at a time: few enough for the cache of a processor
SPARE = 8  # candidates of a product beyond those asked for: it is only good to some digits
LARGEST = 2**24  # numbers of a product at a time, 64 MiB


class Near(NamedTuple):
    """What lies nearest, the nearest first: indices (n, k), and distances (n, k), not squared."""

    which: Tensor
    distance: Tensor


def nearest(
    asked: Tensor, known: Tensor | Pictures, k: int = 1, besides: Tensor | None = None, sizes: Tensor | None = None
) -> Near:
    """The k of `known` (m, d) that lie nearest to each of `asked` (n, d), n and m at least 1; fewer where there are no
    more. Of a few at the same distance the earlier comes first.

    `besides` (n,) are indices into `known` that do not count: those of the asked ones themselves. `sizes` (m,) are the
    squared lengths of `known`, where somebody has them: of pictures that are kept, whose pixels are what is compared.
    """
    others = len(known) - (besides is not None)
    k, kept = min(k, others), min(k + SPARE, others)
    if sizes is None and isinstance(
        known, Tensor
    ):  # far from zero a product of float32 would lose what tells neighbours apart
        middle = known.mean(dim=0)
        asked, known = asked - middle, known - middle
        sizes = known.square().sum(dim=1)
    assert sizes is not None, "pictures come with their sizes"
    found = []
    for rows in torch.arange(len(asked)).split(max(1, LARGEST // max(len(known), kept * asked.shape[1]))):
        part = asked[rows]
        squares = _products(part, known, sizes)
        if besides is not None:
            squares[torch.arange(len(part)), besides[rows]] = torch.inf
        candidates = squares.topk(kept, largest=False).indices.sort(dim=1).values
        distance = torch.linalg.vector_norm(part[:, None] - _rows(known, candidates), dim=2)
        order = distance.argsort(dim=1, stable=True)[:, :k]
        found.append(Near(candidates.gather(1, order), distance.gather(1, order)))
    return Near(*map(torch.cat, zip(*found, strict=True)))


def _products(asked: Tensor, known: Tensor | Pictures, sizes: Tensor) -> Tensor:
    """Squared distances (n, m), less the size of what is asked, which is the same for all."""
    if isinstance(known, Tensor):
        return torch.addmm(sizes, asked, known.T, alpha=-2)
    parts = zip(known.passing(PORTION), sizes.split(PORTION), strict=True)
    return torch.cat([torch.addmm(size, asked, part.flatten(1).T, alpha=-2) for part, size in parts], dim=1)


def _rows(known: Tensor | Pictures, which: Tensor) -> Tensor:
    """Some of what is known, pictures as rows: (*which.shape, d)."""
    return known[which].flatten(which.dim())


@dataclass(frozen=True)
class Index:
    """A search among known pictures, without them, of which there is one copy; made once, asked often."""

    sizes: Tensor  # (m,): squared length of each picture
    basis: PCA
    short: Tensor  # (m, KEPT + 1): components, and length of the rest
    lengths: Tensor  # (m,): squared length of each row of `short`

    @classmethod
    def among(cls, known: Pictures, basis: PCA) -> Index:
        """Search among `known` (m, channels, height, width); any components do, those of the same pictures do best."""
        short = torch.cat([_short(part.flatten(1), basis) for part in known.passing(PORTION)])
        return cls(lengths(known), basis, short, short.square().sum(dim=1))

    def find(self, pictures: Tensor, known: Pictures) -> tuple[Tensor, Tensor]:
        """Index (n,) of the picture, among the `known` ones that this was made of, nearest to each of (n, channels,
        height, width), and its squared error (n,), summed over pixels.
        """
        rows = pictures.flatten(1)
        short = _short(rows, self.basis)
        size = short.square().sum(dim=1)
        bounds = torch.addmm(self.lengths, short, self.short.T, alpha=-2)  # less `size`, which is the same for all
        lowest, candidates = bounds.topk(min(COMPARED, len(known)), dim=1, largest=False, sorted=True)
        error, place = (rows[:, None] - _rows(known, candidates)).square().sum(dim=2).min(dim=1)
        index = candidates.gather(1, place[:, None])[:, 0]
        if len(known) > COMPARED:  # the others have bounds above the highest of these
            limits = error - size + ROUNDING * (size + self.lengths.max())
            unsure = limits >= lowest[:, -1]
            possible = bounds[unsure] <= limits[unsure, None]
            index[unsure], error[unsure] = self._among_more(rows[unsure], known, possible)
        return index, error

    def _among_more(self, rows: Tensor, known: Pictures, possible: Tensor) -> tuple[Tensor, Tensor]:
        """Search for rows (n, pixels) among the known pictures that are `possible` (n, m): some, else simply all."""
        if possible.sum() > MORE:
            return self._among_all(rows, known)
        index, error = torch.zeros(len(rows), dtype=torch.long), torch.zeros(len(rows))
        for i, row in enumerate(rows):
            which = possible[i].nonzero()[:, 0]
            error[i], place = (row - _rows(known, which)).square().sum(dim=1).min(dim=0)
            index[i] = which[place]
        return index, error

    def _among_all(self, rows: Tensor, known: Pictures) -> tuple[Tensor, Tensor]:
        found = nearest(rows, known, sizes=self.sizes)
        return found.which[:, 0], found.distance[:, 0].square()


def lengths(known: Pictures) -> Tensor:
    """Squared length (m,) of every picture."""
    return torch.cat([part.flatten(1).square().sum(dim=1) for part in known.passing(PORTION)])


def _short(rows: Tensor, basis: PCA) -> Tensor:
    """Components (n, k) of rows (n, pixels) and, behind them, the length of what they leave over: (n, k + 1)."""
    centred = rows - basis.mean
    codes = centred @ basis.components[:KEPT].T
    rest = (centred.square().sum(dim=1) - codes.square().sum(dim=1)).clamp_min(0).sqrt()
    return torch.cat([codes, rest[:, None]], dim=1)
