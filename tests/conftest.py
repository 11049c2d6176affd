"""The world every test lives in: its own runs folder, the processor, one thread."""

from __future__ import annotations

import functools
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, so before anything else
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["AE_DEVICE"] = "cpu"

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from ae_core.datasets import Split
    from ae_core.store import Store


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a test does reaches the runs of a user, and every test computes the same way."""
    import torch

    monkeypatch.setenv("AE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("AE_DEVICE", "cpu")
    monkeypatch.setattr("ae_core.device.NICE", 0)  # what trains here would slow down all later tests
    # A page that is run in a test leaves itself behind as the main module, which spawned processes would run again.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    torch.set_num_threads(1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty runs folder, the one AE_RUNS names, without pretrained runs."""
    from ae_core.store import Store

    return Store(tmp_path / "runs", pretrained=None)


@pytest.fixture
def mnist() -> Split:
    """MNIST where the files lie in AE_DATA (or in the user's cache); elsewhere the test is skipped."""
    from ae_core.datasets import DATASETS

    if not DATASETS["mnist"].present():
        pytest.skip("MNIST is not here: set AE_DATA to a folder that holds MNIST/raw")
    return DATASETS["mnist"].load()


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Tensor]]:
    """The last weights of a small run that nothing disturbed, by model and epochs; each trained once."""
    from small_runs import kept_tensors, small_recipe

    from ae_core.execution import execute
    from ae_core.store import Store

    store = Store(tmp_path_factory.mktemp("uninterrupted"), pretrained=None)

    @functools.cache
    def weights(model: str = "vanilla", epochs: int = 3) -> dict[str, Tensor]:
        run = store.create(small_recipe(model, epochs), origin="test")
        assert execute(run).state == "done"
        return kept_tensors(run)

    return weights


@pytest.fixture
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training looks for a stop after every step."""
    from ae_core import execution

    monkeypatch.setattr(execution, "STOP_S", -1.0)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Call main() in this process: returns exit status, what was printed, and what was said on the side."""
    from ae_core import __main__ as command_line

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ae_core", *arguments])
        status = 0
        try:
            command_line.main()
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    return call
