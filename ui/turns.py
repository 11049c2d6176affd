"""Pages take turns: the script of one visitor runs at a time, and the others wait in line.

Threads of one Python process cannot compute at once anyway. Left to themselves they take the interpreter away from one
another every 5 ms: of ten reruns of 10 ms each that begin together, all end after 100 ms. In line the first ends after
10 ms, and the thread that talks to the browsers has one rival instead of ten.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
PATIENCE_S = 0.5  # nobody waits longer for a turn: one slow page must not hold up all others


class Turns:
    """A line in which threads wait for their turn, at most `patience` seconds; then they go on beside the others."""

    def __init__(self, patience: float = PATIENCE_S) -> None:
        self._line, self._patience, self._mine = threading.Semaphore(), patience, threading.local()

    def taking(self, function: Callable[P, T]) -> Callable[P, T]:
        """The same function, which waits for its turn first."""

        @functools.wraps(function)
        def in_turn(*args: P.args, **kwargs: P.kwargs) -> T:
            self._mine.turn = self._line.acquire(timeout=self._patience)
            try:
                return function(*args, **kwargs)
            finally:
                self.give_up()

        return in_turn

    def give_up(self) -> None:
        """Let the next one go on; whoever is about to wait for something calls this and does not get the turn back."""
        if getattr(self._mine, "turn", False):
            self._mine.turn = False
            self._line.release()


turns = Turns()  # of this server
