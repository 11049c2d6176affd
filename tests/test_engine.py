"""The engine: a queue of runs, a stop that is obeyed, and workers that may die."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from fresh_python import answer_of, started
from small_runs import bit_equal, kept_tensors, small_recipe, wait_until

from ae_core import execution
from ae_core.cluster import SETTINGS
from ae_core.computations import Computation
from ae_core.engine import Engine
from ae_core.execution import execute
from ae_core.runs import Run, Status
from ae_core.store import Store

LONG = 10_000  # epochs; nobody waits for their end


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = Engine(Store(tmp_path_factory.mktemp("engine"), pretrained=None), slots=2)
    made.warm(wait=True)
    yield made
    made.close()


@pytest.fixture
def engine(shared_engine: Engine) -> Iterator[Engine]:
    """The warm engine; whatever a test leaves in it is stopped."""
    yield shared_engine
    for run in shared_engine.store.listing():
        shared_engine.stop(run)
        wait_until(lambda run=run: run.status().state != "running")
        shared_engine.store.delete(run)


def state(run: Run) -> str:
    return run.status().state


def trains(run: Run) -> bool:
    """Whether a worker has the run and has taken a step."""
    return state(run) == "running" and run.status().step > 0


def both_slots_busy(engine: Engine) -> list[Run]:
    runs = [engine.submit(small_recipe(epochs=LONG, seed=seed)) for seed in (1, 2)]
    wait_until(lambda: all(map(trains, runs)))
    return runs


def test_there_is_one_process_per_slot_and_none_is_this_one(engine):
    processes = set(engine.workers().values())
    assert len(processes) == engine.slots == 2 and os.getpid() not in processes


def frozen_and_deaf() -> tuple[int, bool]:
    """How many objects were set aside before this process was forked, and whether it leaves Ctrl-C to the server."""
    return gc.get_freeze_count(), signal.getsignal(signal.SIGINT) == signal.SIG_IGN


@pytest.mark.skipif(sys.platform != "linux", reason="worker processes are forked on Linux only")
def test_all_processes_are_forked_from_one_that_has_imported_everything(engine):
    processes = [*engine.workers().values(), *engine.side._client.run(os.getpid).values()]
    parents = {psutil.Process(process).ppid() for process in processes}
    assert len(processes) == 3 and len(parents) == 1 and os.getpid() not in parents
    for frozen, deaf in [
        *engine._client.run(frozen_and_deaf).values(),
        *engine.side._client.run(frozen_and_deaf).values(),
    ]:
        assert frozen > 100_000 and deaf


def test_a_submitted_run_is_done_with_the_weights_it_would_have_here(engine, store):
    run, here = engine.submit(small_recipe("vae")), store.create(small_recipe("vae"), origin="test")
    assert run.record()["origin"] == "app"
    wait_until(lambda: state(run) == "done")
    assert execute(here).state == "done"
    assert bit_equal(kept_tensors(run), kept_tensors(here))
    assert run.status().test == here.status().test


def test_what_a_page_has_computed_does_not_wait_behind_trainings(engine):
    busy = both_slots_busy(engine)
    waiting = engine.submit(small_recipe(epochs=LONG, seed=3))
    what = Computation.of("pca", dataset="digits")
    wait_until(lambda: engine.side.ask(what))
    assert all(map(trains, busy)) and state(waiting) == "waiting"


def test_more_runs_than_slots_wait_and_are_all_done_in_the_end(engine):
    busy = both_slots_busy(engine)
    waiting = [engine.submit(small_recipe(seed=seed)) for seed in range(4)]
    assert [state(run) for run in waiting] == ["waiting"] * 4
    assert [engine.ahead_of(run) for run in waiting] == [2, 3, 4, 5]
    for run in busy:
        engine.stop(run)
    wait_until(lambda: all(state(run) == "done" for run in waiting))
    assert [state(run) for run in busy] == ["stopped"] * 2
    wait_until(lambda: engine.ahead_of(waiting[-1]) == 0)


@pytest.mark.parametrize("ends", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_waiting_runs_take_whichever_slot_is_free_first(engine, ends):
    busy = both_slots_busy(engine)
    waiting = [engine.submit(small_recipe(seed=seed)) for seed in range(4)]
    engine.stop(busy[ends])
    wait_until(lambda: all(state(run) == "done" for run in waiting))
    assert trains(busy[1 - ends])


def test_a_waiting_run_is_stopped_at_once_and_never_begins(engine):
    busy = both_slots_busy(engine)
    run = engine.submit(small_recipe())
    engine.stop(run)
    assert state(run) == "stopped"
    after = engine.submit(small_recipe(seed=3))
    engine.stop(busy[0])
    wait_until(lambda: state(after) == "done")
    assert state(run) == "stopped" and run.status().step == 0 and run.metrics() == []


def seconds_to_stop(engine: Engine, run: Run) -> float:
    wait_until(lambda: trains(run))
    began = time.monotonic()
    engine.stop(run)
    wait_until(lambda: state(run) == "stopped")
    return time.monotonic() - began


def test_a_running_run_is_stopped_within_half_a_second_and_goes_on_when_asked(engine):
    run = engine.submit(small_recipe(epochs=LONG))
    fastest = seconds_to_stop(engine, run)
    for _ in range(3):  # the machine may be busy with other things
        step = run.status().step
        assert run.load()[1].step == step > 0
        engine.resume(run)
        fastest = min(fastest, seconds_to_stop(engine, run))
        assert run.status().step > step
    assert fastest < 0.5


def save_often() -> None:
    execution.CHECKPOINT_S = 0.05


def test_a_killed_worker_is_replaced_and_its_run_ends_bit_for_bit_the_same(engine, store):
    epochs = 200
    engine._client.run(save_often)
    run = engine.submit(small_recipe(epochs=epochs))
    wait_until(lambda: trains(run) and run.has_weights())
    victim = run.status().owner["pid"]
    assert victim in engine.workers().values()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: state(run) == "done")
    wait_until(lambda: len(engine.workers()) == engine.slots)
    assert victim not in engine.workers().values()
    assert all(deaf for _, deaf in engine._client.run(frozen_and_deaf).values())
    here = store.create(small_recipe(epochs=epochs), origin="test")
    execute(here)
    assert bit_equal(kept_tensors(run), kept_tensors(here))
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps)) and steps[-1] == epochs * 12


@pytest.fixture(scope="module")
def dead() -> dict:
    """The identity of a process that has ended."""
    return json.loads(answer_of("import json; from ae_core.ownership import identity; print(json.dumps(identity()))"))


def left_behind(store: Store, origin: str, status: Status) -> Run:
    run = store.create(small_recipe(epochs=1), origin=origin)
    run.write_status(status)
    return run


def test_what_an_earlier_engine_left_is_taken_up_and_nothing_else(engine, dead):
    waiting = left_behind(engine.store, "app", Status())
    interrupted = left_behind(engine.store, "app", Status("running", owner=dead))
    others = [
        left_behind(engine.store, "command line", Status()),
        left_behind(engine.store, "command line", Status("running", owner=dead)),
        left_behind(engine.store, "app", Status("stopped")),
        left_behind(engine.store, "app", Status("failed", error="x")),
        left_behind(engine.store, "app", asked := Status()),
    ]
    others[-1].ask_to_stop()
    before = [state(run) for run in others]
    taken = engine.recover()
    assert {run.id for run in taken} == {waiting.id, interrupted.id}
    wait_until(lambda: state(waiting) == state(interrupted) == "done")
    assert [state(run) for run in others] == before and asked.state == "waiting"


def test_recovering_twice_does_not_compute_a_run_twice(engine):
    busy = both_slots_busy(engine)
    queued = engine.submit(small_recipe())
    assert engine.recover() == [] and engine.ahead_of(queued) == 2
    assert all(map(trains, busy))


def test_a_run_that_was_deleted_while_it_waited_harms_nobody(engine):
    busy = both_slots_busy(engine)
    gone, after = engine.submit(small_recipe()), engine.submit(small_recipe(seed=3))
    engine.store.delete(gone)
    engine.stop(busy[0])
    wait_until(lambda: state(after) == "done")
    assert gone.id not in [run.id for run in engine.store.listing()]


def test_a_run_that_kills_its_workers_is_given_up_with_a_sentence(engine):
    run, killed = engine.submit(small_recipe(epochs=LONG)), set()
    while len(killed) <= SETTINGS["distributed.scheduler.allowed-failures"]:
        wait_until(lambda: trains(run) and run.status().owner["pid"] not in killed)
        killed.add(run.status().owner["pid"])
        os.kill(run.status().owner["pid"], signal.SIGKILL)
    wait_until(lambda: state(run) == "failed")
    assert "its process died several times" in run.status().error and "try a smaller model" in run.status().error


ALONE = """
import sys, time, psutil
from pathlib import Path
from ae_core.engine import Engine
from ae_core.store import Store
if __name__ == "__main__":
    engine = Engine(Store(Path(sys.argv[1]), pretrained=None), slots=1)
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    time.sleep(600)
"""


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
def test_a_killed_server_leaves_no_process_behind(tmp_path):
    program = tmp_path / "alone.py"
    program.write_text(ALONE, encoding="utf-8")
    server = started(str(program), str(tmp_path / "runs"))
    children = [psutil.Process(int(pid)) for pid in server.stdout.readline().split()]
    server.kill()
    server.communicate()
    assert len(children) >= 2
    wait_until(lambda: all(map(has_ended, children)), 60)
