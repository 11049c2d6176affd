"""Run folders whose weights are finite and compute nothing: what a training that diverged leaves, or a changed file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import torch
from safetensors.torch import load, save
from torch import Tensor

from ae_core.runs.checkpoints import MANIFEST
from ae_core.runs.run import Run, Status

LARGEST = torch.finfo(torch.float32).max
UNUSABLE = {
    "times 1e38": lambda values: (values * 1e38).clamp(-LARGEST, LARGEST),
    "times -1e38": lambda values: (values * -1e38).clamp(-LARGEST, LARGEST),
    "times 1e20": lambda values: values * 1e20,
}
REASON = "Training stopped in step 2 (epoch 1): reconstruction became nan; try a learning rate below 0.3."


def change_weights(run: Run, change: Callable[[Tensor], Tensor]) -> Run:
    """Change all weights of every checkpoint of a run, and the checksums with them; returns the run."""
    record = json.loads((run.folder / MANIFEST).read_text())
    for entry in record["checkpoints"]:
        path = run.folder / f"weights-{entry['step']:06d}.safetensors"
        tensors = load(path.read_bytes())
        for name, value in tensors.items():
            if name.startswith("model.") and value.is_floating_point():
                tensors[name] = change(value)
        data = save(tensors)
        path.write_bytes(data)
        entry |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (run.folder / MANIFEST).write_text(json.dumps(record))
    return run


def say_failed(run: Run) -> Run:
    """Let the status of a run say that its training failed; returns the run."""
    run.write_status(Status(**{**vars(run.status()), "state": "failed", "error": REASON, "train": {}, "test": {}}))
    return run
