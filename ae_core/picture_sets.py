"""A zip of pictures becomes a data set: every picture turned to one shape, its folder its class where folders are simple."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets import Dataset, DatasetError
from ae_core.datasets.own import EVERY, LEAST, keep
from ae_core.exploration import as_bytes
from ae_core.fitting import shaped, with_channels
from ae_core.knobs import Knob, checked
from ae_core.own_pictures import Upload
from ae_core.slices import EachPicture

MOST_CLASSES, LEAST_OF_A_CLASS = 10, 5


class Turning:
    """How all pictures are turned to one shape; the knobs of an import."""

    def __init__(
        self,
        *,
        side: Annotated[
            int, Knob("Pixels along each side of the squares that all pictures become", 8, 64, label="Side")
        ] = 28,
        colour: Annotated[bool, Knob("Whether colours are kept: three numbers a pixel instead of one")] = False,
        cut: Annotated[
            str,
            Knob("The middle, cut to a square, or the whole picture with bars", choices=("crop", "whole"), label="Fit"),
        ] = "crop",
        negative: Annotated[
            bool, Knob("Whether dark becomes light, for dark ink on light paper", label="Turn dark and light")
        ] = False,
    ) -> None:
        values = checked(Turning, {"side": side, "colour": colour, "cut": cut, "negative": negative})
        self.side, self.colour, self.cut, self.negative = values.values()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the pictures."""
        return (3 if self.colour else 1, self.side, self.side)

    def turn(self, picture: np.ndarray) -> Tensor:
        """A picture uint8 (height, width, 1 or 3) as uint8 (channels, side, side)."""
        values = with_channels(picture, self.shape[0])
        return as_bytes(shaped(1 - values if self.negative else values, self.shape, self.cut)[0])


class Import(EachPicture):
    """The pictures of a zip on their way to a data set: they are turned in slices of time, then kept."""

    def __init__(self, upload: Upload, turning: Turning) -> None:
        super().__init__(upload.pictures, turning.turn)
        self._upload = upload

    def keep(self) -> Dataset:
        """Turn what is not turned yet, and keep all as a data set.

        Raises
            DatasetError: where it is no zip, has too few different pictures, or there is no room for more.
        """
        if not self._upload.whole_set:
            raise DatasetError(f"This is one picture: a data set must have at least {LEAST}; put them into a zip.")
        return keep(*arranged(self.result(), self._upload.folders))


def arranged(images: Tensor, folders: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The different ones among pictures (n, channels, side, side) uint8 in an order that only they decide, and their classes.

    Of those of one class in the order of their checksums every fifth is for testing, and counting goes on from class to
    class. Both parts are then mixed by checksum, and every fifth place of the whole is given to one for testing.
    """
    different: dict[bytes, int] = {}
    for k, picture in enumerate(images):
        different.setdefault(hashlib.sha256(picture.numpy().tobytes()).digest(), k)
    labels = classes([folders[k] for k in different.values()])
    by_class = sorted(zip(labels, different, strict=True))
    for_test = sorted(by_class[EVERY - 1 :: EVERY], key=itemgetter(1))
    others = iter(sorted(set(by_class) - set(for_test), key=itemgetter(1)))
    mixed = [for_test[k // EVERY] if k % EVERY == EVERY - 1 else next(others) for k in range(len(by_class))]
    return images[[different[digest] for _, digest in mixed]], torch.tensor([label for label, _ in mixed])


def classes(folders: Sequence[int]) -> list[int]:
    """The class of each picture: its folder where there are 2 to 10 with at least 5 pictures each, else 0 for all."""
    counts = Counter(folders)
    simple = 2 <= len(counts) <= MOST_CLASSES and min(counts.values()) >= LEAST_OF_A_CLASS
    numbers = {folder: k for k, folder in enumerate(sorted(counts))}
    return [numbers[folder] if simple else 0 for folder in folders]
