"""Pages take turns: the script of one visitor runs at a time, and the others wait in line.

Threads of one Python process cannot compute at once anyway. Left to themselves they take the interpreter away from one
another every 5 ms: of ten reruns of 10 ms each that begin together, all end after 100 ms. In line the first ends after
10 ms, and the thread that talks to the browsers has one rival instead of ten. Who has moved a knob goes before who opens
a whole page: that takes longer, and more patience is usual there.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
PATIENCE_S = 2.0  # nobody waits longer for a turn, whatever the one who has it is doing


@dataclass(order=True)
class _Place:
    """A place in the line; whose turn has come is told by the event."""

    rank: int
    number: int
    called: threading.Event = field(default_factory=threading.Event, compare=False)


class Turns:
    """A line in which threads wait for their turn, at most `patience` seconds; then they go on beside the others."""

    def __init__(self, patience: float = PATIENCE_S) -> None:
        self._patience, self._mine = patience, threading.local()
        self._lock, self._taken, self._line, self._numbers = threading.Lock(), False, list[_Place](), itertools.count()

    def taking(self, function: Callable[P, T], rank: Callable[P, int] = lambda *_, **__: 0) -> Callable[P, T]:
        """The same function, which waits for its turn first; lower ranks go before higher ones, else it is first come first served."""

        @functools.wraps(function)
        def in_turn(*args: P.args, **kwargs: P.kwargs) -> T:
            self._mine.turn = self._wait(rank(*args, **kwargs))
            try:
                return function(*args, **kwargs)
            finally:
                self.give_up()

        return in_turn

    def give_up(self) -> None:
        """Let the next one go on; whoever is about to wait for something calls this and does not get the turn back."""
        if not getattr(self._mine, "turn", False):
            return
        self._mine.turn = False
        with self._lock:
            if self._line:
                heapq.heappop(self._line).called.set()  # the turn goes from hand to hand
            else:
                self._taken = False

    def _wait(self, rank: int) -> bool:
        """Whether it is our turn now; else it has lasted too long."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            place = _Place(rank, next(self._numbers))
            heapq.heappush(self._line, place)
        if place.called.wait(self._patience):
            return True
        with self._lock:
            if place.called.is_set():  # in this very moment
                return True
            self._line.remove(place)
            heapq.heapify(self._line)
            return False


turns = Turns()  # of this server
