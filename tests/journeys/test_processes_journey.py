"""A server that has been visited loses its processes: each is replaced, and what visitors asked for is there in the
end.
"""

from __future__ import annotations

import os
import random
import signal
import sys

import psutil
import pytest
from browser import JOURNEY, Server, expect, press_train, settled
from processes import fork_server, has_ended, kill_and_wait, workers
from small_runs import bit_equal, kept_tensors, wait_until

from ae_core.runs import checkpoints
from ae_core.runs.execution import execute
from ae_core.runs.store import Store

pytestmark = [*JOURNEY, pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart on Linux only")]
KILLS = 20
SHORT = "train?model=vanilla&dataset=digits&epochs=20&seed={}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own, whose processes are killed."""
    with Server(tmp_path_factory.mktemp("killed") / "runs") as started:
        yield started


def visited(visit, server) -> set[int]:
    """Somebody looks at a page, so that the app is the main module of the server; the workers that are there then."""
    settled(visit(still=True))
    wait_until(lambda: len(workers(server.process.pid)) == 3, 60)
    return workers(server.process.pid)


def trains_and_computes(visit, seed: int) -> None:
    """A run ends on Train, and a map that nobody has asked for yet is drawn on Latent space."""
    page = visit(SHORT.format(seed))
    run = press_train(page)
    expect(page.get_by_text("done", exact=True).first).to_be_visible()
    page.goto(f"{page.url.split('/train')[0]}/latent?run={run}")
    settled(page)
    expect(page.locator(".pad canvas").first).to_be_visible()


def test_every_kind_of_process_is_replaced_on_a_server_that_was_visited(visit, server):
    for victim in visited(visit, server):  # two that train, and the one beside them
        kill_and_wait(server.process.pid, victim)
    trains_and_computes(visit, 1)
    before = fork_server(server.process.pid)
    old = [psutil.Process(worker) for worker in workers(server.process.pid)]
    os.kill(before.pid, signal.SIGKILL)  # from which they are forked
    wait_until(lambda: len(workers(server.process.pid)) == 3, 60)
    wait_until(lambda: all(map(has_ended, old)), 60)
    trains_and_computes(visit, 2)
    assert "Traceback" not in server.log.read_text()


def newest(run) -> int:
    """Step of the newest checkpoint; 0 before there is one."""
    saved = checkpoints.manifest(run.folder)
    return saved[-1].step if saved else 0


@pytest.mark.slow
def test_twenty_kills_cost_no_run_and_no_page(visit, server):
    """Any process at any moment, while a long run is trained; the run ends as if nothing had happened."""
    chance, seen, own, saved = random.Random(0), visited(visit, server), 0, -1
    store = Store(server.runs)
    run = store.find(press_train(visit("train?model=vae&dataset=digits&epochs=1000")))
    for k in range(KILLS):
        wait_until(lambda: run.status().state in ("running", "done", "failed"))
        trainer = (run.status().owner or {}).get("pid")
        step = newest(run)
        spared = {trainer} if step == saved else set()  # one that never gets to save is given up after a few times
        victim = chance.choice(sorted(workers(server.process.pid) - spared))
        own, saved = (own + 1, step) if victim == trainer else (own, saved)
        kill_and_wait(server.process.pid, victim)
        if k % 5 == 4:
            trains_and_computes(visit, k)
    assert not seen & workers(server.process.pid)
    wait_until(lambda: run.status().state in ("done", "failed"))
    assert run.status().state == "done" and own
    here = store.create(run.recipe(), origin="test")
    execute(here)
    assert bit_equal(kept_tensors(run), kept_tensors(here))
    assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_pages_say_so_while_no_process_answers_and_all_are_replaced(visit, server):
    hung = visited(visit, server)
    for worker in hung:
        os.kill(worker, signal.SIGSTOP)
    page = visit(SHORT.format(3))
    press_train(page)
    expect(page.get_by_text("do not answer").first).to_be_visible()  # the page that waits hears of it by itself
    expect(visit("reconstruct").get_by_text("do not answer").first).to_be_visible()  # any other when it is opened
    expect(page.get_by_text("done", exact=True).first).to_be_visible()
    assert not hung & workers(server.process.pid)
    expect(page.get_by_text("not answer")).to_have_count(0)
    trains_and_computes(visit, 4)
