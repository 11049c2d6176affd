"""Where a picture comes from, said under the picture."""

from __future__ import annotations

from ae_core.checkpoints import Checkpoint
from ae_core.runs import Run
from ui.frame import note


def provenance(run: Run, checkpoint: Checkpoint | None = None, split: str = "test split") -> None:
    """One line under what is shown above, of `source_words`."""
    note(source_words(run, checkpoint, split))


def source_words(run: Run, checkpoint: Checkpoint | None = None, split: str = "test split") -> str:
    """Run, data set, split, seed and epoch that something was made with."""
    made = run.recipe()
    parts = [
        f"run {run.id}",
        f"{made.data.title}, {split}",
        f"seed {made.plan['seed']}",
        *([f"epoch {checkpoint.epoch}"] if checkpoint else []),
        "shipped with the program" if run.pretrained else "trained here",
    ]
    return " · ".join(parts)
