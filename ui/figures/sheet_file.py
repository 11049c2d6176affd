"""A sheet of pictures as one PNG file, with its labels and where it is from, for a slide or a paper."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from ui.figures.pictures import Row, Sheet, Tile, strip

LABEL, SIDE, GAP, EDGE = 210, 72, 10, 24  # pixels: width of the labels, least width of a picture, between rows, around
TEXT, SMALL, LINE = 17, 14, 22
INK, FAINT, PAPER = "#1a1c22", "#60646f", "white"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def sheet_png(sheets: Sequence[Sheet], words: Sequence[str]) -> bytes:
    """Sheets one below the other, and under them lines of words, such as where the pictures are from."""
    images = [_drawn(sheet) for sheet in sheets]
    width = max(image.width for image in images) + 2 * EDGE
    small = ImageFont.load_default(SMALL)
    lines = [line for text in words for line in wrapped(text, small, width - 2 * EDGE)]
    height = sum(image.height + GAP for image in images) + LINE * len(lines) + 2 * EDGE
    whole = Image.new("RGB", (width, height), PAPER)
    top = EDGE
    for image in images:
        whole.paste(image, (EDGE, top))
        top += image.height + GAP
    pen = ImageDraw.Draw(whole)
    for line in lines:
        pen.text((EDGE, top), line, FAINT, small)
        top += LINE
    return _file(whole, " ".join(words))


def as_sheet(tiles: Sequence[Tile]) -> Sheet:
    """Pictures with words below each, as a sheet in which every picture is a row of its own."""
    return Sheet([Row(tile.label, tile.pixels[None], tile.alt, " · ".join(tile.lines)) for tile in tiles])


def plain_png(pixels: bytes, words: str) -> bytes:
    """A PNG as it is, four times as large, with words inside the file that do not show."""
    image = Image.open(io.BytesIO(pixels))
    return _file(image.resize((4 * image.width, 4 * image.height), Image.Resampling.NEAREST), words)


def wrapped(text: str, font: Font, width: int) -> list[str]:
    """Lines of a text that are at most `width` pixels wide; a longer word is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            fits = next((k for k in range(len(word), 1, -1) if font.getlength(word[:k]) <= width), 1)
            lines.append(word if fits == len(word) else word[: fits - 1] + "…")
    return lines


def _file(image: Image.Image, words: str) -> bytes:
    buffer, more = io.BytesIO(), PngInfo()
    more.add_itxt("Description", words)
    image.save(buffer, "PNG", pnginfo=more)
    return buffer.getvalue()


def _drawn(sheet: Sheet) -> Image.Image:
    strips = [_enlarged(row) for row in sheet.rows]
    width = LABEL + max(image.width for image in strips)
    height = sum(max(image.height, 3 * LINE) + GAP for image in strips) + (LINE if sheet.cells else 0)
    whole = Image.new("RGB", (width, height), PAPER)
    pen, top = ImageDraw.Draw(whole), 0
    for row, image in zip(sheet.rows, strips, strict=True):
        whole.paste(image, (LABEL, top), image)
        _label(pen, row, top + max(0, image.height // 2 - LINE))
        top += max(image.height, 3 * LINE) + GAP
    if sheet.cells:
        small, step = ImageFont.load_default(SMALL), strips[-1].width / len(sheet.cells)
        pen.text((0, top), sheet.cells_label, FAINT, small)
        for k, text in enumerate(sheet.cells):
            pen.text((LABEL + (k + 0.5) * step, top), text, INK, small, anchor="ma")
    return whole


def _label(pen: ImageDraw.ImageDraw, row: Row, top: int) -> None:
    for text, size, ink, most in ((row.label, TEXT, INK, 2), (row.detail, SMALL, FAINT, 2)):
        font = ImageFont.load_default(size)
        for line in wrapped(text, font, LABEL - 12)[:most]:
            pen.text((0, top), line, ink, font)
            top += LINE


def _enlarged(row: Row) -> Image.Image:
    """The strip of a row, its pictures at least SIDE wide, each pixel enlarged to a square."""
    image = Image.open(io.BytesIO(strip(row.pixels))).convert("RGBA")
    factor = max(1, round(SIDE / row.pixels.shape[2]))
    return Image.fromarray(np.asarray(image).repeat(factor, axis=0).repeat(factor, axis=1))
