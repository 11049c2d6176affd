"""Decode pictures that somebody uploaded, in a process of its own that may use little memory and little time.

The upload comes on the standard input: a PNG, JPEG, WebP, BMP or GIF, a zip of such, or a CSV of pixels. Of a zip, news
go before the answer, lines {"done": 12, "of": 600}: pictures looked at, and how many there are. The answer is a line of
JSON, as `Found.head` has it, then the uint8 rows of every picture; or {"error": "type", "numbers": []}. Of names
nothing is told but those of classes that are short plain words. `decoding.py` starts this file; it imports little, so
that it starts in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from PIL import Image

from ae_core.pictures.archives import HEAD, INFLATED, LARGEST, Archive, Refused, kind
from ae_core.pictures.modes import picture, reduced
from ae_core.pictures.names import NEITHER, NO_CLASS, evenly, numbered, places, plain
from ae_core.pictures.tables import (
    Table,
    divided,
    greys_of,
    is_text,
    labelled,
    labels_of,
    looks_like_table,
    parts_of,
    table_of_pixels,
    unlabelled,
)

SIDES, SIDES_IN_ZIP = (256, 256), (64, 128)  # the most of the shorter and the longer side of what is handed back
PICTURES = 2_000  # of a zip or a table
TABLES = (".csv", ".tsv", ".txt")
MOST_TABLES, LARGEST_TABLE = 4, 2_000_000  # that may name the classes of pictures; bytes of each
MEMORY, SECONDS = 700_000_000, 60
NICE = 10  # as a training: after the pages, and after what is computed for them


def tell(done: int, of: int) -> None:
    """Write how many of the files of a zip were looked at."""
    sys.stdout.buffer.write(json.dumps({"done": done, "of": of}, allow_nan=False).encode() + b"\n")
    sys.stdout.buffer.flush()


class Found(NamedTuple):
    """What is handed back: pictures, class and part of each as `names` counts them, and why others are left
    out.
    """

    pictures: list[Image.Image]
    labels: list[int]
    parts: list[int]
    classes: list[str]
    left_out: Counter[str]
    unknown: int = 0  # labels of pictures that are not there
    whole_set: bool = True

    def head(self) -> dict[str, Any]:
        """All but the pixels; of names only those that can stay on screen."""
        return {
            "pictures": [[image.height, image.width, len(image.getbands())] for image in self.pictures],
            "labels": self.labels,
            "parts": self.parts,
            "left_out": self.left_out,
            "unknown": self.unknown,
            "classes": [name if plain(name) else None for name in self.classes],
            "whole_set": self.whole_set,
        }


def pictures_of_zip(data: bytes) -> Found:
    """The pictures in a zip, no more than allowed. Refused where there are none."""
    archive = Archive(data)
    heads = [archive.read(k, HEAD) for k in range(len(archive.paths))]
    these = [k for k, head in enumerate(heads) if head is not None and kind(head) == "picture"]
    if not these:
        return _without_pictures(archive, heads)
    labels, parts, unknown, left_out = _said(archive, heads, these)
    classes, numbers = numbered(labels)
    taken: dict[int, Image.Image] = {}
    order = evenly(numbers, parts, PICTURES)
    for done, k in enumerate(order):
        if TELLING:
            tell(done, len(order))
        if len(taken) == PICTURES:
            left_out["too many"] += 1
        elif isinstance(found := _of_archive(archive, these[k]), str):
            left_out[found] += 1
        else:
            taken[k] = found
    if not taken:
        raise Refused("all large" if left_out["too large"] else "empty")
    kept = sorted(taken)
    return Found(
        [taken[k] for k in kept], [numbers[k] for k in kept], [parts[k] for k in kept], classes, left_out, unknown
    )


def _said(
    archive: Archive, heads: Sequence[bytes | None], these: Sequence[int]
) -> tuple[list[str], list[int], int, Counter[str]]:
    """What folders and tables say: label and part of each of these pictures, how many lines are about pictures that are
    not there; and why other files are left out.
    """
    paths = [archive.paths[k] for k in these]
    where = places(paths)
    texts = [k for end in TABLES for k, path in enumerate(archive.paths) if path[-1].casefold().endswith(end)][
        :MOST_TABLES
    ]
    tables = [(archive.paths[k], archive.read(k, LARGEST_TABLE) or b"") for k in texts]
    labels, unknown, used = labelled(paths, tables) or ([place.folder for place in where], 0, set())
    parts, dividing = divided(paths, tables)
    mute = unlabelled(paths, tables) - used - dividing
    others = set(range(len(heads))) - set(these) - {texts[k] for k in used | dividing | mute}
    left_out = Counter("cannot be read" if heads[k] is None else "not a picture" for k in others)
    left_out += Counter({"a table without labels": len(mute)})  # no entry where there is none
    return labels, parts or [place.part for place in where], unknown, left_out


def _of_archive(archive: Archive, k: int) -> Image.Image | str:
    """The picture that is file number k, or why it is left out."""
    data = archive.read(k, LARGEST + 1)
    if data is None or len(data) > LARGEST:
        return "cannot be read" if data is None else "too large"
    try:
        return picture(data, SIDES_IN_ZIP)
    except Refused as reason:
        return "too large" if str(reason) in ("pixels", "limits") else "cannot be read"


def _without_pictures(archive: Archive, heads: Sequence[bytes | None]) -> Found:
    """What is in a zip that holds no picture: one table of pixels, or what there is a sentence for."""
    tables = [k for k, path in enumerate(archive.paths) if path[-1].casefold().endswith(TABLES)]
    csvs = [k for k in tables if archive.paths[k][-1].casefold().endswith(TABLES[:2])]
    if len(csvs) > 1:
        found = _of_two_tables(archive, csvs)
        found.left_out["not a picture"] += len(heads) - len(csvs)
        return found
    these = csvs or tables
    if len(these) == 1 and heads[these[0]]:
        data = archive.read(these[0], INFLATED) or b""
        if looks_like_table(data):
            found = pictures_of_table(data)
            found.left_out["not a picture"] += len(heads) - 1
            return found
        if is_text(data):
            raise Refused("table")
    if archive.other_ways:
        raise Refused("packing")
    kinds = {kind(head) for head in heads if head}
    raise Refused("nested" if "packed" in kinds else "arrays" if "arrays" in kinds else "empty")


def _of_two_tables(archive: Archive, these: Sequence[int]) -> Found:
    """The rows of CSVs called as the parts of a whole, with columns that are the same. Refused where they are not."""
    stems = [(*archive.paths[k][:-1], archive.paths[k][-1].rpartition(".")[0], "") for k in these]
    parts = [place.part for place in places(stems)]
    if NEITHER in parts:
        raise Refused("tables", len(these))
    tables = []
    for k in these:
        data = archive.read(k, INFLATED) or b""
        if not looks_like_table(data):
            raise Refused("tables", len(these))
        tables.append(table_of_pixels(data))
    if len({(table.separator, table.label, *table.pixels) for table in tables}) > 1:
        raise Refused("tables", len(these))
    whole = tables[0]._replace(lines=[line for table in tables for line in table.lines])
    return _of_rows(whole, [part for part, table in zip(parts, tables, strict=True) for _ in table.lines])


def pictures_of_table(data: bytes) -> Found:
    """The rows of a CSV of pixels as pictures, no more than allowed. Refused where there are none."""
    table = table_of_pixels(data)
    return _of_rows(table, parts_of(table))


def _of_rows(table: Table, parts: Sequence[int]) -> Found:
    classes, numbers = numbered(labels_of(table))
    order = evenly(numbers, parts, PICTURES)
    rows = sorted(order[:PICTURES])
    greys = list(greys_of(table, rows))
    taken = [(row, grey) for row, grey in zip(rows, greys, strict=True) if grey is not None]
    if not taken:
        raise Refused("rows")
    size = (table.side, table.side)
    images = [reduced(Image.frombytes("L", size, grey), SIDES_IN_ZIP) for _, grey in taken]
    left_out = Counter({"too many": len(order) - len(rows), "cannot be read": len(rows) - len(taken)})
    kept = [row for row, _ in taken]
    return Found(images, [numbers[row] for row in kept], [parts[row] for row in kept], classes, +left_out)


def found_in(data: bytes) -> Found:
    """What is in an uploaded file. Refused where that is nothing that is taken."""
    what = kind(data[:HEAD])
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return pictures_of_zip(data)
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(data)
        what = kind(data[:HEAD]) or ("" if looks_like_table(data) or is_text(data) else "packed")
    if what in ("packed", "arrays"):
        raise Refused(what)
    if not what and looks_like_table(data):
        return pictures_of_table(data)
    if not what and is_text(data):
        raise Refused("table")
    return Found([picture(data, SIDES)], [NO_CLASS], [NEITHER], [], Counter(), whole_set=False)


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(INFLATED + 1)
    except (OSError, EOFError, zlib.error):
        raise Refused("broken") from None
    if len(found) > INFLATED:
        raise Refused("inflated")
    return found


def limit_this_process() -> None:
    """Little memory, little time, no files, no core dump; where the system knows such limits."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        for what, most in (
            (resource.RLIMIT_AS, MEMORY),
            (resource.RLIMIT_CPU, SECONDS),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 8),
        ):
            resource.setrlimit(what, (most, most))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICE)


def answer(data: bytes) -> bytes:
    """What is written for an upload."""
    try:
        if not data:
            raise Refused("nothing")
        if len(data) > LARGEST:
            raise Refused("bytes")
        found = found_in(data)
    except Refused as reason:
        return json.dumps({"error": str(reason), "numbers": reason.numbers}, allow_nan=False).encode() + b"\n"
    head = json.dumps(found.head(), allow_nan=False).encode()
    return b"\n".join([head, b"".join(image.tobytes() for image in found.pictures)])


TELLING = __name__ == "__main__"  # else nobody reads what is written


if TELLING:
    limit_this_process()
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(LARGEST + 1)))
