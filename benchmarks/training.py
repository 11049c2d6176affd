"""Seconds per epoch on MNIST, batch 128: our loop beside the loop of the usual tutorial.

    python benchmarks/training.py --epochs 2 --rounds 3

Both are measured in the same run, in turns (tutorial, ours, tutorial, ours, ...), each time in a process of its own,
so that neither inherits threads or floating-point settings of the other. Ours: `ae_core.training.train`, one thread.
The tutorial: torchvision's MNIST with ToTensor, a DataLoader with one worker, plain modules, Adam, default threads.
"""

from __future__ import annotations

import argparse
import json
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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ae_core.datasets import Dataset

ROOT = Path(__file__).resolve().parents[1]
MODELS = {"vanilla": "vanilla 784-64-784", "vae": "VAE 784-400-20"}
BATCH, RATE = 128, 1e-3
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def ours(name: str, epochs: int) -> list[float]:
    """Seconds of each epoch of `ae_core`, on one thread, all it does included."""
    import torch

    from ae_core.models import build
    from ae_core.training import Plan, new_optimiser, train

    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = _mnist().load().train.images
    model, plan = build(name, (1, 28, 28), {}), Plan(epochs=epochs, batch_size=BATCH, learning_rate=RATE)
    per_epoch, optimiser = plan.steps_per_epoch(len(images)), new_optimiser(model, plan)
    clock = [time.perf_counter()]
    for step in train(model, optimiser, images, plan):
        if step.step % per_epoch == 0:
            clock.append(time.perf_counter())
    return [end - begin for begin, end in pairwise(clock)]


def tutorial(name: str, epochs: int) -> list[float]:
    """Seconds of each epoch of the loop that tutorials show."""
    import torch

    from ae_core.datasets.handwriting import data_folder, torchvision_class

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


SIDES: dict[str, Callable[[str, int], list[float]]] = {"tutorial": tutorial, "ours": ours}


def in_own_process(side: str, name: str, epochs: int) -> list[float]:
    """Run one side in a fresh Python; the variables that set threads are taken out of its environment."""
    command = [sys.executable, __file__, "--one", side, name, "--epochs", str(epochs)]
    environment = {key: value for key, value in os.environ.items() if key not in THREADS}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return [float(second) for second in json.loads(done.stdout.splitlines()[-1])]


def machine() -> str:
    """The machine by its properties: cores, processor, wide instructions, torch; and how busy it was just now."""
    info = Path("/proc/cpuinfo")
    fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line) if info.exists() else {}
    known = {key.strip(): value.strip() for key, value in fields.items()}
    flags = known.get("flags", "").split()
    wide = [
        f"{label} {'yes' if flag in flags else 'no'}" for label, flag in (("AVX-512", "avx512f"), ("AMX", "amx_tile"))
    ]
    name = known.get("model name") or platform.processor() or platform.machine()
    load = [f"load {os.getloadavg()[0]:.1f} before the start"] if hasattr(os, "getloadavg") else []
    return ", ".join([f"{os.cpu_count()} cores", name, *(wide if flags else []), f"torch {version('torch')}", *load])


def table(rounds: int, epochs: int) -> Iterator[str]:
    """Measure, and yield the lines of a Markdown table as they are known."""
    yield f"Seconds per epoch, MNIST, batch {BATCH}; median (fastest - slowest) of {rounds} x {epochs} epochs. {machine()}."
    yield "Other people's work slows the tutorial's threads more than our one: trust the ratio where load is below 0.5."
    yield ""
    yield "| model | tutorial loop | ours, 1 thread | ratio of medians | ratio of the fastest |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, title in MODELS.items():
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in SIDES:
                seconds[side] += in_own_process(side, name, epochs)
        median = {side: statistics.median(values) for side, values in seconds.items()}
        spread = {side: f"{median[side]:.2f} ({min(v):.2f} - {max(v):.2f})" for side, v in seconds.items()}
        ratio, best = median["tutorial"] / median["ours"], min(seconds["tutorial"]) / min(seconds["ours"])
        yield f"| {title} | {spread['tutorial']} | {spread['ours']} | {ratio:.1f} | {best:.1f} |"


def _mnist() -> Dataset:
    from ae_core.datasets import dataset

    return dataset("mnist")


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds per epoch: ours beside the usual tutorial.")
    parser.add_argument("--epochs", type=int, default=2, help="epochs in each process (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="processes per model and side (default 3)")
    parser.add_argument(
        "--one",
        nargs=2,
        metavar=("SIDE", "MODEL"),
        choices=[*SIDES, *MODELS],
        help="measure one side only and print JSON",
    )
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if not _mnist().present():
        print(
            "MNIST is not here: run python -m ae_core download mnist, or set AE_DATA to a folder with it.",
            file=sys.stderr,
        )
        sys.exit(2)
    if arguments.one:
        side, name = arguments.one
        print(json.dumps(SIDES[side](name, arguments.epochs)))
        return
    for line in table(arguments.rounds, arguments.epochs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
