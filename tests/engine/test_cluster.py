"""A pool of worker processes that stays whole: what is killed, hangs or was given up is replaced."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing import forkserver

import pytest
from fresh_python import answer_of
from small_runs import wait_until

from ae_core.engine import cluster
from ae_core.engine.cluster import Pool


@pytest.fixture
def pool(monkeypatch):
    """One worker, of which nobody has the patience that people have."""
    monkeypatch.setattr(cluster, "WATCH_S", 0.2)
    monkeypatch.setattr(cluster, "SILENT", 10)
    monkeypatch.setattr(cluster, "HUNG", 15)
    monkeypatch.setattr(cluster, "REOPEN_S", 0.2)
    made = Pool(1, threads_per_worker=1)
    yield made
    made.close()


def only_worker(pool: Pool) -> int:
    wait_until(lambda: pool.missing == 0 and len(pool.client.run(os.getpid)) == 1)
    return next(iter(pool.client.run(os.getpid).values()))


def test_what_a_worker_holds_is_in_memory_alone_however_much_it_is(pool):
    only_worker(pool)
    assert set(pool.client.run(lambda dask_worker: type(dask_worker.data).__name__).values()) == {"dict"}


def test_a_slot_that_was_given_up_is_opened_anew(pool):
    before = only_worker(pool)
    nanny = pool._cluster.workers[0]
    pool._cluster.sync(nanny.close)
    wait_until(lambda: pool.missing == 1)
    assert only_worker(pool) != before
    assert pool.client.submit(int, "7").result(30) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP on Windows")
def test_a_worker_that_hangs_is_missed_and_replaced(pool):
    before = only_worker(pool)
    os.kill(before, signal.SIGSTOP)
    wait_until(lambda: pool.missing == 1)
    asked = pool.client.submit(int, "7")
    assert asked.result(60) == 7 and only_worker(pool) != before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is forked from another")
def test_a_worker_comes_back_also_where_the_process_it_is_forked_from_was_stopped(pool):
    before = only_worker(pool)
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGSTOP)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: pool.missing == 1)
    assert only_worker(pool) != before


PROGRAM = """
import os, sys
if __name__ == "__mp_main__":
    print("again", flush=True)
if __name__ == "__main__":
    from multiprocessing import get_context
    from ae_core.engine import forkserver
    if sys.argv[1:] == ["leave"]:
        forkserver.without_main_module()
    for method in {forkserver.METHOD, "spawn"}:
        process = get_context(method).Process(target=os.getpid)
        process.start()
        process.join()
        print(process.exitcode, flush=True)
"""


@pytest.mark.parametrize(("argument", "answer"), [("run", {"again", "0"}), ("leave", {"0"})])
def test_a_process_leaves_the_main_module_alone_where_it_is_told_to(tmp_path, argument, answer):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    run = f"import runpy, sys; sys.argv = ['x', {argument!r}]; import __main__; __main__.__file__ = {str(program)!r}; "
    said = answer_of(run + f"exec(compile(open({str(program)!r}).read(), 'p', 'exec'))")
    assert set(said.split()) == answer
