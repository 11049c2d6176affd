"""Seconds per epoch on MNIST, batch 128: our loop beside the usual tutorial's, Keras and pythae.

    python benchmarks/training.py --epochs 2 --rounds 3 [MODEL ...]

All sides of a row are measured in the same run, in turns (tutorial, Keras, pythae, ours, tutorial, ...), each time in a
process of its own, so that none inherits threads or floating-point settings of another. Ours:
`ae_core.training.loop.train`, one thread. The tutorial: torchvision's MNIST with ToTensor, a DataLoader with one
worker, plain modules, Adam, default threads. Keras and pythae where they are installed (`peers.py`), with their default
threads.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ae_core.datasets import Dataset

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.peers import installed, keras, pythae

DEEP: dict[str, Any] = {
    "latent": 30, "hidden": (1000, 500, 250), "activation": "silu", "code_activation": "linear", "normalise": True,
}  # fmt: skip
# Row -> what it is, the model, its knobs, and how the plan differs.
ROWS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "vanilla": ("vanilla 784-64-784", "vanilla", {}, {}),
    "linear": ("linear 784-64-784", "linear", {"latent": 64}, {}),
    "multilayer": ("multilayer 784-128-64-128-784", "multilayer", {}, {}),
    "convolutional": ("convolutional 16-8-8", "convolutional", {}, {}),
    "strided": ("convolutional, strided", "convolutional", {"body": "strided", "latent": 32}, {}),
    "sparse": ("sparse 784-64-784, L1", "sparse", {}, {}),
    "denoising": ("denoising 784-400-64-400-784", "denoising", {}, {}),
    "contractive": ("contractive 784-64-784, closed form", "contractive", {}, {}),
    "vae": ("VAE 784-400-20", "vae", {}, {}),
    "vae_bf16": ("VAE 784-400-20, ours in bfloat16", "vae", {}, {"precision": "bfloat16"}),
    "structured_vae": ("structured VAE", "structured_vae", {}, {}),
    "deep": ("784-1000-500-250-30 and back, batch 256, float32", "multilayer", DEEP, {"batch_size": 256}),
    "deep_bf16": ("the same, bfloat16", "multilayer", DEEP, {"batch_size": 256, "precision": "bfloat16"}),
}
BATCH, RATE = 128, 1e-3
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def ours(name: str, epochs: int) -> list[float]:
    """Seconds of each epoch of `ae_core`, on one thread, all it does included."""
    import torch

    from ae_core.models import build
    from ae_core.training.loop import Plan, new_optimiser, train

    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = _mnist().load().train.images
    _, kind, knobs, more = ROWS[name]
    plan = Plan(**{"epochs": epochs, "batch_size": BATCH, "learning_rate": RATE, **more})
    model = build(kind, (1, 28, 28), knobs)
    per_epoch, optimiser = plan.steps_per_epoch(len(images)), new_optimiser(model, plan)
    clock = [time.perf_counter()]
    for step in train(model, optimiser, images, plan):
        if step.step % per_epoch == 0:
            clock.append(time.perf_counter())
    return [end - begin for begin, end in pairwise(clock)]


def tutorial(name: str, epochs: int) -> list[float]:
    """Seconds of each epoch of the loop that tutorials show."""
    import torch

    from ae_core.datasets.mnist import data_folder, torchvision_class

    mnist = torchvision_class("MNIST")
    from torchvision.transforms import ToTensor

    torch.manual_seed(0)
    data = mnist(str(data_folder()), train=True, transform=ToTensor())
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True, num_workers=1)
    model, loss_of = _tutorial_model(name)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    seconds = []
    for _ in range(epochs):
        began, total = time.perf_counter(), 0.0
        for x, _label in loader:
            optimiser.zero_grad()
            loss = loss_of(x.view(-1, 784))
            loss.backward()
            total += loss.item()
            optimiser.step()
        seconds.append(time.perf_counter() - began)
    return seconds


def _tutorial_model(name: str) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    """The layers and the loss as tutorials write them; the VAE is the one of pytorch/examples."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    if name == "vanilla":
        net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 784), nn.Sigmoid())
        return net, lambda x: F.mse_loss(net(x), x)
    layers = {"in": (784, 400), "mean": (400, 20), "logvar": (400, 20), "out1": (20, 400), "out2": (400, 784)}
    vae = nn.ModuleDict({key: nn.Linear(*widths) for key, widths in layers.items()})

    def loss(x: Tensor) -> Tensor:
        hidden = F.relu(vae["in"](x))
        mean, logvar = vae["mean"](hidden), vae["logvar"](hidden)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(logvar)
        y = torch.sigmoid(vae["out2"](F.relu(vae["out1"](z))))
        kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        return F.binary_cross_entropy(y, x, reduction="sum") + kl

    return vae, loss


SIDES: dict[str, Callable[[str, int], list[float]]] = {
    "tutorial": tutorial,
    "keras": keras,
    "pythae": pythae,
    "ours": ours,
}
COVERED = {  # the rows that each side has
    "tutorial": ("vanilla", "vae", "vae_bf16"),
    "keras": ("vanilla", "multilayer", "convolutional") if installed("keras", "tensorflow") else (),
    "pythae": ("vanilla", "vae", "vae_bf16") if installed("pythae") else (),
    "ours": tuple(ROWS),
}


def in_own_process(side: str, name: str, epochs: int) -> list[float]:
    """Run one side in a fresh Python; the variables that set threads are taken out of its environment."""
    command = [sys.executable, __file__, "--one", side, name, "--epochs", str(epochs)]
    environment = {key: value for key, value in os.environ.items() if key not in THREADS}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return [float(second) for second in json.loads(done.stdout.splitlines()[-1])]


def machine() -> str:
    """The machine by its properties: cores, processor, wide instructions, torch; and how busy and how fast it is just
    now.
    """
    info = Path("/proc/cpuinfo")
    fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line) if info.exists() else {}
    known = {key.strip(): value.strip() for key, value in fields.items()}
    flags = known.get("flags", "").split()
    wide = [
        f"{label} {'yes' if flag in flags else 'no'}" for label, flag in (("AVX-512", "avx512f"), ("AMX", "amx_tile"))
    ]
    name = known.get("model name") or platform.processor() or platform.machine()
    load = [f"load {os.getloadavg()[0]:.1f} before the start"] if hasattr(os, "getloadavg") else []
    pace = f"{loop_ms():.1f} ms for 100 000 empty turns of a loop"
    return ", ".join(
        [f"{os.cpu_count()} cores", name, *(wide if flags else []), f"torch {version('torch')}", *load, pace]
    )


def loop_ms() -> float:
    """Milliseconds of 100 000 empty turns of a loop, median of 21: where others compute beside, it varies by a factor
    of two.
    """
    milliseconds = []
    for _ in range(21):
        began = time.perf_counter()
        for _ in range(100_000):
            pass
        milliseconds.append(1000 * (time.perf_counter() - began))
    return statistics.median(milliseconds)


def table(rows: list[str], rounds: int, epochs: int) -> Iterator[str]:
    """Measure, and yield the lines of a Markdown table as they are known."""
    yield f"Seconds per epoch, MNIST, batch {BATCH}; median (fastest) of {rounds} x {epochs} epochs. {machine()}."
    yield (
        "Other people's work slows sides with several threads more than our one: trust ratios where load is below 0.5."
    )
    yield ""
    yield (
        "| model | tutorial loop | Keras | pythae | ours, 1 thread | ours / tutorial | ours / best peer | ours / "
        "vanilla |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    plain = math.nan
    for name in rows:
        sides = [side for side in SIDES if name in COVERED[side]]
        seconds: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side in sides:
                seconds[side] += in_own_process(side, name, epochs)
        median = {side: statistics.median(values) for side, values in seconds.items()}
        plain = median["ours"] if name == "vanilla" else plain
        peers = [median[side] for side in ("keras", "pythae") if side in median]
        ratios = [median.get("tutorial", math.nan), min(peers, default=math.nan), plain]
        cells = [f"{median[side]:.2f} ({min(seconds[side]):.2f})" if side in median else "–" for side in SIDES]
        shown = [f"{median['ours'] / other:.2f}" if math.isfinite(other) else "–" for other in ratios]
        yield f"| {' | '.join([ROWS[name][0], *cells, *shown])} |"


def _mnist() -> Dataset:
    from ae_core.datasets import dataset

    return dataset("mnist")


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds per epoch: ours beside the usual tutorial, Keras and pythae.")
    parser.add_argument(
        "rows", nargs="*", metavar="MODEL", help=f"rows of the table, of {', '.join(ROWS)} (default all)"
    )
    parser.add_argument("--epochs", type=int, default=2, help="epochs in each process (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="processes per model and side (default 3)")
    parser.add_argument(
        "--one",
        nargs=2,
        metavar=("SIDE", "MODEL"),
        choices=[*SIDES, *ROWS],
        help="measure one side only and print JSON",
    )
    arguments = parser.parse_args()
    if not _mnist().present():
        print(
            "MNIST is not here: run python -m ae_core download mnist, or set AE_DATA to a folder with it.",
            file=sys.stderr,
        )
        sys.exit(2)
    if arguments.one:
        side, name = arguments.one
        print(json.dumps(SIDES[side](name, arguments.epochs), allow_nan=False))
        return
    if unknown := [name for name in arguments.rows if name not in ROWS]:
        parser.error(f"{unknown[0]}: not a row; the rows are {', '.join(ROWS)}")
    for line in table(arguments.rows or list(ROWS), arguments.rounds, arguments.epochs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
