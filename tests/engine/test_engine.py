"""The engine: a queue of runs, a stop that is obeyed, and workers that may die."""

from __future__ import annotations

import contextlib
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
from processes import gone, has_ended
from small_runs import bit_equal, kept_tensors, small_recipe, wait_until

from ae_core.datasets import DATASETS
from ae_core.engine.engine import Engine
from ae_core.looks.baseline import pca
from ae_core.runs import checkpoints, execution
from ae_core.runs.claim import CLAIM
from ae_core.runs.execution import execute
from ae_core.runs.run import Run, Status
from ae_core.runs.store import Store

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
    processes = [*engine.workers().values(), *engine.side.pool.client.run(os.getpid).values()]
    parents = {psutil.Process(process).ppid() for process in processes}
    assert len(processes) == 3 and len(parents) == 1 and os.getpid() not in parents
    for frozen, deaf in [
        *engine.pool.client.run(frozen_and_deaf).values(),
        *engine.side.pool.client.run(frozen_and_deaf).values(),
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
    what = pca.of(DATASETS["digits"])
    wait_until(lambda: engine.side.ask(what))
    assert all(map(trains, busy)) and state(waiting) == "waiting"


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("ends", [0, 1])
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
    engine.pool.client.run(save_often)
    run = engine.submit(small_recipe(epochs=epochs))
    wait_until(lambda: trains(run) and run.has_weights())
    victim = run.status().owner["pid"]
    assert victim in engine.workers().values()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: state(run) == "done")
    wait_until(lambda: len(engine.workers()) == engine.slots)
    assert victim not in engine.workers().values()
    assert all(deaf for _, deaf in engine.pool.client.run(frozen_and_deaf).values())
    here = store.create(small_recipe(epochs=epochs), origin="test")
    execute(here)
    assert bit_equal(kept_tensors(run), kept_tensors(here))
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps)) and steps[-1] == epochs * 12


def hung(run: Run) -> int:
    """Stop the process that trains a run in the middle of it, and let its last heartbeat be an hour ago; its number."""
    victim = run.status().owner["pid"]
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(victim).status() == psutil.STATUS_STOPPED)
    long_ago = time.time() - 3600
    os.utime(run.folder / CLAIM, (long_ago, long_ago))
    return victim


def replaced(engine: Engine, victim: int) -> bool:
    """Whether all slots have a worker, and none is the one that was ended; a worker that just dies cannot be asked."""
    there = engine.pool.client.scheduler_info(n_workers=-1)["workers"].keys()
    nannies = [nanny for nanny in engine.pool._cluster.workers.values() if nanny.worker_address in there]
    return len(nannies) == len(there) == engine.slots and victim not in [nanny.pid for nanny in nannies]


needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows cannot stop a process like this")


@needs_signals
def test_a_run_whose_process_hangs_is_silent_is_stopped_and_its_slot_comes_back(engine):
    runs = both_slots_busy(engine)
    run = runs[0]
    victim = hung(run)
    assert state(run) == "silent"
    engine.stop(run)
    assert state(run) == "stopped" and gone(victim)
    assert run.status().step == (run.load()[1].step if run.has_weights() else 0), "where it would go on"
    after = engine.submit(small_recipe(seed=3))
    wait_until(lambda: state(after) == "done")  # the other slot is still taken
    assert trains(runs[1]) and victim not in engine.workers().values()
    engine.resume(run)
    wait_until(lambda: trains(run))


@pytest.mark.slow
@needs_signals
def test_a_run_whose_process_hangs_goes_on_in_another_one_bit_for_bit_the_same(engine, store):
    engine.pool.client.run(save_often)
    run, here = engine.submit(small_recipe(epochs=80)), store.create(small_recipe(epochs=80), origin="test")
    wait_until(lambda: trains(run) and run.has_weights())
    victim = hung(run)
    engine.resume(run)
    wait_until(lambda: state(run) == "done")
    wait_until(lambda: replaced(engine, victim))
    execute(here)
    assert bit_equal(kept_tensors(run), kept_tensors(here))
    plain = [[{**line, "seconds": 0} for line in one.metrics()] for one in (run, here)]
    assert plain[0] == plain[1]


@needs_signals
def test_a_run_that_was_to_stop_when_its_process_died_is_stopped(engine):
    run = engine.submit(small_recipe(epochs=LONG))
    wait_until(lambda: trains(run))
    victim = run.status().owner["pid"]
    os.kill(victim, signal.SIGSTOP)  # it never hears of the stop
    engine.stop(run)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: state(run) == "stopped")
    left = left_behind(
        engine.store, "app", Status("running", owner={"host": os.uname().nodename, "pid": victim, "started": 1.0})
    )
    left.ask_to_stop()
    assert left not in engine.recover() and state(left) == "stopped"


@needs_signals
def test_a_run_that_is_deleted_while_its_process_hangs_takes_the_process_with_it(engine):
    run = both_slots_busy(engine)[0]
    victim = hung(run)
    engine.stop(run)
    engine.store.delete(run)
    assert engine.store.restore(run.id).status().state == "stopped"
    assert gone(victim)


def test_a_run_that_is_deleted_and_brought_back_at_once_can_go_on(engine):
    run = engine.submit(small_recipe(epochs=LONG))
    wait_until(lambda: trains(run))
    engine.store.delete(run)
    engine.store.restore(run.id)
    assert state(run) == "interrupted"
    wait_until(lambda: engine.ahead_of(run) == 0 and not engine._futures)
    assert state(run) == "interrupted", "whoever trained it has let go and has written nothing any more"
    engine.resume(run)
    wait_until(lambda: trains(run))


@pytest.fixture(scope="module")
def dead() -> dict:
    """The identity of a process that has ended."""
    return json.loads(answer_of("import json; from ae_core.runs.claim import identity; print(json.dumps(identity()))"))


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
    while len(killed) <= execution.ATTEMPTS:
        wait_until(lambda: trains(run) and run.status().owner["pid"] not in killed)
        killed.add(run.status().owner["pid"])
        os.kill(run.status().owner["pid"], signal.SIGKILL)
    wait_until(lambda: state(run) == "failed")
    assert (
        "its process died 4 times since it last saved" in run.status().error and "smaller model" in run.status().error
    )
    engine.resume(run)
    wait_until(lambda: trains(run))


def test_a_run_that_saves_between_the_deaths_of_its_process_is_never_given_up(engine):
    def both_save_often() -> bool:
        with contextlib.suppress(OSError):  # one of them is on its way to end
            return len(engine.pool.client.run(save_often)) == 2
        return False

    wait_until(both_save_often)
    run, killed = engine.submit(small_recipe(epochs=LONG)), set()
    for _ in range(2 * execution.ATTEMPTS):
        saved = len(killed) and checkpoints.manifest(run.folder)[-1].step
        wait_until(lambda saved=saved: trains(run) and run.status().owner["pid"] not in killed)
        wait_until(lambda saved=saved: (found := checkpoints.manifest(run.folder)) and found[-1].step > saved)
        killed.add(run.status().owner["pid"])
        os.kill(run.status().owner["pid"], signal.SIGKILL)
        wait_until(both_save_often)
    wait_until(lambda: trains(run) and run.status().owner["pid"] not in killed)


ALONE = """
import sys, time, psutil
from pathlib import Path
from ae_core.engine.engine import Engine
from ae_core.runs.store import Store
if __name__ == "__main__":
    engine = Engine(Store(Path(sys.argv[1]), pretrained=None), slots=1)
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    time.sleep(600)
"""


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
