"""Arrays become crisp pictures: strips of equal cells, one PNG for each row of a sheet."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from PIL import Image

from ui.colours import OURS, TOO_BRIGHT, TOO_DARK
from ui.markup import render

Pixels = np.ndarray  # uint8, (n, height, width, 1, 3, or 4: the last says how much covers the page)
SHEET = 0.09  # how much a signed error of zero covers the page, light or dark


@dataclass(frozen=True)
class Row:
    """One row of a sheet: its label, a smaller second line, the pictures, and the text read to those who cannot see."""

    label: str
    pixels: Pixels
    alt: str
    detail: str = ""
    empty: bool = False  # only the place of the pictures is kept: they are yet to come

    @property
    def address(self) -> str:
        """The pictures side by side, as `data_uri`."""
        return data_uri(strip(self.pixels))

    @property
    def shape(self) -> str:
        """Width and height of the strip, as CSS writes a ratio."""
        n, height, width, _ = self.pixels.shape
        return f"{n * (width + 2 * _margin(width))} / {height}"


def grey(images: np.ndarray) -> Pixels:
    """Images (n, channels, height, width) in [0, 1] or uint8 as pixels (n, height, width, channels)."""
    if images.dtype != np.uint8:
        images = (images.clip(0, 1) * 255).round().astype(np.uint8)
    return np.moveaxis(images, 1, -1)


def signed(errors: np.ndarray, scale: float) -> Pixels:
    """Errors (n, channels, height, width) as colours: almost clear at zero, so that it is the page's own light or dark
    that shows; red at +scale (too bright), blue at -scale.
    """
    share = (errors.mean(axis=1) / max(scale, 1e-9)).clip(-1, 1)[..., None]  # (n, height, width, 1)
    ends, much = np.where(share > 0, np.array(TOO_BRIGHT), np.array(TOO_DARK)), np.abs(share)
    cover = much + (1 - much) * SHEET
    colours = (much * ends + (1 - much) * SHEET * 128) / cover
    return np.concatenate([colours, 255 * cover], axis=-1).round().astype(np.uint8)


def levels(shares: Sequence[float], width: int) -> Pixels:
    """Shares in [0, 1] as bars that stand on the lower edge of cells half as high as they are wide."""
    height = max(8, width // 2)
    full = np.array([round(height * min(1.0, max(0.0, share))) for share in shares])
    cells = np.zeros((len(full), height, width, 4), np.uint8)
    cells[..., :3] = tuple(bytes.fromhex(OURS[1:]))
    cells[..., 3] = 255 * (np.arange(height)[None, ::-1] < full[:, None])[..., None]
    return cells


def strip(pixels: Pixels) -> bytes:
    """A PNG with all pictures side by side in cells of equal width, the gaps transparent."""
    n, height, width, channels = pixels.shape
    margin = _margin(width)
    mode, full = ("LA", 2) if channels == 1 else ("RGBA", 4)
    cells = np.zeros((height, n, width + 2 * margin, full), np.uint8)
    cells[:, :, margin : margin + width, -1] = 255
    cells[:, :, margin : margin + width, :channels] = pixels.transpose(1, 0, 2, 3)
    buffer = io.BytesIO()
    Image.fromarray(cells.reshape(height, -1, full), mode).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _margin(width: int) -> int:
    """Pixels on either side of a picture in its cell."""
    return max(1, width // 16)


def png(pixels: np.ndarray) -> bytes:
    """A PNG of one picture uint8 (height, width, 1, 3 or 4)."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def mosaic(pixels: Pixels, columns: int) -> bytes:
    """A PNG of pictures edge to edge, row by row, `columns` in a row."""
    n, height, width, channels = pixels.shape
    rows = n // columns
    grid = pixels[: rows * columns].reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    whole = grid.reshape(rows * height, columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(whole[..., 0] if channels == 1 else whole).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def data_uri(picture: bytes, kind: str = "png") -> str:
    """A picture as an address that needs no second request; `kind` is the end of its media type."""
    return f"data:image/{kind};base64," + base64.b64encode(picture).decode()


def image(picture: bytes, alt: str, kind: str = "") -> Markup:
    """HTML of one picture, laid out as `ui/style.css` says for the class `kind`."""
    return render("image.html", address=data_uri(picture), alt=alt, kind=kind)


class Sheet(NamedTuple):
    """What `sheet` takes: rows of pictures, short texts under the last row, and the colours of their classes."""

    rows: Sequence[Row]
    cells: Sequence[str] = ()
    cells_label: str = ""
    colours: Sequence[str] = ()

    @property
    def underlined(self) -> list[tuple[str, str]]:
        """Each text with the colour of its class, which is empty where classes have none."""
        return list(zip(self.cells, self.colours or [""] * len(self.cells), strict=True))


def sheet(rows: Sequence[Row], cells: Sequence[str] = (), cells_label: str = "", colours: Sequence[str] = ()) -> Markup:
    """HTML of a sheet: rows of pictures, cell under cell, and below them a labelled line of short texts.

    `colours`, one for each cell, underline the texts; they say the class, which the text says too.
    """
    return sheets([Sheet(rows, cells, cells_label, colours)])


def sheets(shown: Sequence[Sheet]) -> Markup:
    """HTML of sheets one below the other; one element of a page is faster to draw than several."""
    return render("sheets.html", sheets=shown)


def halves(rows: Sequence[Row]) -> Markup:
    """HTML of a sheet that is cut in two, the first pictures of each row and the last: side by side where there is
    room, on a phone one below the other, so that no picture is too small to be seen.
    """
    middle = -(-len(rows[0].pixels) // 2)
    cut = [
        [replace(row, pixels=row.pixels[part], alt=f"{row.alt} ({which} half)") for row in rows]
        for which, part in (("first", slice(middle)), ("second", slice(middle, None)))
    ]
    return render("halves.html", rows=len(rows), sheets=list(map(Sheet, cut)))


class Figure(NamedTuple):
    """A picture and what stands below it: a label with short lines, or words. Without an address there is only that."""

    address: str
    alt: str
    label: str = ""
    lines: Sequence[str] = ()
    words: str = ""
    kind: str = ""  # a class of `ui/style.css` for the picture
    delay: str = ""  # until it arrives, as CSS writes times, where figures arrive one after the other


def figures(kind: str, shown: Sequence[Figure]) -> Markup:
    """HTML of pictures with words below each, laid out as `ui/style.css` says for the class `kind`."""
    return render("figures.html", kind=kind, figures=shown)


@dataclass(frozen=True)
class Tile:
    """One picture with words below it: what it is, then short lines about it."""

    label: str
    pixels: np.ndarray  # uint8, (height, width, 1 or 3)
    alt: str
    lines: Sequence[str] = ()


def tiles(shown: Sequence[Tile]) -> Markup:
    """HTML of pictures side by side, all of one size, as many in a row as fit."""
    return figures("ae-tiles", [Figure(data_uri(png(tile.pixels)), tile.alt, tile.label, tile.lines) for tile in shown])
