"""A training as a look: a recipe gives the same weights every time, so it is kept by its recipe, and computed once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.looks.errors import fixed
from ae_core.looks.look import look, report
from ae_core.measures.metrics import loss_terms, reconstructions
from ae_core.models import Autoencoder
from ae_core.pictures.pixels import as_bytes
from ae_core.runs.execution import MONITORED
from ae_core.runs.log import POINTS
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import RunError
from ae_core.training.device import chosen_device
from ae_core.training.loop import Diverged, Step, begin, evenly, new_optimiser, train
from ae_core.training.soundness import diverged, flaw


class Point(NamedTuple):
    """Loss terms after a step, summed over pixels: of training pictures, mean since the point before, and of the first
    test pictures (`MONITORED`).
    """

    step: int
    epoch: int
    seconds: float
    train: dict[str, float]
    test: dict[str, float]


class Trained(NamedTuple):
    """What a training left. While it goes on there are no weights yet."""

    weights: dict[str, Tensor]
    points: list[Point]
    pictures: Tensor  # (points, 8, channels, height, width) uint8: the fixed test pictures, rebuilt at each point

    def model(self, recipe: Recipe) -> Autoencoder:
        """The model of the recipe with these weights, in eval mode."""
        made = recipe.new_model()
        made.load_state_dict(self.weights)
        return made.eval().requires_grad_(False)


class _Watch:
    """What is kept of a training that goes on."""

    def __init__(self, model: Autoencoder, recipe: Recipe) -> None:
        self.model, self.test = model, recipe.data.load().test.images[:MONITORED]
        self.shown = fixed(recipe.data)
        self.points: list[Point] = []
        self.pictures: list[Tensor] = []
        self._sums: dict[str, float] = {}
        self._counted = 0

    def count(self, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._counted += 1

    def point(self, step: Step) -> None:
        means = {name: total / self._counted for name, total in self._sums.items()}
        self.points.append(Point(step.step, step.epoch, step.seconds, means, loss_terms(self.model, self.test)))
        self.pictures.append(as_bytes(reconstructions(self.model, self.shown)))
        self._sums, self._counted = {}, 0

    def result(self, weights: dict[str, Tensor]) -> Trained:
        return Trained(weights, self.points, torch.stack(self.pictures))


@look("Training", lasting=True)
def trained(recipe: Recipe) -> Trained:
    """The weights, curve and pictures of a training: bit for bit those of a run of that recipe on this machine.

    Raises
        DatasetError: where the pictures are not here.
        RunError: where the training diverges.
    """
    plan, images = recipe.training_plan(), recipe.data.load().train.images
    model = recipe.new_model().to(chosen_device())
    optimiser, watch = new_optimiser(model, plan), _Watch(model, recipe)
    total = plan.epochs * plan.steps_per_epoch(len(images))
    points = evenly(total, POINTS)
    begin(model, images, plan)
    watch.count(loss_terms(model, images[:MONITORED]))
    step = Step(0, 0, {}, 0.0)
    watch.point(step)  # what an untrained network answers
    try:
        for step in train(model, optimiser, images, plan):
            watch.count(step.losses)
            if step.step in points:
                watch.point(step)
                report(step.step / total, watch.result({}))
            else:
                report(step.step / total)
    except Diverged as reason:
        raise RunError(str(reason)) from reason
    if found := flaw(model, watch.test):
        raise RunError(diverged(found, step, plan))
    return watch.result({name: value.detach().cpu() for name, value in model.state_dict().items()})
