"""Pictures one after the other as a GIF."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

LEAST_SIDE = 280  # pixels; small pictures are enlarged, each pixel to a square


def gif(pictures: np.ndarray, frame_ms: int = 80, rest_ms: int = 600) -> bytes:
    """A GIF that runs through pictures uint8 (n, height, width, 1 or 3), back again, and so on without end.

    It rests at the first and at the last picture. Grey pictures keep all their grey levels.

    Raises
        ValueError: for fewer than two pictures.
    """
    if len(pictures) < 2:
        raise ValueError(f"{len(pictures)} picture: must be two or more; a way has two ends.")
    factor = max(1, -(-LEAST_SIDE // max(pictures.shape[1:3])))
    large = pictures.repeat(factor, axis=1).repeat(factor, axis=2)
    frames = [Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture) for picture in large]
    there_and_back = [*frames, *frames[-2:0:-1]]
    times = [frame_ms] * len(there_and_back)
    times[0] = times[len(frames) - 1] = rest_ms
    buffer = io.BytesIO()
    there_and_back[0].save(
        buffer, "GIF", save_all=True, append_images=there_and_back[1:], duration=times, loop=0, optimize=False
    )
    return buffer.getvalue()
