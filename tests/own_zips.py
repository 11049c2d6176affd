"""Pictures that somebody brings along: files of noise that differ, zips of them, and the data sets they become."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ae_core.datasets import datasets, own
from ae_core.pictures.set_import import Turning, import_set
from ae_core.pictures.upload import read_upload

Files = list[tuple[str, bytes]]


def picture(k: int, size: tuple[int, int] = (40, 30)) -> bytes:
    """A PNG that no other number gives."""
    file = io.BytesIO()
    noise = np.random.default_rng(k).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def files(n: int = 60, folders: Sequence[str] = ("b", "a", "c")) -> Files:
    """Names and contents of n pictures, dealt out to the folders."""
    return [(f"{folders[k % len(folders)]}/{k}.png", picture(k)) for k in range(n)]


def zipped(inside: Files, compression: int = zipfile.ZIP_STORED) -> bytes:
    """These files in a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in inside:
            archive.writestr(name, data)
    return file.getvalue()


def deflated(inside: Files) -> bytes:
    """The same, made smaller."""
    return zipped(inside, zipfile.ZIP_DEFLATED)


def locked(data: bytes) -> bytes:
    """The same zip, every file marked as encrypted."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = changed.find(mark, at + 1)
    return bytes(changed)


def imported(inside: Files | None = None, **knobs: object) -> own.Dataset:
    """A data set of these pictures, 8 pixels wide where nothing else is asked."""
    return import_set(read_upload(zipped(inside or files())), Turning(**{"side": 8, **knobs})).data


def left_over() -> list[Path]:
    """Everything in the folder of own pictures that is no whole data set."""
    return [path for path in own.own_folder().glob("*") if path.name not in datasets()]
