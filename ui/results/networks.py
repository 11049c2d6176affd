"""Dense networks by address: a browser asks for one once, keeps it, and runs it wherever that network is shown."""

from __future__ import annotations

from typing import Literal

import torch

from ae_core.export.dense import Dense, dense_decoder, dense_encoder
from ae_core.runs.opened import Opened, opened
from ae_core.runs.run import RunError
from ae_core.runs.store import Store
from ui.components.shared.packing import FORM, Packer, packed_layers

SHORT = 16  # characters of a checksum that tell two states of a run apart
SAMPLES = 16  # pictures or codes that a network must answer as the model does
Part = Literal["encoder", "decoder"]


def address(run: Opened, part: Part = "decoder") -> str:
    """Where the server has the encoder or the decoder of a run as it is now; other weights have another address."""
    return f"api/{part}/{run.id}/{_version(run.checkpoint.sha256)}"


def _version(sha256: str) -> str:
    """What tells weights, and the form in which they travel, from others."""
    return f"{sha256[:SHORT]}-{FORM}"


def at(where: str) -> bytes:
    """What the server has at an `address`; errors as `packed`."""
    part, run_id, version = where.split("/")[1:]
    return packed("encoder" if part == "encoder" else "decoder", run_id, version)


def packed(part: Part, run_id: str, version: str) -> bytes:
    """The layers of the encoder or the decoder of a run, as packing.js unpacks them.

    Raises
        RunError: where there is no such run, where it has other weights now, and where that part is not dense.
    """
    run = opened(Store.default().find(run_id))
    if version != _version(run.checkpoint.sha256):
        raise RunError(f"Run {run_id} has other weights now: load the page again.")
    layers = _layers(run, part)
    if layers is None:
        raise RunError(f"The {part} of run {run_id} does not run in a browser: it is not a chain of dense layers.")
    packer = Packer()
    return packer.pack({"layers": packed_layers(packer, layers)})


def _layers(run: Opened, part: Part) -> list[Dense] | None:
    model, some = run.model, torch.Generator().manual_seed(0)
    if part == "encoder":
        return dense_encoder(model, torch.rand(SAMPLES, *model.shape, generator=some))
    return dense_decoder(model, torch.randn(SAMPLES, model.latent, generator=some))
