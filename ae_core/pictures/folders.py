"""A folder of pictures on this computer, packed as the zip that the limited process reads."""

from __future__ import annotations

import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ae_core.pictures.archives import ENTRIES, LARGEST
from ae_core.pictures.names import hidden, names


class TooMuch(Exception):
    """More bytes or files than are taken."""


def packed(folder: Path) -> tuple[bytes, Counter[str]]:
    """A zip of the files in a folder that are not hidden, and why others are left out.

    A link is followed where it leads to a file in the same folder, and never into another folder.

    Raises
        TooMuch: where there are too many, or they are too large together.
        OSError: where the folder cannot be read.
    """
    folder, left_out, size, number = folder.resolve(strict=True), Counter[str](), 0, 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in _files(folder):
            number += 1
            data = _content(path, folder)
            if number > ENTRIES:
                raise TooMuch
            if isinstance(data, str):
                left_out[data] += 1
                continue
            size += len(data)
            if size > LARGEST:
                raise TooMuch
            name = str(path.relative_to(folder)).encode("utf-8", "replace").decode()
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue(), left_out


def _files(folder: Path) -> Iterator[Path]:
    """The files that are not hidden, and the links to folders, which nobody follows."""

    def stop(error: OSError) -> None:
        raise error

    for at, folders, found in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if not hidden((name,)))
        links = [name for name in folders if Path(at, name).is_symlink()]
        for name in sorted([*links, *found]):
            if not hidden(names(name)):
                yield Path(at, name)


def _content(path: Path, folder: Path) -> bytes | str:
    """What is in a file; or why it is left out."""
    real = path.resolve()
    if not real.is_relative_to(folder) or hidden(real.relative_to(folder).parts) or not real.is_file():
        return "cannot be read"
    try:
        with real.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError:
        return "cannot be read"
    return data if len(data) <= LARGEST else "too large"
