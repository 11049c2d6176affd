"""Train the runs that come with the program: `python scripts/make_pretrained.py [NAME ...]`, or `make pretrained`.

A pretrained model is a finished run without the state of its optimiser, in a folder with a readable name, with the
codes of its test images and a model card. Those that are there are kept; a training that was broken off goes on (it is
an ordinary run in the folder of runs until it is finished). Two are trained at a time, each with one thread.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from pretrained_recipes import RECIPES, recipe_of
from safetensors.torch import save as save_tensors
from torch import Tensor

from ae_core.datasets import dataset
from ae_core.durable import read_json, write_bytes, write_json, write_lines
from ae_core.knobs import did_you_mean
from ae_core.measures.metrics import NO_CROSS_ENTROPY, codes
from ae_core.models import idea
from ae_core.published import trained
from ae_core.runs import checkpoints
from ae_core.runs.run import Run
from ae_core.runs.store import ROOT, Store
from ae_core.training.device import prepare_process

T = TypeVar("T")
KEPT = ("run.json", "status.json", "live.safetensors", "errors.safetensors")
SNAPSHOTS, LINES = 9, 150  # of snapshots (each with 500 codes) and of lines of the log, spread over the training
HALF = 1 << 20  # weights of more bytes than this are kept in half precision


def make(name: str) -> str:
    """Train `name` where that is still to be done, and move what is worth keeping to `pretrained/`."""
    target = ROOT / "pretrained" / name
    if target.exists():
        return f"{name}: there already"
    prepare_process()
    run = trained(Store(Store.default().root, None), recipe_of(name))
    aside = target.with_name(f".{name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "snapshots").mkdir(parents=True)
    for file in KEPT:
        shutil.copy(run.folder / file, aside / file)
    for snapshot in _spread(sorted((run.folder / "snapshots").glob("*.safetensors")), SNAPSHOTS):
        shutil.copy(snapshot, aside / "snapshots")
    write_lines(aside / "metrics.jsonl", _spread(run.metrics(), LINES))
    _copy_weights(run, aside)
    _forget_machine(aside)
    _write_codes(run, aside)
    (aside / "README.md").write_text(card(name, run), encoding="utf-8")
    if target.exists():  # made meanwhile by another process
        shutil.rmtree(aside)
        return f"{name}: there already"
    os.replace(aside, target)
    return f"{name}: {sum(f.stat().st_size for f in target.rglob('*') if f.is_file()) / 1e6:.2f} MB"


def _spread(things: list[T], most: int) -> list[T]:
    """At most so many of them, the first and the last among them."""
    if len(things) <= most:
        return things
    return [things[round(i * (len(things) - 1) / (most - 1))] for i in range(most)]


def _copy_weights(run: Run, made: Path) -> None:
    """The weights alone; large ones in half precision, which `load` turns back."""
    entry, tensors = checkpoints.newest(run.folder)
    weights = {key: value for key, value in tensors.items() if key.startswith("model.")}
    if sum(value.nbytes for value in weights.values()) > HALF:
        weights = {key: _half(value) for key, value in weights.items()}
    checkpoints.save(made, weights, entry.step, entry.epoch, entry.loss)


def _half(value: Tensor) -> Tensor:
    return value.to(torch.float16) if value.is_floating_point() and value.ndim > 1 else value


def _forget_machine(made: Path) -> None:
    """Leave out times of this machine's clock, so that the same recipe gives the same files."""
    record, status = read_json(made / "run.json"), read_json(made / "status.json")
    write_json(made / "run.json", {**record, "created": 0, "origin": "pretrained"})
    write_json(made / "status.json", {**status, "heartbeat": 0})


def _write_codes(run: Run, made: Path) -> None:
    test = run.recipe().data.load().test
    found = codes(run.load()[0], test.images)
    pack = {"codes": found.to(torch.float16), "labels": test.labels.to(torch.uint8)}
    write_bytes(made / "codes.safetensors", save_tensors(pack))


def card(name: str, run: Run) -> str:
    """A model card: what it is, what it learned from, how good it is, how to make it again."""
    recipe, status = run.recipe(), run.status()
    numbers = "\n".join(f"| {key} | {value:.5g} |" for key, value in status.test.items())
    knobs = json.dumps({**recipe.knobs, **recipe.plan}, ensure_ascii=False, allow_nan=False)
    return f"""# {name}
{recipe.title}. {idea(recipe.model)}

- **Data:** {recipe.data.title}: {recipe.data.source}. Licence of the data: {recipe.data.licence}.
- **Recipe:** `{recipe.model}` on `{recipe.dataset}` with `{knobs}`; {status.seconds:.0f} s of training on one thread.
- **Make it again:** delete this folder, then `python scripts/make_pretrained.py {name}`.
- **Meant for** looking and learning; not for decisions about anything or anybody.

| on the test pictures | value |
| --- | ---: |
{numbers}

Errors and nats are summed over pixels and latents and averaged over pictures; `mse` and `bce` are per pixel.
{"" if "bce" in status.test else NO_CROSS_ENTROPY + chr(10)}"""


def missing(names: Iterable[str]) -> list[str]:
    """Those of the names that have no folder yet, and whose pictures are all here.

    Raises
        ValueError: for a name that has no recipe, and where pictures are not here: before the first is trained.
    """
    wanted = list(names)
    if unknown := [name for name in wanted if name not in RECIPES]:
        raise ValueError(
            f"{unknown[0]!r}: there is no recipe for a pretrained run of that name; {did_you_mean(unknown[0], RECIPES)}"
        )
    absent = [name for name in wanted if not (ROOT / "pretrained" / name).exists()]
    for name in {recipe_of(name).dataset for name in absent}:
        dataset(name).load()
    return absent


if __name__ == "__main__":
    try:
        to_make = missing(sys.argv[1:] or RECIPES)
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for done in as_completed([pool.submit(make, name) for name in to_make]):
            print(done.result(), flush=True)
