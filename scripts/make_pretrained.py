"""Train the runs that come with the program: `python scripts/make_pretrained.py [NAME ...]`; those already there are kept.

A pretrained model is a finished run without the state of its optimiser, in a folder with a readable name.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

from ae_core import checkpoints
from ae_core.durable import read_json, write_json
from ae_core.execution import execute, prepare_process
from ae_core.recipe import Recipe, recipe
from ae_core.runs import Run
from ae_core.store import ROOT, Store

RECIPES: dict[str, Recipe] = {
    "vanilla-digits": recipe("vanilla", "digits", {"latent": 16}, {"epochs": 600, "batch_size": 64}),
}
KEPT = ("run.json", "status.json", "metrics.jsonl", "live.safetensors", "errors.safetensors")


def make(name: str, target: Path) -> None:
    """Train `name` in a temporary folder and move what is worth keeping to `target`."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        run = Store(Path(scratch) / "runs", None).create(RECIPES[name], origin="pretrained")
        status = execute(run)
        if status.state != "done":
            raise SystemExit(f"{name}: {status.error or status.state}")
        made = Path(scratch) / name
        made.mkdir()
        for file in KEPT:
            shutil.copy(run.folder / file, made / file)
        shutil.copytree(run.folder / "snapshots", made / "snapshots")
        _without_optimiser(run, made)
        _forget_machine(made)
        os.replace(made, target)


def _without_optimiser(run: Run, made: Path) -> None:
    entry, tensors = checkpoints.newest(run.folder)
    weights = {key: value for key, value in tensors.items() if key.startswith("model.")}
    checkpoints.save(made, weights, entry.step, entry.epoch, entry.loss)


def _forget_machine(made: Path) -> None:
    """Leave out times of this machine's clock, so that the same recipe gives the same files."""
    record, status = read_json(made / "run.json"), read_json(made / "status.json")
    write_json(made / "run.json", {**record, "created": 0})
    write_json(made / "status.json", {**status, "heartbeat": 0})


if __name__ == "__main__":
    prepare_process()
    for name in sys.argv[1:] or RECIPES:
        if not (ROOT / "pretrained" / name).exists():
            print(f"training {name} ...", flush=True)
            make(name, ROOT / "pretrained" / name)
