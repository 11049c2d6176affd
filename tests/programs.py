"""Programs that train a run again, executed with nothing of the project on their path."""

from __future__ import annotations

import re
import subprocess
import sys

from ae_core.export import training_script


def said(command: list[str], folder) -> str:
    """What a Python of its own prints, in `folder` and with nothing of the project on its path."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-I", *command], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def loss_in(text: str) -> float:
    return float(re.search(r"^final test loss (\S+) ", text, re.MULTILINE)[1])


def loss_alone(made, folder) -> float:
    (folder / "train.py").write_text(training_script(made), encoding="utf-8")
    return loss_in(said(["train.py"], folder))
