"""An upload becomes a data set: every picture turned to one shape, its folder its class, its part of the whole kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets import Dataset, DatasetError
from ae_core.datasets.own import EVERY, LEAST, keep
from ae_core.knobs import Knob, checked
from ae_core.pictures.names import BEYOND, LEARN, NEITHER, NO_CLASS, TEST
from ae_core.pictures.pixels import as_bytes
from ae_core.pictures.shaping import FLAT, NEARLY_BLACK, contrast, shaped, with_channels
from ae_core.pictures.upload import REASONS, Upload, left_out_words

LEAST_OF_A_CLASS = 2  # one to learn from, one to test on
NAMED = 12  # classes whose names are told in a sentence
PORTION = 32  # pictures that are turned between two reports


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
    def identity(self) -> str:
        """What tells it from every other one."""
        return repr(vars(self))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the pictures."""
        return (3 if self.colour else 1, self.side, self.side)

    def turn(self, picture: np.ndarray) -> Tensor:
        """A picture uint8 (height, width, 1 or 3) as uint8 (channels, side, side)."""
        values = with_channels(picture, self.shape[0])
        return as_bytes(shaped(1 - values if self.negative else values, self.shape, self.cut)[0])


class Kept(NamedTuple):
    """What became of an upload: a data set, and why the rest is not in it."""

    data: Dataset
    train: int  # pictures to learn from
    test: int  # pictures to test on
    left_out: Mapping[str, int]  # files or rows, by one of the `REASONS`
    sentence: str  # the same on the page and on the command line

    @property
    def record(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "dataset": self.data.name,
            "train": self.train,
            "test": self.test,
            "classes": list(self.data.classes) if len(self.data.classes) > 1 else [],
            "left_out": dict(self.left_out),
        }


def turned(upload: Upload, turning: Turning, report: Callable[[float], None] = lambda share: None) -> Tensor:
    """All pictures of an upload as uint8 (n, channels, side, side); `report` hears the share that is done."""
    images = []
    for k, picture in enumerate(upload.pictures):
        if k % PORTION == 0:
            report(k / len(upload.pictures))
        images.append(turning.turn(picture))
    return torch.stack(images)


def import_set(upload: Upload, turning: Turning, images: Tensor | None = None) -> Kept:
    """Keep the pictures of an upload as a data set; `images` are what `turned` made of them, if that is done already.

    Raises
        DatasetError: where it is no set, has too few different pictures, or there is no room for more.
    """
    if not upload.whole_set:
        raise DatasetError(f"This is one picture: a data set must have at least {LEAST}; put them into a zip.")
    images = turned(upload, turning) if images is None else images
    digests = [hashlib.sha256(picture.numpy().tobytes()).digest() for picture in images]
    made = arranged(digests, upload.labels, upload.parts)
    train, test = made.sizes
    lost = {part: _classless(made, upload, part) for part in (LEARN, TEST)}
    _require_enough(train, test, lost[LEARN], lost[TEST])
    images = images[made.order]
    data = keep(images, made.labels, made.for_test, [upload.classes[k] for k in made.classes])
    sentence = " ".join(filter(None, [_account(made, upload), _faint(images)]))
    return Kept(data, train, test, _left_out(made, upload), sentence)


def outlook(upload: Upload) -> str:
    """What a data set made of an upload will hold, where no two different pictures become the same."""
    digests = [
        hashlib.blake2b(str(picture.shape).encode() + picture.tobytes(), digest_size=16).digest()
        for picture in upload.pictures
    ]
    return _account(arranged(digests, upload.labels, upload.parts), upload)


def _account(made: Arranged, upload: Upload) -> str:
    """What is in a data set and what is not, in numbers that add up to all that was there."""
    (train, test), names = made.sizes, [upload.classes[k] for k in made.classes]
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    said = [
        f"{train:,} pictures to learn from and {test:,} to test on"
        + (", divided as they came" if set(upload.parts) != {NEITHER} else "")
        + (f", in {len(names):,} classes: {', '.join(names[:NAMED])}{more}." if names else ", without classes.")
    ]
    if words := left_out_words(_left_out(made, upload)):
        said.append(words)
    if upload.unknown:
        said.append(f"{upload.unknown:,} in the table of labels: no such picture is here.")
    return " ".join(said)


def _faint(images: Tensor) -> str:
    """What is wrong where pictures uint8 (n, channels, height, width) show next to nothing, with the remedy."""
    low, high = (int(end) for end in torch.aminmax(images))
    if high <= NEARLY_BLACK * 255:
        remedy = f"multiply them by {255 // max(1, high)}"
    elif high - low <= NEARLY_BLACK * 255:
        remedy = "spread them over 0 to 255"
    else:
        flat = sum(contrast(image / 255) < FLAT for image in images)
        if 2 * flat <= len(images):
            return ""
        return (
            f"{flat:,} of them are nearly of one grey, their values less than {FLAT * 255:.0f} of 255 apart: a network "
            "learns next to nothing from these; bring ones that show more, and delete this set."
        )
    return (
        f"Nearly all is of one grey: the values go from {low} to {high} of 255, and a network learns next to nothing "
        f"from them; {remedy}, bring the pictures again, and delete this set."
    )


def _left_out(made: Arranged, upload: Upload) -> dict[str, int]:
    counts = Counter(upload.left_out) + Counter(made.left_out.values())
    return {reason: counts[reason] for reason in REASONS if counts[reason]}


class Arranged(NamedTuple):
    """Which pictures are in a data set, in an order that only they decide."""

    order: Tensor  # (n,) indices
    labels: Tensor  # (n,) int64, places among `classes`
    for_test: Tensor  # (n,) bool
    classes: list[int]  # numbers of those that are left; none where there are fewer than two
    left_out: dict[int, str]  # index -> why

    @property
    def sizes(self) -> tuple[int, int]:
        """Pictures to learn from, and to test on."""
        return int((~self.for_test).sum()), int(self.for_test.sum())


def arranged(digests: Sequence[bytes], labels: Sequence[int], parts: Sequence[int] = ()) -> Arranged:
    """The different ones among pictures with these checksums that belong to a set, and their division.

    Where `parts` says nothing, every fifth is for testing: of those of one class in the order of their checksums, and
    counting goes on from class to class, so each has its share. Nothing depends on the order in which they came.
    """
    parts = parts or [NEITHER] * len(labels)
    divided = any(part != NEITHER for part in parts)
    left_out = {k: "in neither part" for k, part in enumerate(parts) if divided and part == NEITHER}
    kept: dict[bytes, int] = {}
    for k in sorted(range(len(labels)), key=lambda k: (-parts[k], labels[k] < 0, labels[k], k)):
        if k not in left_out and kept.setdefault(digests[k], k) != k:
            left_out[k] = "there twice"
    classes = _classes([labels[k] for k in kept.values()])
    for k in [k for k in kept.values() if classes and labels[k] not in classes]:
        left_out[k] = {NO_CLASS: "without a class", BEYOND: "too many classes"}.get(labels[k], "alone in its class")
        del kept[digests[k]]
    number = {label: k for k, label in enumerate(classes)}
    by_class = sorted(kept.values(), key=lambda k: (number.get(labels[k], 0), digests[k]))
    for_test = {k for k in by_class if parts[k] == TEST} if divided else {*by_class[EVERY - 1 :: EVERY]}
    order = sorted(by_class, key=digests.__getitem__)
    return Arranged(
        torch.tensor(order, dtype=torch.int64),
        torch.tensor([number.get(labels[k], 0) for k in order], dtype=torch.int64),
        torch.tensor([k in for_test for k in order], dtype=torch.bool),
        classes,
        left_out,
    )


def _classes(labels: Sequence[int]) -> list[int]:
    """The classes that have enough pictures, in order; none where that is but one."""
    counts = Counter(labels)
    enough = sorted(label for label, n in counts.items() if label >= 0 and n >= LEAST_OF_A_CLASS)
    return enough if len(enough) > 1 else []


def _classless(made: Arranged, upload: Upload, part: int) -> int:
    """How many pictures of a part are left out because no class is known of them."""
    return sum(why == "without a class" and upload.parts[k] == part for k, why in made.left_out.items())


def _require_enough(train: int, test: int, lost_train: int = 0, lost_test: int = 0) -> None:
    """DatasetError where a part has too few pictures, of which others have no class."""
    least = LEAST // EVERY
    if train + test < LEAST:
        raise DatasetError(
            f"{train + test} different picture{'s' * (train + test != 1)}: a data set must have at least {LEAST}, "
            "because a fifth of them is for testing; bring more."
        )
    if test < least or train < LEAST - least:
        if lost := lost_test if test < least else lost_train:
            raise DatasetError(
                f"{lost:,} pictures to {'test on' if test < least else 'learn from'} have no class, but others have: "
                f"with one, {train:,} are there to learn from and {test:,} to test on, and there must be at least "
                f"{LEAST - least} and {least}; put them into folders of their classes, or leave them out, and a fifth "
                "of the others is for testing."
            )
        raise DatasetError(
            f"The archive is divided into {train} pictures to learn from and {test} to test on: there must be at least "
            f"{LEAST - least} and {least}; move some, or leave out the folders that divide it."
        )
