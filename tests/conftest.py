"""The world every test lives in: its own runs folder, the processor, one thread."""

from __future__ import annotations

import functools
import os
import shutil
import sys

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, so before anything else
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["AE_DEVICE"] = "cpu"

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from browser import Server, Visits
    from fake_side import Side
    from playwright.sync_api import BrowserContext
    from torch import Tensor

    from ae_core.datasets import Split
    from ae_core.runs.run import Run
    from ae_core.runs.store import Store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a browser first: they are the long ones, and with short ones at the end two processes end together."""
    items.sort(key=lambda item: "browser" not in item.keywords)


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a test does reaches the runs of a user, and every test computes the same way."""
    import torch

    monkeypatch.setenv("AE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("AE_DEVICE", "cpu")
    monkeypatch.setattr("ae_core.training.device.NICE", 0)  # what trains here would slow down all later tests
    # A page that is run in a test leaves itself behind as the main module, which spawned processes would run again.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    torch.set_num_threads(1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty runs folder, the one AE_RUNS names, without pretrained runs."""
    from ae_core.runs.store import Store

    return Store(tmp_path / "runs", pretrained=None)


@pytest.fixture
def side() -> Iterator[Side]:
    """Pages have it computed by a process that answers when the test wants it to."""
    from types import SimpleNamespace

    from fake_side import Side

    from ui.results import asking, engine

    made = Side()
    engine.use_engine(SimpleNamespace(side=made, pool=made.pool))
    asking.forget()
    asking._waiting.clear()
    yield made
    engine.use_engine(None)
    asking.forget()


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

    from ae_core.runs.execution import execute
    from ae_core.runs.store import Store

    store = Store(tmp_path_factory.mktemp("uninterrupted"), pretrained=None)

    @functools.cache
    def weights(model: str = "vanilla", epochs: int = 3) -> dict[str, Tensor]:
        run = store.create(small_recipe(model, epochs), origin="test")
        assert execute(run).state == "done"
        return kept_tensors(run)

    return weights


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """A finished run on the digits, by model, epochs and knobs; each is trained once, and nobody may write to it."""
    from ae_core.runs.execution import execute
    from ae_core.runs.recipe import recipe
    from ae_core.runs.store import Store

    store = Store(tmp_path_factory.mktemp("trained"), pretrained=None)

    @functools.cache
    def run(model: str, epochs: int = 1, **knobs: object) -> Run:
        made = store.create(recipe(model, "digits", knobs, {"epochs": epochs}), origin="app")
        assert execute(made).state == "done"
        return made

    return run


@pytest.fixture
def run_of(trained: Callable[..., Run], store: Store) -> Callable[..., Run]:
    """The same run, in the folder where the pages of this test look for runs, for this test to do with as it likes."""
    from ae_core.runs.run import Run

    def run(model: str, epochs: int = 1, **knobs: object) -> Run:
        source = trained(model, epochs, **knobs).folder
        return Run(shutil.copytree(source, store.root / source.name, dirs_exist_ok=True))

    return run


@pytest.fixture
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training looks for a stop after every step."""
    from ae_core.runs import execution

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


# --- journeys in a browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all journeys of this process that only look at the shipped runs."""
    from browser import Server

    with Server(tmp_path_factory.mktemp("server") / "runs") as started:
        yield started


@pytest.fixture
def server(shared_server: Server) -> Server:
    """The server that `visit` visits; a file whose journeys train, delete or kill has a fixture `server` of its own."""
    return shared_server


@pytest.fixture(scope="module")
def window() -> Iterator[BrowserContext]:
    """One window of a Chromium for a file."""
    from browser import CHROMIUM, new_window

    from benchmarks.browser import chromium

    with chromium(CHROMIUM or "") as started:
        yield new_window(started)


@pytest.fixture
def visit(server: Server, window: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """Open pages of visitors: `visit("latent?map=dims")`; what goes wrong on one fails the test."""
    from browser import Visits

    visits = Visits(window, server)
    yield visits
    visits.end(request.node.name)
    assert visits.trouble == []
