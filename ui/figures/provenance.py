"""Where a picture comes from, said under the picture."""

from __future__ import annotations

from ae_core.runs.checkpoints import Checkpoint
from ae_core.runs.run import Run
from ui.figures.frame import note


def provenance(run: Run, checkpoint: Checkpoint | None = None, split: str = "test split") -> None:
    """One line under what is shown above, of `source_words`."""
    note(source_words(run, checkpoint, split))


def source_words(run: Run, checkpoint: Checkpoint | None = None, split: str = "test split") -> str:
    """Run, data set, split, seed and epoch that something was made with."""
    recipe = run.recipe()
    parts = [
        f"run {run.id}",
        f"{recipe.data.title}, {split}",
        f"seed {recipe.plan['seed']}",
        *([f"epoch {checkpoint.epoch}"] if checkpoint else []),
        "shipped with the program" if run.pretrained else "trained here",
    ]
    return " · ".join(parts)
