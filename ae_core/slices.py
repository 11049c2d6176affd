"""Computations in small slices of time, for a page that must not wait: each visit moves one on a little and looks on."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

PORTION = 32  # pictures in a step


class InSlices(ABC):
    """A computation shared by all who look at it; each of them moves it on by a slice of time, one at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    @property
    @abstractmethod
    def share(self) -> float:
        """How much is done, from 0 to 1; exactly 1 where there is nothing left to do."""

    @abstractmethod
    def step(self) -> None:
        """Compute the next little part."""

    @property
    def done(self) -> bool:
        """Whether everything is computed."""
        return self.share == 1.0

    def advance(self, seconds: float) -> None:
        """Compute for about that long, at least one step; at once back where somebody else is at it."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            until = time.monotonic() + seconds
            while not self.done:
                self.step()
                if time.monotonic() > until:
                    return
        finally:
            self._turn.release()


class Pace:
    """However many look on: computations that are moved on together take `seconds` of every `period` seconds, not more."""

    def __init__(self, seconds: float, period: float) -> None:
        self.seconds, self.period = seconds, period
        self._turn, self._next = threading.Lock(), 0.0

    def move(self, tasks: Iterable[InSlices]) -> None:
        """Move on those that are not done, each by an equal part of a slice; at once back where it is too early for that."""
        waiting = [task for task in tasks if not task.done]
        if not waiting or not self._turn.acquire(blocking=False):
            return
        try:
            if time.monotonic() >= self._next:
                for task in waiting:
                    task.advance(self.seconds / len(waiting))
                self._next = time.monotonic() + self.period - self.seconds
        finally:
            self._turn.release()


class EachPicture(InSlices):
    """The same done to many pictures of any size, uint8 (height, width, channels), a portion in a step."""

    def __init__(self, pictures: tuple[np.ndarray, ...], work: Callable[[np.ndarray], Tensor]) -> None:
        super().__init__()
        self._pictures, self._work, self._done = pictures, work, list[Tensor]()

    @property
    def share(self) -> float:
        return len(self._done) / len(self._pictures)

    def step(self) -> None:
        first = len(self._done)
        self._done += map(self._work, self._pictures[first : first + PORTION])

    def result(self) -> Tensor:
        """What was made of all pictures, one behind the other."""
        while not self.done:
            self.step()
        return torch.stack(self._done)
