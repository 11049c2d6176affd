"""Dense decoders by address: a browser asks for one once, keeps it, and runs it on every map of that network."""

from __future__ import annotations

import torch

from ae_core.export.dense import dense_decoder
from ae_core.runs.opened import Opened, opened
from ae_core.runs.run import RunError
from ae_core.runs.store import Store
from ui.components.shared.packing import FORM, Packer, packed_layers

SHORT = 16  # characters of a checksum that tell two states of a run apart


def address(run: Opened) -> str:
    """Where the server has the decoder of a run as it is now; other weights have another address."""
    return f"api/decoder/{run.id}/{_version(run.checkpoint.sha256)}"


def _version(sha256: str) -> str:
    """What tells weights, and the form in which they travel, from others."""
    return f"{sha256[:SHORT]}-{FORM}"


def at(where: str) -> bytes:
    """What the server has at an `address`; errors as `packed`."""
    run_id, version = where.split("/")[2:]
    return packed(run_id, version)


def packed(run_id: str, version: str) -> bytes:
    """The layers of the decoder of a run, as packing.js unpacks them.

    Raises
        RunError: where there is no such run, where it has other weights now, and where its decoder is not dense.
    """
    run = opened(Store.default().find(run_id))
    if version != _version(run.checkpoint.sha256):
        raise RunError(f"Run {run_id} has other weights now: load the page again.")
    some = torch.randn(16, run.model.latent, generator=torch.Generator().manual_seed(0))
    layers = dense_decoder(run.model, some)
    if layers is None:
        raise RunError(f"The decoder of run {run_id} does not run in a browser: it is not a chain of dense layers.")
    packer = Packer()
    return packer.pack({"layers": packed_layers(packer, layers)})
