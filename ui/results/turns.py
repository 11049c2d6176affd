"""Pages take turns: the script of one visitor runs at a time, and the others wait in line.

Threads of one Python process cannot compute at once anyway. Left to themselves they take the interpreter away from one
another every 5 ms: of ten reruns of 10 ms each that begin together, all end after 100 ms. In line the first ends after
10 ms, and the thread that talks to the browsers has one rival instead of ten. Who has moved a knob goes before who
opens a whole page: that takes longer, and more patience is usual there.

Who waits for something has no use for a turn and gives it up first. Where that was forgotten, or something takes long
that should not, the turn goes on all the same.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LONGEST_S = 0.5  # nobody keeps a turn for longer while others wait; most runs are done in a tenth of it
PATIENCE_S = 2.0  # nobody waits longer for a turn, however many there are


@dataclass(order=True)
class _Place:
    """A place in the line; whose turn has come is told by the event."""

    rank: int
    number: int
    called: threading.Event = field(default_factory=threading.Event, compare=False)
    since: float = field(default=0.0, compare=False)  # when it was called


class Turns:
    """A line in which threads wait for their turn, at most `patience` seconds; then they go on beside the others."""

    def __init__(self, patience: float = PATIENCE_S, longest: float = LONGEST_S) -> None:
        self._patience, self._longest, self._mine = patience, longest, threading.local()
        self._lock, self._numbers, self._line = threading.Lock(), itertools.count(), list[_Place]()
        self._holder: _Place | None = None

    def taking(self, function: Callable[P, T], rank: Callable[P, int] = lambda *_, **__: 0) -> Callable[P, T]:
        """The same function, which waits for its turn first; lower ranks go before higher ones, else it is first come
        first served.
        """

        @functools.wraps(function)
        def in_turn(*args: P.args, **kwargs: P.kwargs) -> T:
            self._mine.place = self._wait(rank(*args, **kwargs))
            try:
                return function(*args, **kwargs)
            finally:
                self.give_up()

        return in_turn

    def held(self) -> bool:
        """Whether it is the turn of this thread."""
        mine = getattr(self._mine, "place", None)
        return mine is not None and self._holder is mine

    def give_up(self) -> None:
        """Let the next one go on; whoever is about to wait for something calls this and does not get the turn back."""
        if not self.held():
            return
        with self._lock:
            if self.held():  # nobody has taken it away in this very moment
                self._next()

    def _next(self) -> None:
        """The turn goes from hand to hand."""
        self._holder = heapq.heappop(self._line) if self._line else None
        if self._holder:
            self._holder.since = time.monotonic()
            self._holder.called.set()

    def _wait(self, rank: int) -> _Place:
        """A place whose turn has come, or that has waited too long for it."""
        place, until = _Place(rank, next(self._numbers)), time.monotonic() + self._patience
        with self._lock:
            heapq.heappush(self._line, place)
            if self._holder is None:
                self._next()
        while not place.called.wait(self._time_left(until)):
            with self._lock:
                if self._holder and self._overdue(self._holder) <= 0:
                    self._next()
                if not place.called.is_set() and time.monotonic() > until:
                    self._line.remove(place)
                    heapq.heapify(self._line)
                    break
        return place

    def _time_left(self, until: float) -> float:
        """Seconds until either we, or whoever has the turn, have had enough of it."""
        holder = self._holder
        ours = until - time.monotonic()
        return max(0.001, min(ours, self._overdue(holder)) if holder else ours)

    def _overdue(self, holder: _Place) -> float:
        return holder.since + self._longest - time.monotonic()


turns = Turns()  # of this server
