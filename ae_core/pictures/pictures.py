"""Pictures as they are kept: as bytes, once; floats are made of those alone that somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor


class Pictures:
    """Pictures (n, channels, height, width), read-only by agreement, because everybody shares them.

    An index gives float32 in [0, 1], as that of a tensor would: `pictures[:8]`, `pictures[[3, 5]]`; `pictures[:]` is
    all of them. Nobody keeps those floats but whoever asked for them.
    """

    def __init__(self, kept: Tensor, white: int = 255) -> None:
        """Keep pictures (n, channels, height, width) uint8, whose `white` is 1; or float32 in [0, 1], where they are no
        whole grey levels.
        """
        self.kept, self.white = kept, white

    def __len__(self) -> int:
        return len(self.kept)

    def __getitem__(self, index: Any) -> Tensor:
        return self._floats(self.kept[index])

    def at(self, rows: Tensor) -> Tensor:
        """Those of these numbers (m,), none below 0: what an index does, in a third of the time."""
        return self._floats(self.kept.index_select(0, rows))

    def split(self, portion: int) -> Iterator[Tensor]:
        """All of them in their order, so many at a time."""
        return (self[start : start + portion] for start in range(0, len(self), portion))

    def passing(self, portion: int) -> Iterator[Tensor]:
        """The same in one piece of memory: a portion is good until the next is taken. A third of the time for many."""
        space = torch.empty(portion, *self.shape[1:])
        for part in self.kept.split(portion):
            yield part if part.is_floating_point() else space[: len(part)].copy_(part).div_(self.white)

    @property
    def shape(self) -> torch.Size:
        """(n, channels, height, width)."""
        return self.kept.shape

    @property
    def float_bytes(self) -> int:
        """Bytes of all of them as floats."""
        return 4 * self.kept.numel()

    def _floats(self, chosen: Tensor) -> Tensor:
        return chosen if chosen.is_floating_point() else chosen.float().div_(self.white)

    if not TYPE_CHECKING:  # which would believe that they have everything

        def __getattr__(self, name: str) -> Any:
            """Whoever takes them for a tensor is told how to get one. AttributeError always."""
            raise AttributeError(f"pictures that are kept have no {name}: take tensors of them first: images[:].{name}")
