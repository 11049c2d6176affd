"""Where tensors are computed: CUDA or Apple's MPS when torch has one, otherwise the processor."""

from __future__ import annotations

import os

import torch


class DeviceError(ValueError):
    """AE_DEVICE asks for something this machine does not have."""


def chosen_device() -> torch.device:
    """The device named by the environment variable AE_DEVICE (default `auto`: the fastest kind present).

    Raises
        DeviceError: where AE_DEVICE is not auto, cpu, cuda or mps, or torch cannot use it here.
    """
    wish = os.environ.get("AE_DEVICE", "auto")
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        return torch.device(next(kind for kind, here in present.items() if here))
    if not present.get(wish, False):
        usable = ", ".join(["auto", *(kind for kind, here in present.items() if here)])
        raise DeviceError(f"AE_DEVICE = {wish!r}: not a device of this machine; set it to one of {usable}.")
    return torch.device(wish)
