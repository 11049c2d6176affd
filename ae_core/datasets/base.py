"""What a data set is: an entry that says what it holds and where it comes from, and can load itself."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from ae_core.datasets.framing import Framing, resized
from ae_core.models.base import Shape
from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import checked_pictures

Fetching = Iterator[tuple[int, int]]  # (bytes received, bytes expected), again and again until done


class DatasetError(ValueError):
    """A data set that is unknown, absent or damaged; the text says what to do."""


@dataclass(frozen=True)
class Images:
    """Pictures with their labels; read-only by agreement, because everybody shares them."""

    images: Pictures  # (n, channels, height, width); a tensor of float32 in [0, 1] becomes such ones
    labels: Tensor  # (n,), int64
    factors: dict[str, Tensor] = field(default_factory=dict)  # what the pictures were made from, each (n,)

    def __post_init__(self) -> None:
        """PixelError where a tensor is given that holds no such pictures."""
        if not isinstance(self.images, Pictures):
            object.__setattr__(self, "images", Pictures(checked_pictures(self.images)))

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Split:
    """The fixed division of a data set: learn from `train`, judge on `test`."""

    train: Images
    test: Images

    @functools.cached_property
    def identity(self) -> str:
        """SHA-256 of all pictures and labels of both parts."""
        found = hashlib.sha256()
        for part in (self.train, self.test):
            kept = part.images.kept
            found.update(f"{tuple(kept.shape)} {kept.dtype} {part.images.white}".encode())
            for values in (kept, part.labels):
                found.update(values.contiguous().numpy().data)
        return found.hexdigest()


class Program(NamedTuple):
    """How a program of one file reads a data set: lines that make `train` and `test`, and where their names are
    defined.
    """

    lines: str
    origins: dict[str, str]  # name -> module of this project that defines or imports it


@dataclass(frozen=True)
class Dataset:
    """One data set. Reading this entry loads nothing; `load` does, once for the whole process."""

    name: str
    title: str
    shape: Shape
    classes: tuple[str, ...]
    about: str
    source: str
    licence: str
    epochs: int  # passes that show the idea in a few seconds to a minute
    load: Callable[[], Split]
    present: Callable[[], bool] = lambda: True
    fetch: Callable[[], Fetching] | None = None  # None: nothing to download
    program: Program | None = None  # None: calling `load`, a function without arguments, is all there is to it
    packed: Callable[[], bytes] | None = None  # the file that such a program needs beside it
    remove: Callable[[], None] | None = (
        None  # delete the pictures for good; None: they came with the program or can be fetched
    )
    framing: Framing | None = None  # how its makers placed and scaled a drawing; None: place and size are kept

    @property
    def identity(self) -> str:
        """What tells its pictures from others of that name. DatasetError where they are not here."""
        return f"{self.name} {self.load().identity}"

    def frame(self, drawing: Tensor) -> Tensor:
        """A drawing (h, w) in [0, 1], light on dark, as a picture (1, channels, height, width) of this data set."""
        channels, height, width = self.shape
        framed = self.framing(drawing) if self.framing else resized(drawing, height, width)
        return framed.expand(1, channels, height, width)
