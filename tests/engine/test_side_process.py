"""The process beside the trainings: what it gives, how it is stopped, and that nothing short waits in it."""

from __future__ import annotations

import contextlib
import time

import pytest
import torch
import toy_looks
from small_runs import small_recipe, wait_until

from ae_core.datasets import DATASETS
from ae_core.durable import Damaged
from ae_core.engine import disk_cache
from ae_core.engine.side_process import UNTAKEN, SideProcess
from ae_core.looks import baseline, codes, memory, training
from ae_core.runs import checkpoints
from ae_core.runs.execution import execute
from ae_core.runs.opened import opened
from ae_core.runs.run import RunError
from ae_core.runs.store import Store

DIGITS = DATASETS["digits"]


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


def lasting(number: int):
    """Many seconds long, and asked for once."""
    return toy_looks.lasting.of(DIGITS, 100_000 + number)


def small_files(store):
    return [path.name for path in (store.root / disk_cache.FOLDER).glob(".*.*")]


def on_disk(store):
    return {path.stem for path in (store.root / disk_cache.FOLDER).glob("*.safetensors")}


def test_it_gives_what_would_be_computed_here_and_keeps_it_for_the_next_server(world):
    side, store, _ = world
    what = baseline.pca.of(DIGITS)
    with pytest.raises(Damaged):
        side.result(what)
    assert side.settled(what)
    wait_until(lambda: side.ask(what, 10))
    found, wanted = side.result(what), what.compute()
    assert torch.equal(found.components, wanted.components) and torch.equal(found.mean, wanted.mean)
    disk_cache.place(store.root, what.key).write_bytes(b"not what it was")
    with pytest.raises(Damaged):
        side.result(what)
    assert not side.ready(what)
    wait_until(lambda: side.ask(what))
    assert torch.equal(side.result(what).components, wanted.components)
    wait_until(lambda: not small_files(store))


def test_what_lasts_tells_how_far_it_is_and_what_there_is_and_stops_within_half_a_second(world):
    side, store, _ = world
    what = lasting(1)
    assert not side.ask(what)
    wait_until(lambda: side.so_far(what) is not None)
    progress, so_far = side.progress(what), side.so_far(what)
    assert 0 <= progress.share < 1 and progress.seconds > 0 and not side.settled(what)
    assert len(so_far.of) > 0 and so_far.total == so_far.of.sum()
    began = time.monotonic()
    side.stop(what)
    assert side.settled(what)
    wait_until(lambda: not small_files(store))
    assert time.monotonic() - began < 0.5
    assert not side.ready(what) and side.progress(what) == (0.0, 0.0) and side.so_far(what) is None


def test_a_short_one_does_not_wait_behind_lasting_ones_and_those_take_turns(world):
    side, _, run = world
    first, second = lasting(2), lasting(3)
    assert not side.ask(first) and not side.ask(second)
    wait_until(lambda: side.progress(first).seconds > 0)
    short = codes.encoded.of(opened(run))
    wait_until(lambda: side.ask(short))
    assert not side.settled(first) and side.progress(second).seconds == 0
    side.stop(first)
    wait_until(lambda: side.progress(second).seconds > 0)
    side.stop(second)


def test_asking_twice_computes_once_and_a_waiting_one_can_be_stopped(world):
    side, _, _ = world
    running, waiting = lasting(4), lasting(5)
    side.ask(running)
    once = side._tasks[running.key]
    side.ask(running)
    side.ask(waiting)
    assert side._tasks[running.key] is once
    side.stop(waiting)
    assert side.settled(waiting) and not side.settled(running)
    side.stop(running)


def test_what_cannot_be_done_is_answered_with_its_sentence_again_and_again_but_not_for_ever(world, monkeypatch):
    side, _, _ = world
    what = toy_looks.breaks.of(DIGITS)
    with pytest.raises(ValueError, match="cannot be added up: take others"):
        side.ask(what, 10)
    asked = side._tasks[what.key]
    with pytest.raises(ValueError, match="cannot be added up"):
        side.ask(what)
    assert side._tasks[what.key] is asked and side.settled(what)
    monkeypatch.setattr("ae_core.engine.side_process.AGAIN_S", 0.0)
    with contextlib.suppress(ValueError):
        side.ask(what)
    assert side._tasks[what.key] is not asked


def test_a_run_that_is_trained_further_or_removed_before_its_turn_is_refused_in_a_sentence(world):
    side, store, _ = world
    gone = store.create(small_recipe(epochs=1, seed=9), origin="test")
    assert execute(gone).state == "done"
    what = codes.encoded.of(opened(gone))
    (entry,) = checkpoints.manifest(gone.folder)
    _, tensors = checkpoints.newest(gone.folder)
    checkpoints.save(gone.folder, {n: v + v.new_ones(()) for n, v in tensors.items()}, entry.step, 1, 0.0)
    with pytest.raises(RunError, match="open the page again"):
        side.ask(what, 10)
    removed = codes.encoded.of(opened(gone))
    store.delete(gone)
    with pytest.raises(RunError, match="cannot be opened"):
        side.ask(removed, 10)


def test_a_look_that_needs_another_one_keeps_both(world):
    side, store, _ = world
    what = toy_looks.twice.of(DIGITS)
    wait_until(lambda: side.ask(what, 10))
    assert side.result(what).total == 2 * 46.0
    assert {what.key, toy_looks.beside.of(DIGITS, 4).key} <= on_disk(store)


def test_what_is_private_never_comes_to_a_disk_and_is_given_once(world):
    side, store, _ = world
    before, what = on_disk(store), toy_looks.private.of(torch.arange(5.0))
    wait_until(lambda: side.ask(what, 10))
    assert side.ready(what) and side.result(what).total == 10.0
    assert on_disk(store) == before and not side.ready(what)
    assert not [name for name in small_files(store) if "so_far" in name]
    with pytest.raises(Damaged):
        side.result(what)


def test_private_results_that_nobody_comes_for_are_dropped(world):
    side, _, _ = world
    asked = [toy_looks.private.of(torch.full((2,), float(k))) for k in range(UNTAKEN + 3)]
    for what in asked:
        wait_until(lambda what=what: side.ask(what, 10))
    assert sum(side.ready(what) for what in asked) <= UNTAKEN + 1
    assert side.ready(asked[-1]) and not side.ready(asked[0])


def test_a_training_is_a_look_whose_pictures_can_be_seen_while_it_goes_on(world):
    side, _, _ = world
    recipe = small_recipe(epochs=400)
    what = training.trained.of(recipe)
    side.ask(what)
    wait_until(lambda: side.ready(what) or side.so_far(what) is not None)
    if not side.ready(what):
        so_far = side.so_far(what)
        assert so_far is None or (len(so_far.pictures) == len(so_far.points) and not so_far.weights)
    wait_until(lambda: side.ask(what))
    memory.forget()
    wanted, found = training.trained(recipe), side.result(what)
    assert all(torch.equal(found.weights[name], wanted.weights[name]) for name in wanted.weights)
