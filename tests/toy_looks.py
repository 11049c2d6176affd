"""Looks that tests ask for; a process beside the server finds them by their name."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.looks.look import look, report
from ae_core.runs.opened import Opened

asked: list[object] = []  # what was really computed in this process


class Sum(NamedTuple):
    """A sum, and what it is of."""

    total: float
    of: Tensor


@look()
def quick(run: Opened, shift: float = 0.0) -> float:
    """The first weight of a run, shifted."""
    asked.append(shift)
    return next(run.model.parameters()).flatten()[0].item() + shift


@look("Adding up")
def beside(data: Dataset, steps: int) -> Sum:
    """Computed beside a page, in so many steps."""
    return _sum(data, steps)


@look("Adding up for long", lasting=True)
def lasting(data: Dataset, steps: int) -> Sum:
    """The same, seconds long: a hundredth of a second a step."""
    return _sum(data, steps, 0.01)


@look("Adding up what somebody brought", private=True)
def private(values: Tensor) -> Sum:
    """Of what never comes to a disk."""
    report(0.5, Sum(0.0, values))
    return Sum(values.sum().item(), values)


@look()
def nested(data: Dataset) -> float:
    """A quick one that needs one that is computed beside."""
    return beside(data, 3).total


@look("Twice")
def twice(data: Dataset) -> Sum:
    """One that is computed beside and needs another such."""
    found = beside(data, 4)
    return Sum(2 * found.total, found.of)


@look("Breaking")
def breaks(data: Dataset) -> float:
    """One that cannot be done."""
    raise ValueError(f"{data.title} cannot be added up: take others.")


def _sum(data: Dataset, steps: int, pause: float = 0.0) -> Sum:
    asked.append(steps)
    values = torch.arange(float(steps)) + len(data.classes)
    for k in range(steps):
        time.sleep(pause)
        report(k / steps, Sum(values[:k].sum().item(), values[:k]))
    return Sum(values.sum().item(), values)
