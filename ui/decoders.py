"""Dense decoders by address: a browser asks for one once, keeps it, and runs it on every map of that network."""

from __future__ import annotations

import torch

from ae_core.runs import Run, RunError
from ui import cached
from ui.components.packing import Packer
from ui.components.weights import dense_decoder, packed_layers

SHORT = 16  # characters of a checksum that tell two states of a run apart


def address(run: Run) -> str:
    """Where the server has the decoder of a run as it is now; other weights have another address."""
    return f"api/decoder/{run.id}/{cached.model(run)[1].sha256[:SHORT]}"


def at(where: str) -> bytes:
    """What the server has at an `address`; errors as `packed`."""
    run_id, version = where.split("/")[2:]
    return packed(run_id, version)


def packed(run_id: str, version: str) -> bytes:
    """The layers of the decoder of a run, as network.js unpacks them.

    Raises
        RunError: where there is no such run, where it has other weights now, and where its decoder is not dense.
    """
    model, entry = cached.model(cached.store().find(run_id))
    if version != entry.sha256[:SHORT]:
        raise RunError(f"Run {run_id} has other weights now: load the page again.")
    layers = dense_decoder(model, torch.randn(16, model.latent, generator=torch.Generator().manual_seed(0)))
    if layers is None:
        raise RunError(f"The decoder of run {run_id} does not run in a browser: it is not a chain of dense layers.")
    packer = Packer()
    return packer.pack({"layers": packed_layers(packer, layers)})
