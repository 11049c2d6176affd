"""The process beside the trainings: what it gives, how it is stopped, and that nothing short waits in it."""

from __future__ import annotations

import contextlib
import time

import pytest
import torch
from small_runs import small_recipe, wait_until

from ae_core import kept
from ae_core.computations import Computation, of_run
from ae_core.execution import execute
from ae_core.runs import RunError
from ae_core.side_process import SideProcess
from ae_core.store import Store

BORING = 1e-9  # an exaggeration that nobody else asks for


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A process on a folder with a finished run."""
    store = Store(tmp_path_factory.mktemp("side") / "runs", None)
    run = store.create(small_recipe(epochs=1), origin="test")
    assert execute(run).state == "done"
    side = SideProcess(store.root)
    side.warm().result()
    yield side, store, run
    side.close()


def lasting(world, number: float) -> Computation:
    """A map of neighbours, seconds long, that is asked for once."""
    run = world[2]
    return of_run("neighbour_map", run, run.load()[1].sha256, exaggeration=1.0 + BORING * number)


def small_files(store):
    return [path.name for path in (store.root / kept.FOLDER).glob(".*.*")]


def test_it_gives_what_would_be_computed_here_and_keeps_it_for_the_next_server(world):
    side, store, _ = world
    what = Computation.of("pca", dataset="digits")
    assert side.result(what) is None and side.settled(what)
    wait_until(lambda: side.ask(what, 10))
    found, wanted = side.result(what), what.carry_out(store)
    assert found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)
    kept.place(store.root, what.key).write_bytes(b"not what it was")
    assert side.result(what) is None and not side.ready(what)
    wait_until(lambda: side.ask(what))
    assert all(torch.equal(side.result(what)[name], wanted[name]) for name in wanted)
    wait_until(lambda: not small_files(store))


def test_what_lasts_tells_how_far_it_is_and_stops_within_half_a_second(world):
    side, store, _ = world
    what = lasting(world, 1)
    assert not side.ask(what)
    wait_until(lambda: side.progress(what).share > 0.15)
    progress = side.progress(what)
    assert 0 < progress.share < 1 and progress.seconds > 0 and progress.left > 0 and not side.settled(what)
    began = time.monotonic()
    side.stop(what)
    assert side.settled(what)
    wait_until(lambda: not small_files(store))
    assert time.monotonic() - began < 0.5
    assert not side.ready(what) and side.progress(what) == (0.0, 0.0)


def test_a_short_one_does_not_wait_behind_lasting_ones_and_those_take_turns(world):
    side, _, run = world
    first, second = lasting(world, 2), lasting(world, 3)
    assert not side.ask(first) and not side.ask(second)
    wait_until(lambda: side.progress(first).share > 0.05)
    short = of_run("codes", run, run.load()[1].sha256)
    wait_until(lambda: side.ask(short))
    assert not side.settled(first) and side.progress(second).share == 0
    side.stop(first)
    wait_until(lambda: side.progress(second).share > 0)
    side.stop(second)


def test_asking_twice_computes_once_and_a_waiting_one_can_be_stopped(world):
    side, _, _ = world
    running, waiting = lasting(world, 4), lasting(world, 5)
    side.ask(running)
    once = side._asked[running.key]
    side.ask(running)
    side.ask(waiting)
    assert side._asked[running.key] is once
    side.stop(waiting)
    assert side.settled(waiting) and not side.settled(running)
    side.stop(running)


def test_what_cannot_be_done_is_answered_with_its_sentence_again_and_again_but_not_for_ever(world, monkeypatch):
    side, _, run = world
    what = of_run("codes", run, "0" * 64)
    with pytest.raises(RunError, match="open the page again"):
        side.ask(what, 10)
    asked = side._asked[what.key]
    with pytest.raises(RunError):
        side.ask(what)
    assert side._asked[what.key] is asked and side.settled(what)
    monkeypatch.setattr("ae_core.side_process.AGAIN_S", 0.0)
    with contextlib.suppress(RunError):
        side.ask(what)
    assert side._asked[what.key] is not asked
