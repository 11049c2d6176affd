"""Small recipes for tests, and what is compared afterwards: the weights, bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ae_core.runs import checkpoints
from ae_core.runs.recipe import Recipe, recipe
from ae_core.runs.run import Run
from ae_core.training.loop import Step


def small_recipe(model: str = "vanilla", epochs: int = 3, seed: int = 0, **knobs: object) -> Recipe:
    """Digits in a code of 8 numbers: a few milliseconds of training per epoch."""
    return recipe(model, "digits", {"latent": 8, **knobs}, {"epochs": epochs, "seed": seed})


# The same on the command line.
AS_SMALL = (
    "--dataset", "digits", "--latent", "8", "--batch-size", "128", "--learning-rate", "0.001", "--schedule", "constant",
    "--centred", "false",
)  # fmt: skip


def kept_tensors(run: Run) -> dict[str, Tensor]:
    """Weights and optimiser state of the newest checkpoint."""
    return checkpoints.newest(run.folder)[1]


def bit_equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether both hold the same tensors, without any tolerance."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def stop_at(run: Run, k: int) -> Callable[[Step], None]:
    """What to watch a training with so that it is asked to stop after step k."""

    def watch(step: Step) -> None:
        if step.step == k:
            run.ask_to_stop()

    return watch


def wait_until(condition: Callable[[], object], seconds: float = 240.0) -> None:
    """Return as soon as `condition` holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.002)
