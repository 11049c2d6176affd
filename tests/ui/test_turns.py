"""Pages take turns: one at a time, whatever happens in it, and nobody waits for long."""

import threading

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest

from ui.results.turns import Turns, turns
from ui.server.streamlit_patches import one_page_at_a_time

LONG_S = 30.0


def free(line):
    """Whether nobody has the turn and nobody waits for it."""
    return line._holder is None and not line._line


def begin(function):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


class Watched:
    """A function that says when it begins and ends only when told to; how many were in it at once."""

    def __init__(self):
        self.inside, self.most, self.go_on = threading.Semaphore(0), 0, threading.Semaphore(0)
        self.now, self._lock = 0, threading.Lock()

    def __call__(self):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.inside.release()
        assert self.go_on.acquire(timeout=LONG_S)
        with self._lock:
            self.now -= 1


def test_one_at_a_time_and_all_of_them():
    watched = Watched()
    line = Turns(LONG_S, LONG_S).taking(watched)
    threads = [begin(line) for _ in range(6)]
    for _ in threads:
        assert watched.inside.acquire(timeout=LONG_S)
        watched.go_on.release()
    for thread in threads:
        thread.join(LONG_S)
    assert watched.most == 1 and watched.now == 0


def test_whoever_has_waited_long_enough_goes_on_beside_the_others():
    watched, line = Watched(), Turns(patience=0.01, longest=LONG_S)
    threads = [begin(line.taking(watched)) for _ in range(3)]
    for _ in range(3):
        assert watched.inside.acquire(timeout=LONG_S)
    assert watched.most == 3
    for _ in threads:
        watched.go_on.release()
    for thread in threads:
        thread.join(LONG_S)
    again = Watched()
    again.go_on.release()
    line.taking(again)()  # those without a turn gave none back: the line is as it was
    assert free(line)


def test_lower_ranks_go_first_and_within_a_rank_who_came_first():
    line, begun, go_on, order = Turns(LONG_S, LONG_S), threading.Event(), threading.Event(), []

    def holds(rank, name):
        begun.set()
        assert go_on.wait(LONG_S)

    first = begin(lambda: line.taking(holds)(0, "first"))
    assert begun.wait(LONG_S)
    join = line.taking(lambda rank, name: order.append(name), lambda rank, name: rank)
    threads = []
    for rank, name in ((2, "timer"), (1, "page"), (0, "knob"), (1, "second page"), (0, "second knob")):
        waiting = len(line._line)
        threads.append(begin(lambda rank=rank, name=name: join(rank, name)))
        while len(line._line) == waiting:
            pass
    go_on.set()
    for thread in (first, *threads):
        thread.join(LONG_S)
    assert order == ["knob", "second knob", "page", "second page", "timer"] and free(line)


def test_whoever_waits_for_something_lets_the_next_one_go_on():
    line, second = Turns(LONG_S, LONG_S), threading.Event()

    def waits():
        line.give_up()
        assert second.wait(LONG_S)

    first = begin(line.taking(waits))
    begin(line.taking(second.set)).join(LONG_S)
    first.join(LONG_S)
    assert second.is_set() and free(line)


def test_whoever_keeps_a_turn_for_too_long_loses_it_to_the_next_in_line_and_to_nobody_else():
    line, begun, go_on, order = Turns(patience=LONG_S, longest=0.01), threading.Event(), threading.Event(), []

    def holds():
        begun.set()
        assert go_on.wait(LONG_S)
        return line.held()

    def second():
        order.append("second")
        return line.held()

    kept = []
    first = begin(lambda: kept.append(line.taking(holds)()))
    assert begun.wait(LONG_S)
    begin(lambda: kept.append(line.taking(second)())).join(LONG_S)
    assert order == ["second"] and kept == [True]
    go_on.set()
    first.join(LONG_S)
    assert kept == [True, False], "it was taken away"
    assert free(line)


def test_a_turn_that_was_taken_away_is_not_given_up_for_somebody_else():
    line, begun, lost = Turns(patience=LONG_S, longest=0.01), threading.Event(), threading.Event()

    def first():
        begun.set()
        assert lost.wait(LONG_S)
        line.give_up()

    def second():
        lost.set()
        one.join(LONG_S)
        found.append(line.held())

    found = []
    one = begin(line.taking(first))
    assert begun.wait(LONG_S)
    begin(line.taking(second)).join(LONG_S)
    assert found == [True] and free(line)


def test_an_error_ends_the_turn():
    line = Turns(LONG_S, LONG_S)

    def breaks():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        line.taking(breaks)()
    done = []
    begin(line.taking(lambda: done.append(1))).join(LONG_S)
    assert done == [1]


def test_a_page_runs_in_its_turn_and_gives_it_back(monkeypatch):
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    one_page_at_a_time()

    def page():
        import streamlit as st

        from ui.results.turns import turns

        st.write(f"taken: {turns.held()}")

    for _ in range(2):
        assert AppTest.from_function(page).run().markdown[0].value == "taken: True"
    assert free(turns)


def test_a_moved_knob_is_first_and_what_a_timer_asks_for_is_last(monkeypatch):
    ranks = []
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    monkeypatch.setattr(turns, "taking", lambda function, rank: ranks.append(rank) or function)
    one_page_at_a_time()
    knob, page = RerunData(fragment_id_queue=["part"]), RerunData()
    timer = RerunData(fragment_id_queue=["part"], is_auto_rerun=True)
    assert [ranks[0](None, asked) for asked in (knob, page, timer)] == [0, 1, 2]
