"""One writer per run folder, also when writers die."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from fresh_python import answer_of, started
from small_runs import small_recipe, wait_until

from ae_core.execution import execute
from ae_core.ownership import CLAIM, HEARTBEAT_S, Busy, Claim, alive, identity
from ae_core.runs import Run, Status
from ae_core.store import Store


@pytest.fixture(scope="module")
def dead() -> dict:
    """The identity of a process that has ended."""
    return json.loads(answer_of("import json; from ae_core.ownership import identity; print(json.dumps(identity()))"))


@pytest.fixture
def run(store: Store) -> Run:
    return store.create(small_recipe(epochs=1), origin="test")


def claim_of(folder: Path, owner: dict) -> None:
    (folder / CLAIM).write_text(json.dumps({**owner, "token": "0" * 16}))


def test_this_process_is_alive_and_an_ended_one_is_not(dead):
    assert alive(identity(), silent_s=1e9) and not alive(dead, silent_s=0)


@pytest.mark.skipif(os.name == "nt", reason="on Windows an ended process leaves no number behind")
def test_a_killed_process_that_nobody_has_buried_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = {**identity(), "pid": child.pid, "started": psutil.Process(child.pid).create_time()}
    assert alive(owner, silent_s=0)
    child.kill()
    wait_until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not alive(owner, silent_s=0)
    child.communicate()


def test_a_later_process_with_the_same_number_is_another_one():
    assert not alive({**identity(), "started": identity()["started"] - 100}, silent_s=0)


def test_a_process_on_another_machine_counts_as_gone_when_it_was_silent_too_long():
    elsewhere = {**identity(), "host": "elsewhere"}
    assert alive(elsewhere, HEARTBEAT_S - 1) and not alive(elsewhere, HEARTBEAT_S + 1)


BROKEN = [
    None,
    [],
    "x",
    {},
    {"pid": 1},
    {"pid": "x", "started": 0},
    {"pid": -5, "started": 0},
    {"pid": 10**30, "started": 0},
]


@pytest.mark.parametrize("owner", BROKEN, ids=str)
def test_an_owner_nobody_could_be_is_not_alive(owner):
    here = {**owner, "host": socket.gethostname()} if isinstance(owner, dict) else owner
    assert not alive(here, silent_s=0)


def test_a_second_claim_is_refused_until_the_first_is_released(tmp_path):
    first = Claim(tmp_path)
    with pytest.raises(Busy, match="is being written by another process: wait for it, or stop it first"):
        Claim(tmp_path)
    first.check()
    first.release()
    Claim(tmp_path).check()
    assert [path.name for path in tmp_path.iterdir()] == [CLAIM]


def test_the_claim_of_a_dead_process_is_taken_over(tmp_path, dead):
    claim_of(tmp_path, dead)
    Claim(tmp_path).check()
    assert [path.name for path in tmp_path.iterdir()] == [CLAIM]


def test_the_claim_of_a_living_other_process_is_respected(tmp_path):
    other = started("-c", "input()")
    try:
        process = psutil.Process(other.pid)
        claim_of(tmp_path, {**identity(), "pid": other.pid, "started": process.create_time()})
        with pytest.raises(Busy):
            Claim(tmp_path)
    finally:
        other.kill()
        other.communicate()
    Claim(tmp_path).check()


def test_a_claim_that_was_taken_over_is_noticed_and_not_removed(tmp_path):
    ours = Claim(tmp_path)
    claim_of(tmp_path, identity())
    with pytest.raises(Busy, match="was taken over or removed"):
        ours.check()
    ours.release()
    assert (tmp_path / CLAIM).exists()


def test_of_many_that_want_a_dead_claim_at_once_one_gets_it(tmp_path, dead):
    for turn in range(20):
        folder = tmp_path / str(turn)
        folder.mkdir()
        claim_of(folder, dead)
        claims: list[Claim] = []
        barrier = threading.Barrier(8)

        def take(folder: Path = folder, claims: list = claims, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            with contextlib.suppress(Busy):
                claims.append(Claim(folder))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(holds(claim) for claim in claims) == 1


def holds(claim: Claim) -> bool:
    try:
        claim.check()
    except Busy:
        return False
    return True


def test_a_run_whose_claim_a_power_cut_emptied_can_be_trained(run):
    (run.folder / CLAIM).write_bytes(b"")
    assert execute(run).state == "done"


def test_a_run_left_by_a_machine_that_is_long_gone_can_be_trained(run, dead):
    """A restarted container has another host name; nobody will ever hear of the old one again."""
    elsewhere, long_ago = {**dead, "host": "elsewhere"}, time.time() - 3600
    run.write_status(Status("running", owner=elsewhere))
    record = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps({**record, "heartbeat": long_ago}))
    claim_of(run.folder, elsewhere)
    os.utime(run.folder / CLAIM, (long_ago, long_ago))
    assert run.status().state == "interrupted"
    assert execute(run).state == "done"
