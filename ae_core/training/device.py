"""Where tensors are computed, CUDA or Apple's MPS when torch has one, otherwise the processor; how, and with which
numbers.
"""

from __future__ import annotations

import contextlib
import os

import psutil
import torch

NICE = 10  # of a process that trains


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


def prepare_process() -> None:
    """One thread, low priority: two runs at once beat one run with two threads, and the pages go first.

    Linux keeps the priority for each thread, and 0 means the calling one: a worker calls this in the thread that
    trains.
    """
    torch.set_num_threads(1)
    with contextlib.suppress(psutil.Error, OSError):
        if os.name == "nt":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.setpriority(os.PRIO_PROCESS, 0, NICE)


PRECISIONS = ("auto", "float32", "bfloat16")


def chosen_precision(wish: str, device: torch.device) -> torch.dtype:
    """The numbers that matrix products are computed in, float32 or bfloat16.

    `auto` takes bfloat16 where the processor has units for it (AMX), on which a deep dense net trains in a fifth of the
    time, and on CUDA. A processor that only has the instructions (AVX-512 BF16) gains too little to lose digits for it
    unasked. One without them computes thirty times as long, so there it is float32 even where bfloat16 is asked for.
    """
    units = torch.cpu._is_amx_tile_supported() if device.type == "cpu" else device.type == "cuda"
    instructions = units or device.type != "cpu" or torch.cpu._is_avx512_bf16_supported()
    able = {"float32": False, "auto": units, "bfloat16": instructions}[wish]
    return torch.bfloat16 if able else torch.float32


def autocast(wish: str, device: torch.device) -> torch.autocast:
    """A context in which matrix products run in `chosen_precision`; weights, sums and losses stay float32."""
    kind = chosen_precision(wish, device)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=kind == torch.bfloat16)
