"""What a list of runs says of each of them, as plain JSON: the browser draws it (`ui.components.run_list`)."""

from __future__ import annotations

from typing import Any

from ae_core.datasets import DatasetError
from ae_core.runs import ACTIVE, Run, RunError, Status
from ui import cached
from ui.colours import STATES
from ui.components.run_list import DELETE


def active(run: Run) -> bool:
    """Whether a run is being trained or waits for it; a shipped one never is."""
    return not run.pretrained and cached.status(run).state in ACTIVE


def row(run: Run) -> dict[str, Any]:
    """One run: what it is, its state, its curve, its numbers, and what can be done with it."""
    status = cached.status(run)
    return {
        "id": run.id,
        **_name(run),
        "state": status.state,
        "colour": STATES.get(status.state, "gray"),
        "curve": cached.test_curve(run),
        **_numbers(status),
        "can": _actions(run, status),
    }


def _name(run: Run) -> dict[str, Any]:
    """Title and seed; where its recipe cannot be read, the sentence that says so."""
    try:
        made = run.recipe()
        return {"title": made.title, "seed": made.plan["seed"], "sentence": ""}
    except (RunError, DatasetError) as error:
        return {"title": "", "seed": None, "sentence": str(error)}


def _numbers(status: Status) -> dict[str, Any]:
    """The final test error per pixel and how long that took, or where the training stands."""
    if status.test:
        return {"error": f"{status.test['mse']:.4f}", "notes": [f"{status.epoch} epochs, {status.seconds:.1f} s"]}
    if status.total:
        return {"error": "", "notes": [f"step {status.step:,} of {status.total:,}", f"{status.seconds:.1f} s"]}
    return {"error": "", "notes": []}


def _actions(run: Run, status: Status) -> list[str]:
    """What can be done with a run; only one with weights can be opened, only a resting one compared."""
    opened = run.has_weights()
    resting = opened and status.state not in ACTIVE
    possible = {"watch": True, "open": opened, "compare": resting, DELETE: not run.pretrained}
    return [action for action, can in possible.items() if can]
