"""A second Python process, for what one process cannot show of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def started(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Python with these arguments, running, in the folder of the project."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(*arguments: str, minutes: float = 1, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same, waited for; TimeoutExpired where that takes too long."""
    process = started(*arguments, **environment)
    try:
        out, err = process.communicate(timeout=60 * minutes)
    finally:
        process.kill()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def answer_of(program: str, **environment: str) -> str:
    """What a program prints; it must end well."""
    done = finished("-c", program, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
