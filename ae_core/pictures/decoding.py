"""A file from outside while it is decoded in a process of its own: how far it is, whether it waits, and a way to stop.

The process reads the file on its standard input and writes any number of lines {"done": n, "of": m}, then its answer.
Two decode at a time, the others stand in line in the order in which they came.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from ae_core.waits import about_to_wait

PLACES = 2  # decodings at a time
LOOK_S = 0.25  # between two looks whether a decoding is still wanted and says anything
IN_ALL = 10  # times the silence that is allowed: how long a decoding may take, whatever it says
MOST_BYTES = 60_000_000  # of what it may say; 2 000 colour pictures of 64x128 are 49 MB
TOO_FEW = 0.02  # of the pictures, to say how long the others will take
MOST_PICTURES, LONGEST_NEWS = 100_000, 100  # that it may speak of; bytes of a line that does
ROOT = Path(__file__).parents[2]  # where the process finds this package, and it finds nothing else of ours
RUN = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"
_line: list[Decoding] = []  # the first ones are being decoded, the others wait for a place
_moved = threading.Condition()  # something about the line, or about who is still wanted


class Decoding:
    """A file that is decoded, once `begin` was called; `ended` tells that there is nothing to wait for any more."""

    def __init__(self, data: bytes, program: Path, silence_s: float, gone_s: float | None = None) -> None:
        """`program` decodes; it is ended where it says nothing for `silence_s`, or nobody has looked for `gone_s`."""
        self._data, self._program, self._silence_s, self._gone_s = data, program, silence_s, gone_s
        self.answer = b""  # what the program said after its news; nothing where it was ended before
        self.stopped = self.gone = False  # by who wanted it; because nobody looked at it
        self.done = self.of = 0  # pictures, as the program tells
        self.ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._began: float | None = None
        self._looked = self._heard = time.monotonic()

    def begin(self) -> Decoding:
        """Go on in a thread of its own; returns itself."""
        about_to_wait()
        with _moved:
            _line.append(self)
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def look(self) -> None:
        """Say that somebody still waits for it."""
        self._looked = time.monotonic()

    def stop(self) -> None:
        """End it at once, wherever it stands."""
        self.stopped = True
        if process := self._process:
            process.kill()
        with _moved:
            _moved.notify_all()

    @property
    def ahead(self) -> int:
        """How many must end before this one begins; 0 where it has begun."""
        with _moved:
            return max(0, _line.index(self) - PLACES + 1) if self in _line else 0

    @property
    def left(self) -> float | None:
        """Seconds it will still take, by what it took so far; None where that cannot be said yet."""
        if not self._began or self.done < max(2, self.of * TOO_FEW):
            return None
        return (time.monotonic() - self._began) * (self.of - self.done) / self.done

    def _run(self) -> None:
        try:
            with contextlib.suppress(OSError):  # no process to be had, or no room for the file: there is no answer
                if self._has_place():
                    self._decode()
        finally:
            with _moved:
                _line.remove(self)
                _moved.notify_all()
            self.ended.set()

    def _has_place(self) -> bool:
        """Whether its turn has come; else it is not wanted any more."""
        with _moved:
            while self._wanted() and _line.index(self) >= PLACES:
                _moved.wait(LOOK_S)
        return not self.stopped and not self.gone

    def _wanted(self) -> bool:
        if self._gone_s is not None and time.monotonic() - self._looked > self._gone_s:
            self.gone = True
        return not self.stopped and not self.gone

    def _decode(self) -> None:
        system = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
        quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "env": system, "cwd": tempfile.gettempdir()}
        with tempfile.TemporaryFile() as file:
            file.write(self._data)
            file.seek(0)
            self._data = b""
            command = [sys.executable, "-I", "-c", RUN, str(ROOT), str(self._program)]
            with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, **quiet) as process:
                assert process.stdout
                self._began = self._heard = time.monotonic()
                self._process = process
                reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
                reader.start()
                while reader.is_alive():
                    if not self._wanted() or self._too_long():
                        process.kill()
                    reader.join(LOOK_S)
                process.kill()

    def _too_long(self) -> bool:
        now = time.monotonic()
        return now - self._heard > self._silence_s or now - (self._began or now) > IN_ALL * self._silence_s

    def _read(self, output: IO[bytes]) -> None:
        """Take the news, then the answer."""
        left = MOST_BYTES + 1
        with contextlib.suppress(OSError, ValueError):  # closed, since the process was ended
            while news := _news(line := output.readline(left)):
                left -= len(line)
                self.done, self.of = news
                self._heard = time.monotonic()
            answer = line + output.read(max(0, left - len(line)))
            self.answer = answer if len(answer) < left else b""


def _news(line: bytes) -> tuple[int, int] | None:
    """Pictures done and in all, where a line says no more than that; what decodes foreign bytes is not believed."""
    if len(line) > LONGEST_NEWS:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        match json.loads(line):
            case {"done": int(done), "of": int(of), **rest} if not rest and 0 <= done <= of <= MOST_PICTURES and of:
                return done, of
    return None
