"""What is in a file before any picture of it is decoded: the files of a zip, and what kind of thing each of them is.

This is used by the limited process that decodes pictures; it needs nothing but Python.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib

from ae_core.pictures.names import hidden, in_order, names

LARGEST = 20_000_000  # bytes of one file
INFLATED = 200_000_000  # bytes of everything in a zip, counted while inflating
ENTRIES = 10_000  # files of a zip
HEAD = 512  # bytes that say what a file is
CHUNK = 1 << 16
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # ways of packing that are taken
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
_PACKED = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
_NUMBERS = (
    b"\x93NUMPY",
    b"\0\0\x08\x01",
    b"\0\0\x08\x03",
    b"\0\0\x08\x04",
    b"MATLAB 5.0",
    b"\x89HDF",
    b"PAR1",
    b"ARROW1",
)


class Refused(Exception):
    """Why an upload is not taken: one of the reasons that `upload.py` has a sentence for, and numbers in it."""

    def __init__(self, reason: str, *numbers: float) -> None:
        super().__init__(reason)
        self.numbers = numbers


def kind(head: bytes) -> str:
    """What a file is by its first bytes: a `picture`, `packed` files, `arrays` of numbers, or nothing that is known
    here.
    """
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    if head.startswith(_PACKED) or head[257:262] == b"ustar":
        return "packed"
    return "arrays" if head.startswith(_NUMBERS) else ""


class Archive:
    """The files of a zip that somebody put there on purpose, in natural order.

    Raises
        Refused: where it is no zip, lists too much, or is locked.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            raise Refused("broken") from None
        every = [(names(_name(entry)) or ("",), entry) for entry in self._zip.infolist() if not entry.is_dir()]
        shown = [file for file in every if not hidden(file[0])]
        if len(shown) > ENTRIES:
            raise Refused("entries")
        shown.sort(key=lambda file: in_order(file[0]))
        if shown and all(entry.flag_bits & 1 for _, entry in shown):
            raise Refused("locked")
        self._inflated = 0
        self._entries = [entry for _, entry in shown]
        self.paths = [path for path, _ in shown]

    @property
    def other_ways(self) -> bool:
        """Whether a file is packed in a way that is not taken."""
        return any(entry.compress_type not in PACKINGS for entry in self._entries)

    def read(self, k: int, most: int) -> bytes | None:
        """File number k, or its first `most` bytes; None where it cannot be unpacked. Refused where all is too much."""
        entry, parts, size = self._entries[k], list[bytes](), 0
        if entry.compress_type not in PACKINGS or entry.flag_bits & 1:
            return None
        try:
            with self._zip.open(entry) as stream:
                while size < most and (part := stream.read(min(CHUNK, most - size))):
                    size, self._inflated = size + len(part), self._inflated + len(part)
                    if self._inflated > INFLATED:
                        raise Refused("inflated")
                    parts.append(part)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError, EOFError, RuntimeError):
            return None
        return b"".join(parts)


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of a file; some packers write UTF-8 and do not say so."""
    if not entry.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return entry.filename.encode("cp437").decode("utf-8")
    return entry.filename
