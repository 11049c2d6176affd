"""Decode pictures that somebody uploaded, in a process of its own that may use little memory and little time.

    python -I picture_decoder.py < upload > answer

The upload is a PNG, JPEG, WebP, BMP or GIF, or a zip of such. The answer is a line of JSON, then grey values:
{"pictures": [[height, width, channels], ...], "folders": [k, ...], "skipped": n} and uint8 rows of every picture, or
{"error": "type"}. Of names nothing is told but that k counts folders in the order of the alphabet.
`own_pictures.py` starts this file; it imports nothing of the project, so that it starts in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator

from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

FORMATS = tuple(kind.format for kind in (
    PngImagePlugin.PngImageFile, JpegImagePlugin.JpegImageFile, WebPImagePlugin.WebPImageFile,
    BmpImagePlugin.BmpImageFile, GifImagePlugin.GifImageFile,
))  # fmt: skip
LARGEST = 20_000_000  # bytes of one file
PIXELS = 16_000_000  # of one picture
SIDES, SIDES_IN_ZIP = (256, 256), (64, 128)  # the most of the shorter and the longer side of what is handed back
INFLATED = 200_000_000  # bytes of everything in a zip, counted while inflating
ENTRIES, PICTURES = 10_000, 2_000  # names a zip may list, pictures taken from it
MEMORY, SECONDS = 700_000_000, 20
CHUNK = 1 << 16


class Refused(Exception):
    """Why an upload is not taken: one of the reasons that `own_pictures.py` has a sentence for."""


def picture(data: bytes, sides: tuple[int, int]) -> Image.Image:
    """The first frame, upright, as grey or RGB, no larger than `sides` (shorter, longer). Refused where it cannot be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > PIXELS:
                raise Refused("pixels")
            image.draft(
                "RGB", (2 * sides[1], 2 * sides[1])
            )  # a JPEG is decoded at a fraction of its size where that will do
            image.load()
            return _reduced(_plain(image), sides)
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise Refused("pixels") from None
    except Image.UnidentifiedImageError:
        raise Refused("type") from None
    except MemoryError:
        raise Refused("limits") from None
    except Exception:  # decoders raise whatever they trip over
        raise Refused("broken") from None


def _plain(image: Image.Image) -> Image.Image:
    """Upright, and grey (L) or RGB; what is transparent becomes white, as on paper."""
    image = ImageOps.exif_transpose(image)
    if image.mode[0] == "I":  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    if image.mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


def _reduced(image: Image.Image, sides: tuple[int, int]) -> Image.Image:
    scale = min(sides[0] / min(image.size), sides[1] / max(image.size))
    if scale >= 1:
        return image
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BOX)


def entries(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """The files of a zip, None for one that is too large or cannot be unpacked, each after the folder it is said to be in.

    Raises
        Refused: where it is no zip, lists too much, or inflates to too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Refused("broken") from None
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(archive.infolist()) > ENTRIES:
        raise Refused("entries")
    if files and all(entry.flag_bits & 1 for entry in files):
        raise Refused("locked")
    inflated = 0
    for entry in files:
        parts, size = [], 0
        usual = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not entry.flag_bits & 1
        try:
            if not usual:
                raise zipfile.BadZipFile
            with archive.open(entry) as stream:
                while size <= LARGEST and (part := stream.read(CHUNK)):
                    size, inflated = size + len(part), inflated + len(part)
                    if inflated > INFLATED:
                        raise Refused("inflated")
                    parts.append(part)
            yield entry.filename.rpartition("/")[0], b"".join(parts) if size <= LARGEST else None
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError, EOFError, RuntimeError):
            yield "", None


def pictures_of_zip(data: bytes) -> tuple[list[Image.Image], list[int], int]:
    """The pictures in a zip, the number of the folder of each, and how many of its files are none that we take."""
    found: list[Image.Image] = []
    names: list[str] = []
    skipped = 0
    for name, entry in entries(data):
        if entry is None or len(found) == PICTURES:
            skipped += 1
            continue
        try:
            found.append(picture(entry, SIDES_IN_ZIP))
            names.append(name)
        except Refused:
            skipped += 1
    if not found:
        raise Refused("empty")
    order = sorted(set(names))
    return found, [order.index(name) for name in names], skipped


def limit_this_process() -> None:
    """Little memory, little time, no files, no core dump; where the system knows such limits."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        for what, most in (
            (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 8),
        ):  # fmt: skip
            resource.setrlimit(what, (most, most))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)


def answer(data: bytes) -> bytes:
    """What is written for an upload."""
    try:
        if len(data) > LARGEST:
            raise Refused("bytes")
        if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            found, folders, skipped = pictures_of_zip(data)
        else:
            found, folders, skipped = [picture(data, SIDES)], [0], 0
    except Refused as reason:
        return json.dumps({"error": str(reason)}).encode() + b"\n"
    sizes = [[image.height, image.width, len(image.getbands())] for image in found]
    head = json.dumps({"pictures": sizes, "folders": folders, "skipped": skipped}).encode()
    return b"\n".join([head, b"".join(image.tobytes() for image in found)])


if __name__ == "__main__":
    limit_this_process()
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(LARGEST + 1)))
