"""Training, as one loop to read: `for step in train(model, optimiser, images, plan): ...`

Chance is a pure function of (seed, epoch) for the order of the images and of (seed, step) for the noise inside the
model. So a run that was interrupted and goes on from step k ends with the same weights, bit for bit, as one that was
not, and no state of a random generator has to be kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.optim import Optimizer

from ae_core.chance import seeded
from ae_core.knobs import Knob, When, checks_knobs
from ae_core.models import Autoencoder
from ae_core.models.base import DataStarted
from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import checked_kept, checked_pictures
from ae_core.training.device import PRECISIONS, autocast
from ae_core.training.optimisers import OPTIMISERS, SCHEDULES
from ae_core.training.start import centre

SMALL = 20 << 20  # bytes: so many floats are made once a training, of larger sets those of each batch


class Diverged(ArithmeticError):
    """Training reached numbers that are not finite; the model still has the last finite weights."""


class Plan:
    """How to train, apart from what: these knobs and the model's own make up a recipe."""

    @checks_knobs
    def __init__(
        self,
        *,
        epochs: Annotated[int, Knob("Passes over the training images", 1, 10_000, log=10)] = 20,
        batch_size: Annotated[int, Knob("Images per step", 1, 4096, log=2)] = 128,
        learning_rate: Annotated[float, Knob("Length of a step", 1e-6, 10.0, log=10)] = 1e-3,
        seed: Annotated[int, Knob("Starting point of all chance: same seed, same weights", 0, 2**31 - 1)] = 0,
        optimiser: Annotated[str, Knob("Rule that turns gradients into steps", choices=tuple(OPTIMISERS))] = "adam",
        minimised: Annotated[
            str,
            Knob(
                "What the rule is given: the loss summed over the pixels, or its mean per pixel, as most tutorials "
                "have it",
                choices=("sum", "mean"),
                only_when=When("optimiser", ("adadelta",)),
            ),
        ] = "sum",
        schedule: Annotated[str, Knob("How the length of a step changes", choices=tuple(SCHEDULES))] = "constant",
        centred: Annotated[
            bool, Knob("Begin with the mean picture as the answer to a code of zeros, instead of grey")
        ] = False,
        weight_decay: Annotated[
            float, Knob("Pull of all weights towards zero", 0, 1, only_when=When("optimiser", ("adamw",)))
        ] = 0.0,
        precision: Annotated[
            str,
            Knob(
                "Numbers in the matrix products; auto takes bfloat16 where the machine has units for it, and without "
                "instructions for it all is float32",
                choices=PRECISIONS,
            ),
        ] = "float32",
    ) -> None:
        self.epochs, self.batch_size, self.learning_rate, self.seed = epochs, batch_size, learning_rate, seed
        self.minimised, self.centred = minimised, centred
        self.optimiser, self.schedule, self.weight_decay, self.precision = optimiser, schedule, weight_decay, precision

    def steps_per_epoch(self, images: int) -> int:
        """Steps in one pass over that many images; the last batch may be smaller."""
        return math.ceil(images / self.batch_size)


@dataclass(frozen=True)
class Step:
    """One step done: its number from 1, the epoch it belongs to (from 1), its loss terms, seconds of training
    so far.
    """

    step: int
    epoch: int
    losses: dict[str, float]
    seconds: float


def new_optimiser(model: Autoencoder, plan: Plan) -> Optimizer:
    """The optimiser of the plan for the parameters of `model`, with nothing behind it yet."""
    return OPTIMISERS[plan.optimiser](model.parameters(), plan.learning_rate, plan.weight_decay)


def begin(model: Autoencoder, images: Tensor | Pictures, plan: Plan, start: int = 0) -> None:
    """Put a model with `start` steps behind it where `train` begins, so that it can be measured there."""
    _begin(model, _ready(images, model), plan, start)


def _ready(images: Tensor | Pictures, model: Autoencoder) -> Pictures:
    """Checked pictures, on the device of the model; bytes only where there are many. PixelError for other ones."""
    device = next(model.parameters()).device
    if not isinstance(images, Pictures):
        return Pictures(checked_pictures(images, model, device=device))
    if device.type == "cpu" and checked_kept(images, model).float_bytes > SMALL:
        return images
    return Pictures(checked_pictures(images[:].to(device), model))


def _begin(model: Autoencoder, images: Pictures, plan: Plan, start: int) -> None:
    if start == 0 and plan.centred:
        centre(model, images)
    if start == 0 and isinstance(model, DataStarted):
        model.begin(images)
    model.progress = max(0, start - 1) / (plan.epochs * plan.steps_per_epoch(len(images)))


def train(
    model: Autoencoder, optimiser: Optimizer, images: Tensor | Pictures, plan: Plan, start: int = 0
) -> Iterator[Step]:
    """Train in place on images (n, channels, height, width) in [0, 1]; a tensor must be on the device of the model.

    Yields after every step, from step start + 1 on. Give `start` to go on with a model and optimiser that have
    `start` steps behind them.

    Raises
        PixelError: for other pictures, before anything is done.
        Diverged: in the step in which the loss or its gradient stops being finite, before the weights are touched.
    """
    torch.set_flush_denormal(True)  # black pixels drive Adam's moments into denormals, which are 100 times slower
    pictures, parameters = _ready(images, model), list(model.parameters())
    _begin(model, pictures, plan, start)
    per_epoch, device = plan.steps_per_epoch(len(pictures)), parameters[0].device
    precision, total, seconds = autocast(plan.precision, device), plan.epochs * per_epoch, 0.0
    shared = pictures[0].numel() if plan.minimised == "mean" else 1  # pixels among which the loss is shared out
    for epoch in range(start // per_epoch, plan.epochs):
        order = _order(len(pictures), plan.seed, epoch).to(device)
        for batch in range(start % per_epoch if epoch == start // per_epoch else 0, per_epoch):
            began, step = time.perf_counter(), epoch * per_epoch + batch + 1
            x = pictures.at(order[batch * plan.batch_size : (batch + 1) * plan.batch_size])
            model.progress = (step - 1) / total
            for group in optimiser.param_groups:
                group["lr"] = plan.learning_rate * SCHEDULES[plan.schedule](model.progress)
            with precision:
                losses = _losses(model, x, plan.seed, step)
            for parameter in parameters:
                parameter.grad = None
            loss = torch.stack(list(losses.values())).sum()
            (loss / shared).backward()
            norms = torch.stack([p.grad.norm() for p in parameters if p.grad is not None])
            values = {name: value.item() for name, value in losses.items()}
            _require_finite({**values, "gradient": norms.sum().item()}, step, epoch + 1, plan, begun=step > start + 1)
            optimiser.step()
            seconds += time.perf_counter() - began
            yield Step(step, epoch + 1, values, seconds)
    model.progress = 1.0


def evenly(total: int, points: int) -> set[int]:
    """Steps worth keeping of `total`: dense at the start, where much happens, then even; the last one included."""
    early = torch.logspace(0, math.log10(total), points, dtype=torch.double)
    even = torch.linspace(1, total, points, dtype=torch.double)
    return {min(total, int(step)) for step in [*early.round(), *even.round()]} | {total}


def _order(n: int, seed: int, epoch: int) -> Tensor:
    """The order of the images in an epoch, a permutation (n,)."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(_mix(seed, epoch)))


def _losses(model: Autoencoder, x: Tensor, seed: int, step: int) -> dict[str, Tensor]:
    """Loss terms with noise that depends on (seed, step) only; the caller's random state stays as it was."""
    with seeded(_mix(seed, step), x.device):
        return model.losses(x)


def _mix(seed: int, number: int) -> int:
    return seed * 1_000_003 + number


def _require_finite(values: dict[str, float], step: int, epoch: int, plan: Plan, begun: bool) -> None:
    """The pictures were checked: from the second step on it is the rate, and before that the weights it began with."""
    for name, value in values.items():
        if not math.isfinite(value):
            remedy = f"try a learning rate below {plan.learning_rate:g}" if begun else "begin with a new model"
            became = f"became {value}" if begun else f"is {value} before anything was learned"
            raise Diverged(
                f"Training stopped in step {step} (epoch {epoch}): {name} {became}, which cannot be learned from; "
                f"{remedy}."
            )
