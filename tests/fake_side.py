"""Stands for the process in which pages have something computed; conftest.py hands it out as `side`."""

from __future__ import annotations

from types import SimpleNamespace

from ae_core.durable import Damaged
from ae_core.engine.side_process import Progress


class Side:
    """What was asked of it, and an answer when the test wants one."""

    def __init__(self):
        self.asked, self.stopped, self.done, self.error = [], [], False, None
        self.at, self.damaged, self.partial = Progress(0.25, 2.0), False, None
        self.pool = SimpleNamespace(size=1, missing=0)

    def ready(self, what):
        return self.done

    def ask(self, what, wait_s=0.0):
        if self.error:
            raise self.error
        self.asked.append(what)
        return self.done

    def settled(self, what):
        return self.done or what in self.stopped

    def progress(self, what):
        return self.at

    def stop(self, what):
        self.stopped.append(what)

    def so_far(self, what):
        return self.partial

    def result(self, what):
        if self.damaged:
            raise Damaged("dropped")
        return what.compute()
