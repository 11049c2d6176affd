"""Chance that depends on a seed alone: torch draws from one state in the whole process, so one thread at a time may."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch

from ae_core.waits import patient

_drawing = threading.RLock()


@contextlib.contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Inside, draws on the processor, and on `device`, depend on `seed` only; afterwards chance is as it was."""
    with patient(_drawing):
        if device is not None and device.type != "cpu":
            with torch.random.fork_rng(devices=[device.index or 0], device_type=device.type):
                torch.manual_seed(seed)
                yield
            return
        outside = torch.get_rng_state()
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_rng_state(outside)
