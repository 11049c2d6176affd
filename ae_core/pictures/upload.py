"""Pictures that somebody brings along: decoded in another process, checked, and turned to the shape of a model."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ae_core.pictures.decoding import Decoding
from ae_core.pictures.folders import TooMuch, packed
from ae_core.pictures.names import BEYOND, LEARN, MOST_CLASSES, NEITHER, TEST, plain

DECODER = Path(__file__).parent / "decoder.py"
WAIT_S = 30.0  # a decoder that says nothing for so long is ended
LARGEST = 20_000_000  # bytes of a file
MOST_PICTURES, MOST_COUNTED = 2_000, 10**8  # of an answer, whatever the decoder says
SETS = ("zip", "csv", "tsv", "txt", "gz")  # what may be a data set
ELSEWHERE = (
    "tar",
    "tgz",
    "bz2",
    "xz",
    "7z",
    "rar",
    "npy",
    "npz",
    "mat",
    "h5",
    "hdf5",
    "parquet",
    "idx",
)  # tried, and explained
KINDS = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "zip")

_TAKEN = "PNG, JPEG, WebP, BMP and GIF are taken, or a zip of such pictures"
SENTENCES = {
    "type": f"This file is not a picture of a kind that is taken here: {_TAKEN}; save it as one of these.",
    "broken": "This file is damaged or cut off: it must be a whole picture or zip; save or download it again.",
    "pixels": "This picture is too large: at most 16 megapixels are taken; make it smaller first.",
    "bytes": "This file is too large: at most 20 MB are taken; make the picture smaller, or take fewer.",
    "entries": "This zip lists too many files: at most 10,000 are taken; put fewer pictures into it.",
    "folder": (
        "This folder holds too much: at most 20 MB in 10,000 files are taken; make the pictures smaller, or take fewer."
    ),
    "inflated": "This zip holds too much: its files may have at most 200 MB when unpacked; put fewer pictures into it.",
    "empty": f"This zip holds no picture that is taken here: {_TAKEN}.",
    "all large": "This zip holds too large pictures only: at most 16 megapixels are taken; make them smaller first.",
    "nested": (
        "This zip holds packed files and no pictures: a zip of pictures is taken; unpack what is inside, and zip that."
    ),
    "packed": "This is an archive of another kind: a zip of pictures is taken; unpack it, and zip what was in it.",
    "arrays": (
        "These are arrays of numbers: pictures are taken, or a CSV of pixels, a label and a picture in each row; save "
        "them as PNG files in one folder for each class and zip these, or write a CSV."
    ),
    "columns": (
        "This CSV has {0:,} grey levels in a row: that must be a square, as 784 is of 28, beside one column for the "
        "label; leave out all other columns, or bring a zip of pictures."
    ),
    "comma": (
        "This CSV has commas in its numbers, as 0,5: they must have decimal points, as 0.5; replace each decimal comma "
        "by a point."
    ),
    "tables": (
        "This zip holds {0:,} CSVs and no pictures: one is taken, or one called train and one called test with the same"
        " columns; leave out the others."
    ),
    "table": (
        "This text is no table of pixels: each line must be a picture, its label first, then its grey levels, with "
        "commas, semicolons, tabs or spaces between them; write it so, or bring a zip of pictures."
    ),
    "row": (
        "Line {0:,} of this CSV has {1:,} columns: it must have {2:,}, as the first one; mend that line, or leave it "
        "out."
    ),
    "values": "This CSV has the grey level {0:g}: all must be from 0 to 255, or from 0 to 1; bring them there first.",
    "rows": (
        "This CSV has no row of numbers: each must be a picture, its label first, then its grey levels; write it again."
    ),
    "packing": (
        "This zip is packed in a way that is not taken, as BZIP2, LZMA and Deflate64 are: it must be Deflate, or not "
        "packed; zip it again in the ordinary way."
    ),
    "locked": "This zip is locked with a password: it must be open to be taken; pack it again without one.",
    "limits": (
        "This file needs more memory or time than is allowed: at most 60 seconds and 700 MB; take a simpler picture."
    ),
    "nothing": f"This file is empty: {_TAKEN}.",
}


REASONS = {  # why files, or rows of a table, are left out, and what to know about it
    "not a picture": "",
    "a table without labels": "it names pictures, but not their classes: that column must be called label or class",
    "cannot be read": "damaged, locked, or not packed as Deflate, the ordinary way; zip it again so",
    "too large": "at most 20 MB and 16 megapixels each",
    "too many": "at most 2,000 are taken, evenly over the classes",
    "in neither part": "the archive is divided for training and testing, and these are outside",
    "there twice": "each is kept once, for testing where it is in both parts",
    "without a class": "beside the folders of the classes, or not in the table of labels",
    "too many classes": f"at most {MOST_CLASSES}, the largest, are taken",
    "alone in its class": "a class must have at least 2 pictures",
}


class PictureError(ValueError):
    """An upload that is not taken; one sentence says why and what to do."""


@dataclass(frozen=True)
class Upload:
    """What was in an uploaded file."""

    pictures: tuple[np.ndarray, ...]  # each uint8 (height, width, channels), 1 or 3 channels, at most 256 pixels a side
    labels: tuple[int, ...]  # the place of its class among the names, or NO_CLASS, or BEYOND
    parts: tuple[int, ...]  # LEARN, TEST, or NEITHER, as the archive has it
    classes: tuple[str, ...]  # names of them, in natural order
    left_out: Mapping[str, int]  # files, or rows of a table, that nobody hid, by one of the `REASONS`
    unknown: int  # lines of a table of labels that are for no picture here
    whole_set: bool  # it was a zip, or a table

    @functools.cached_property
    def identity(self) -> str:
        """What tells it from other uploads: a checksum of all that is in it."""
        found = hashlib.sha256(repr((self.labels, self.parts, self.classes, self.left_out, self.unknown)).encode())
        for picture in self.pictures:
            found.update(f"{picture.shape}".encode() + picture.tobytes())
        return found.hexdigest()


def left_out_words(counts: Mapping[str, int]) -> str:
    """One sentence on what is left out, by reason; empty where nothing is."""
    reasons = (f"{n:,} {reason}{REASONS[reason] and f' ({REASONS[reason]})'}" for reason, n in counts.items())
    return f"Left out: {', '.join(reasons)}." if counts else ""


def decoding(data: bytes, gone_s: float | None = None) -> Decoding:
    """The decoding of the bytes of a file, not begun; it ends where nobody has looked at it for `gone_s`."""
    return Decoding(data, DECODER, WAIT_S, gone_s)


def read_upload(data: bytes) -> Upload:
    """The pictures in the bytes of a file, once they are decoded.

    Raises
        PictureError: where there are none, or where it asks for too much.
    """
    return upload_of(_decoded(data))


def upload_of(answer: bytes) -> Upload:
    """The pictures in the answer of a decoding. PictureError where there are none."""
    head, _, body = answer.partition(b"\n")
    try:
        return _checked(json.loads(head), body)
    except PictureError:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise PictureError(SENTENCES["limits"]) from error  # killed in the midst of it


def read_file(path: str) -> Upload:
    """The pictures in a file or folder on disk; PictureError also where it cannot be read."""
    try:
        if Path(path).is_dir():
            data, left_out = packed(Path(path))
        else:
            with Path(path).open("rb") as file:
                data, left_out = file.read(LARGEST + 1), Counter()
    except TooMuch:
        raise PictureError(SENTENCES["folder"]) from None
    except (OSError, ValueError) as error:
        raise PictureError(
            f"{str(path)[:80]!r} cannot be read: it must be a file or a folder of yours; give its path."
        ) from error
    found = read_upload(data)
    counts = left_out + Counter(found.left_out)
    return replace(found, left_out={reason: counts[reason] for reason in REASONS if counts[reason]})


def _decoded(data: bytes) -> bytes:
    """What the other process answers; nothing where it was ended by its limits."""
    begun = decoding(data).begin()
    begun.ended.wait()
    return begun.answer


def _checked(head: Any, body: bytes) -> Upload:
    """The answer of the decoder as arrays; it read foreign bytes, so it is not believed either."""
    if "error" in head:
        raise PictureError(_sentence(head["error"], head.get("numbers", [])))
    pictures, used = [], 0
    for height, width, channels in head["pictures"]:
        if not (1 <= height <= 256 and 1 <= width <= 256 and channels in (1, 3)):
            raise ValueError("sizes")
        size = height * width * channels
        rows = np.frombuffer(body, np.uint8, size, used).reshape(height, width, channels)
        pictures.append(rows)
        used += size
    if used != len(body) or not pictures:
        raise ValueError("length")
    classes = _names(head["classes"])
    labels, parts, left_out = head["labels"], head["parts"], head["left_out"]
    if not len(labels) == len(parts) == len(pictures) or len(pictures) > MOST_PICTURES:
        raise ValueError("length")
    if not all(type(k) is int and BEYOND <= k < len(classes) for k in labels) or not {*parts} <= {LEARN, TEST, NEITHER}:
        raise ValueError("labels")
    counts = [*left_out.values(), head["unknown"]]
    if not left_out.keys() <= REASONS.keys() or not all(type(n) is int and 0 <= n <= MOST_COUNTED for n in counts):
        raise ValueError("counts")
    left_out = {reason: left_out[reason] for reason in REASONS if left_out.get(reason)}
    return Upload(
        tuple(pictures), tuple(labels), tuple(parts), classes, left_out, head["unknown"], head["whole_set"] is True
    )


def _names(classes: Any) -> tuple[str, ...]:
    """The names of the classes on screen: their own where they are short plain words, else their place."""
    if not isinstance(classes, list) or len(classes) > MOST_CLASSES:
        raise ValueError("classes")
    own = [name for name in classes if name is not None]
    if not all(isinstance(name, str) and plain(name) for name in own) or len(set(own)) < len(own):
        raise ValueError("names")
    return tuple(_neutral(k + 1, own) if name is None else name for k, name in enumerate(classes))


def _neutral(place: int, taken: Sequence[str]) -> str:
    name = f"no. {place}"
    while name in taken:
        name += "."
    return name


def _sentence(reason: Any, numbers: Any) -> str:
    """The sentence for a refusal, with the numbers in it; they are foreign too."""
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError("numbers")
    return SENTENCES.get(reason, SENTENCES["broken"]).format(*numbers)
