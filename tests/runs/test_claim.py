"""One writer per run folder, also when writers die."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
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

from ae_core.runs import claim as claim_file
from ae_core.runs import execution
from ae_core.runs.claim import CLAIM, SILENT_S, Busy, Claim, identity, owner_of, silence, take_over
from ae_core.runs.execution import execute
from ae_core.runs.processes import HEARTBEAT_S, alive
from ae_core.runs.run import Run, Status
from ae_core.runs.store import Store


@pytest.fixture(scope="module")
def dead() -> dict:
    """The identity of a process that has ended."""
    return json.loads(answer_of("import json; from ae_core.runs.claim import identity; print(json.dumps(identity()))"))


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
    second = Claim(tmp_path)
    second.check()
    assert {path.name for path in tmp_path.iterdir()} == {CLAIM, second.room.name}
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_dead_process_is_taken_over(tmp_path, dead):
    claim_of(tmp_path, dead)
    claim = Claim(tmp_path)
    claim.check()
    assert {path.name for path in tmp_path.iterdir()} == {CLAIM, claim.room.name}


def test_the_claim_of_a_living_other_process_is_respected(tmp_path):
    other = started("-c", "import time; time.sleep(600)")
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


SLEEPER = """
import sys, time
from pathlib import Path
from ae_core.runs.claim import Claim
claim = Claim(Path(sys.argv[1]))
with claim.beating():
    print("claimed", flush=True)
    while not (claim.folder / "go").exists():
        time.sleep(0.01)
    try:
        (claim.room / "x").write_text("written")
        (claim.room / "x").replace(claim.folder / "x")
    except FileNotFoundError:
        print("refused", claim.held(), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def sleeper(tmp_path):
    """A process that has the claim on a folder, stopped in the middle of its work, and has been silent for long."""
    process = started("-c", SLEEPER, str(tmp_path), PYTHONUNBUFFERED="1")
    try:
        assert process.stdout.readline() == "claimed\n"
        os.kill(process.pid, signal.SIGSTOP)
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        fall_silent(tmp_path)
        yield process
    finally:
        process.kill()
        process.communicate()


def fall_silent(folder: Path) -> None:
    """Let the last heartbeat be an hour ago."""
    long_ago = time.time() - 3600
    os.utime(folder / CLAIM, (long_ago, long_ago))


needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows cannot stop a process like this")


def test_a_heart_beats_without_any_help_and_stops_when_nothing_has_moved_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(claim_file, "BEAT_S", 0.001)
    claim = Claim(tmp_path)
    with claim.beating():
        fall_silent(tmp_path)
        wait_until(lambda: silence(tmp_path) < SILENT_S)
        monkeypatch.setattr(claim_file, "STALLED_S", -1.0)  # as if the last step had been too long ago
        beats = []
        monkeypatch.setattr(claim, "_touch", lambda: beats.append(1))
        fall_silent(tmp_path)
    assert silence(tmp_path) > SILENT_S or not beats
    claim.release()


def test_a_training_beats_while_it_loads_trains_and_measures(run, monkeypatch):
    seen = []
    monkeypatch.setattr(claim_file, "BEAT_S", 0.02)
    monkeypatch.setattr(Claim, "_touch", lambda claim: seen.append(threading.current_thread().name))

    def slowly(original):
        def call(*arguments):
            before = len(seen)
            wait_until(lambda: len(seen) > before + 2)
            return original(*arguments)

        return call

    for name in ("begin", "chosen_device", "measure"):
        monkeypatch.setattr(execution, name, slowly(getattr(execution, name)))
    assert execute(run).state == "done"
    assert set(seen) == {"heartbeat"} and "heartbeat" not in [thread.name for thread in threading.enumerate()]


@needs_signals
def test_a_stopped_process_is_alive_and_silent_and_its_claim_is_respected_until_it_is_taken_over(sleeper, tmp_path):
    assert owner_of(tmp_path)["pid"] == sleeper.pid and silence(tmp_path) > SILENT_S
    with pytest.raises(Busy):
        Claim(tmp_path)
    ours = take_over(tmp_path)
    ours.check()
    assert sleeper.wait(timeout=60) == -signal.SIGKILL
    assert {path.name for path in tmp_path.iterdir()} == {CLAIM, ours.room.name}


@needs_signals
def test_a_process_whose_heart_beats_is_not_ended(sleeper, tmp_path):
    (tmp_path / CLAIM).touch()
    with pytest.raises(Busy):
        take_over(tmp_path)
    assert psutil.Process(sleeper.pid).status() == psutil.STATUS_STOPPED


@needs_signals
def test_a_process_that_wakes_up_after_it_was_taken_over_can_write_nothing(sleeper, tmp_path, monkeypatch):
    monkeypatch.setattr(claim_file, "end", lambda owner, holding: None)  # it is on another machine, say
    ours = take_over(tmp_path)
    (tmp_path / "x").write_text("ours")
    fall_silent(tmp_path)
    (tmp_path / "go").touch()
    os.kill(sleeper.pid, signal.SIGCONT)
    assert sleeper.stdout.readline() == "refused False\n"
    assert (tmp_path / "x").read_text() == "ours" and silence(tmp_path) > SILENT_S, "nor does its heart beat for us"
    ours.check()


@needs_signals
def test_only_a_process_that_holds_the_claim_is_ended(sleeper, tmp_path):
    """A folder that was copied or moved names a process which has been at work on something else for long."""
    other = tmp_path / "other"
    other.mkdir()
    record = {**json.loads((tmp_path / CLAIM).read_text()), "run": "other"}
    (other / CLAIM).write_text(json.dumps(record))
    fall_silent(other)
    assert owner_of(other)["pid"] == sleeper.pid
    take_over(other).check()
    assert psutil.Process(sleeper.pid).status() == psutil.STATUS_STOPPED


def test_this_process_does_not_end_itself(tmp_path):
    first = Claim(tmp_path)
    fall_silent(tmp_path)
    take_over(tmp_path).check()
    assert not first.held()


@needs_signals
def test_what_a_killed_writer_left_half_made_goes_with_its_room(tmp_path):
    process = started("-c", SLEEPER, str(tmp_path), PYTHONUNBUFFERED="1")
    assert process.stdout.readline() == "claimed\n"
    (next(tmp_path.glob(".writing-*")) / ".weights.part").write_bytes(b"half")
    process.kill()
    process.communicate()
    claim = Claim(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {CLAIM, claim.room.name} and len(
        list(claim.room.iterdir())
    ) == 1


def test_a_claim_that_cannot_be_completed_leaves_none(tmp_path, monkeypatch):
    def refused(claim: Claim) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Claim, "_clear_out", refused)
    with pytest.raises(OSError, match="No space left"):
        Claim(tmp_path)
    assert list(tmp_path.iterdir()) == []


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
