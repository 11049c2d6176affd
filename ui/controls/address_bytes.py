"""Bytes as a short text for the address, and back: what a visitor drew, and which dots were chosen."""

from __future__ import annotations

import base64
import zlib


def packed(data: bytes) -> str:
    """Bytes, compressed, in letters that an address takes as they are."""
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def unpacked(text: str, size: int, longest: int) -> bytes:
    """The `size` bytes that `packed` made a text of, of at most `longest` characters. ValueError where it is none:
    it comes from a stranger, and may unfold to gigabytes.
    """
    if len(text) > longest:
        raise ValueError(f"A text of {len(text)} characters: must have at most {longest}.")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), size + 1)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"The text {text[:20]!r}: must be packed here.") from error
    if len(data) != size or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"The text {text[:20]!r}: must hold {size} bytes.")
    return data
