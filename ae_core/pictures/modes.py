"""One picture from outside as grey or RGB of 8 bits, upright and small: what is transparent, deep or turned becomes
plain.

It runs in the process that decodes (`decoder.py`), and imports little but Pillow.
"""

from __future__ import annotations

import io
import warnings

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    ImageFilter,
    ImageOps,
    ImageStat,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from ae_core.pictures.archives import Refused

FORMATS = tuple(
    kind.format
    for kind in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        WebPImagePlugin.WebPImageFile,
        BmpImagePlugin.BmpImageFile,
        GifImagePlugin.GifImageFile,
    )
)
PIXELS = 16_000_000  # of one picture
DEPTHS = (8, 10, 12, 14, 16)  # bits that 16 bits may have been filled with
ALIKE = 32  # steps of 255 by which paper may differ from paper
NEARLY_ALL, ALL = 0.9, 0.97  # shares: of paper beside what is transparent, of ink of one colour


def picture(data: bytes, sides: tuple[int, int]) -> Image.Image:
    """The first frame, upright, as grey or RGB, no larger than `sides` (shorter, longer). Refused where it
    cannot be.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > PIXELS:
                raise Refused("pixels")
            # A JPEG is decoded at a fraction of its size where that will do; others are made small before all else.
            image.draft("RGB", (2 * sides[1], 2 * sides[1]))
            small = reduced(_eight_bits(image, data), sides)
            return _on_paper(ImageOps.exif_transpose(small))
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


def _eight_bits(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """Grey or RGB of 8 bits a channel, with alpha (RGBA) where something may be transparent."""
    packing = str(image.tile[0][3]) if image.tile else ""
    image.load()
    if image.mode[0] == "I":  # 16 bits of grey
        wide = image.convert("I")
        white = _white(_largest(wide))
        return wide.point(lambda value: value * (255.5 / white)).convert("L")  # what is behind the point is dropped
    if packing in ("RGB;16B", "RGBA;16B", "LA;16B"):  # of which Pillow keeps the upper 8 bits
        return _all_bits(image, packing, data).convert("RGBA" if "A" in packing else "RGB")
    clear = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    mode = "RGBA" if clear else "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _largest(channel: Image.Image) -> int:
    most = channel.getextrema()[1]
    assert not isinstance(most, tuple)
    return int(most)


def _white(most: float) -> int:
    """The value of white where `most` is the largest of 16 bits: cameras and microscopes fill 10, 12 or 14 of them."""
    return min(2**bits - 1 for bits in DEPTHS if most < 2**bits)


def _all_bits(high: Image.Image, packing: str, data: bytes) -> Image.Image:
    """A picture of 16 bits a channel, of which the upper 8 are known, scaled to what its colours really fill."""
    colours = [name for name in high.getbands() if name != "A"]
    white = _white(256 * max(_largest(high.getchannel(name)) for name in colours) + 255)
    if white == _white(65535):
        return high
    lower = _lower_bits(packing, data)
    bands = {name: high.getchannel(name) for name in high.getbands()}
    for name in colours:
        upper = bands[name].point([min(255, round(value * 256 * 255 / white)) for value in range(256)])
        bands[name] = ImageChops.add(upper, lower[name].point([round(value * 255 / white) for value in range(256)]))
    return Image.merge(high.mode, list(bands.values()))


def _lower_bits(packing: str, data: bytes) -> dict[str, Image.Image]:
    """The lower 8 of the 16 bits of each channel. Pillow gives the first byte of two, or what it is told are four
    channels.
    """
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if packing == "LA;16B":
        image.tile = [image.tile[0]._replace(args="RGBA")]
        image.load()
        return {"R": image.getchannel("G"), "G": image.getchannel("G"), "B": image.getchannel("G")}
    image.tile = [image.tile[0]._replace(args=f"{packing[:-1]}L")]  # as if the bytes of each pair were exchanged
    image.load()
    return {name: image.getchannel(name) for name in image.getbands()}


def _on_paper(image: Image.Image) -> Image.Image:
    """Without its alpha. Where the pixels beside the transparent ones are nearly all alike and others are not, they are
    paper, and the paper goes on; else what is seen is ink, and it is put on what differs most from it, white or black.
    """
    if image.mode != "RGBA":
        return image
    alpha, colours, grey = image.getchannel("A"), image.convert("RGB"), image.convert("RGB").convert("L")
    half = _largest(alpha) / 2
    seen = alpha.point(lambda value: 255 * (value > half))
    rim = ImageChops.multiply(seen, ImageChops.invert(seen).filter(ImageFilter.MaxFilter(3)))
    paper: tuple[int, ...] = (255, 255, 255)
    if rim.getbbox():
        beside = ImageStat.Stat(colours, rim).median
        tone = ImageStat.Stat(grey, rim).median[0]
        if _alike(grey, rim, tone) > NEARLY_ALL and _alike(grey, seen, tone) < ALL:
            paper = tuple(beside)
        elif ImageStat.Stat(grey, seen).mean[0] > 127.5:
            paper = (0, 0, 0)
    return Image.composite(colours, Image.new("RGB", image.size, paper), alpha)


def _alike(grey: Image.Image, mask: Image.Image, tone: float) -> float:
    """The share of pixels within `mask` that are nearly as light as `tone`."""
    counts = grey.histogram(mask)
    return sum(counts[max(0, int(tone) - ALIKE) : int(tone) + ALIKE + 1]) / max(1, sum(counts))


def reduced(image: Image.Image, sides: tuple[int, int]) -> Image.Image:
    """The picture, no larger than `sides` (shorter, longer)."""
    scale = min(sides[0] / min(image.size), sides[1] / max(image.size))
    if scale >= 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if image.mode == "RGBA":  # what is transparent has no colour to give to its neighbours
        return image.convert("RGBa").resize(size, Image.Resampling.BOX, reducing_gap=2.0).convert("RGBA")
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
