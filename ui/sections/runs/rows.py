"""What a list of runs says of each of them, as plain JSON: the browser draws it (`ui.components.run_list.run_list`)."""

from __future__ import annotations

from typing import Any

from ae_core.datasets import DatasetError
from ae_core.runs import reading
from ae_core.runs.run import ACTIVE, Run, RunError, Status
from ui.colours import STATES
from ui.components.run_list.run_list import DELETE


def active(run: Run) -> bool:
    """Whether a run is being trained or waits for it; a shipped one never is."""
    return not run.pretrained and reading.status(run).state in ACTIVE


def row(run: Run) -> dict[str, Any]:
    """One run: what it is, its state and why it failed, its curve, its numbers, and what can be done with it."""
    status = reading.status(run)
    return {
        "id": run.id,
        **_name(run),
        "state": status.state,
        "colour": STATES.get(status.state, "gray"),
        "curve": reading.test_curve(run),
        "why": status.error or "" if status.state == "failed" else "",
        **_numbers(run, status),
        "can": _actions(run, status),
    }


def _name(run: Run) -> dict[str, Any]:
    """Title and seed, and the sentence about what cannot be read, where there is such a thing."""
    told = reading.trouble(run)
    try:
        recipe = run.recipe()
        return {"title": recipe.title, "seed": recipe.plan["seed"], "sentence": told}
    except (RunError, DatasetError) as error:
        return {"title": "", "seed": None, "sentence": str(error)}


def _numbers(run: Run, status: Status) -> dict[str, Any]:
    """The final test error per pixel and how long that took, or where the training stands."""
    if status.state == "silent":
        return {"error": "", "notes": [f"step {status.step:,} of {status.total:,}", silent_for(run)]}
    if status.test:
        return {"error": f"{status.test['mse']:.4f}", "notes": [f"{status.epoch} epochs, {status.seconds:.1f} s"]}
    if status.total:
        return {"error": "", "notes": [f"step {status.step:,} of {status.total:,}", f"{status.seconds:.1f} s"]}
    return {"error": "", "notes": []}


def silent_for(run: Run) -> str:
    """How long the process of a run has given no sign of life."""
    return f"no sign of life for {duration(run.silence())}"


def duration(seconds: float) -> str:
    """A time in seconds, or in minutes where it is long."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _actions(run: Run, status: Status) -> list[str]:
    """What can be done with a run; only one with weights can be opened, only a resting one compared."""
    opened = run.has_weights() and not reading.damage(run)
    resting = opened and status.state not in ACTIVE
    possible = {"watch": True, "open": opened, "compare": resting, DELETE: not run.pretrained}
    return [action for action, can in possible.items() if can]
