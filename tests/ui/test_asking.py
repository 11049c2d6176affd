"""How a page asks for a look: from memory, here, or beside with a bar, a stop and what there is so far."""

from __future__ import annotations

import pytest
import toy_looks
from streamlit.testing.v1 import AppTest

from ae_core.datasets import DATASETS
from ae_core.looks import memory
from ui.results import asking
from ui.results.asking import NotReady, ask, by_now, forget, is_there, so_far

DIGITS = DATASETS["digits"]
BAR = "Adding up · about 6 s left"


@pytest.fixture(autouse=True)
def forgotten():
    forget()
    toy_looks.asked.clear()
    yield
    forget()


def page():
    import streamlit as st
    import toy_looks

    from ae_core.datasets import DATASETS
    from ui.results.asking import ask, when_ready

    def draw():
        st.markdown("before")
        st.markdown(f"sum {ask(toy_looks.nested, DATASETS['digits']):g}")

    st.title("Page")
    when_ready(draw)
    st.markdown("after")


def texts(app):
    return [element.value for element in app.markdown]


def test_the_rest_of_the_page_is_there_with_a_bar_and_then_the_part_itself(side):
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception and texts(app) == ["before", "after"]
    (bar,) = app.get("progress")
    assert bar.proto.value == 25 and bar.proto.text == BAR
    assert [what.key for what in side.asked] == [toy_looks.beside.of(DIGITS, 3).key]
    side.done = True
    app.run()
    assert texts(app) == ["before", "sum 33", "after"] and not app.get("progress")


def test_a_stop_is_obeyed_and_taken_back(side, monkeypatch):
    monkeypatch.setattr(asking, "SHORT_S", -1.0)
    app = AppTest.from_function(page, default_timeout=60).run()
    (stop,) = app.button
    stop.click().run()
    assert len(side.stopped) == 1 and not app.get("progress")
    assert "Adding up: stopped." in texts(app)
    asked = len(side.asked)
    app.run()
    assert len(side.asked) == asked
    side.stopped.clear()
    app.button[0].click().run()
    assert len(side.asked) == asked + 1 and app.get("progress")


def test_one_visitor_does_not_stop_what_another_waits_for(side, monkeypatch):
    monkeypatch.setattr(asking, "SHORT_S", -1.0)
    sessions = iter(["one", "two", *["one"] * 20])
    monkeypatch.setattr(asking, "_session", lambda: next(sessions))
    one, two = (AppTest.from_function(page, default_timeout=60).run() for _ in range(2))
    assert one.get("progress") and two.get("progress")
    one.button[0].click().run()
    assert side.stopped == [] and "Adding up: stopped." in texts(one)


def test_without_an_engine_it_is_computed_here_and_once():
    app = AppTest.from_function(page, default_timeout=60).run()
    app.run()
    assert texts(app) == ["before", "sum 33", "after"] and toy_looks.asked == [3]


def test_what_is_quick_is_never_asked_for_beside(side):
    assert memory.frozen(ask(toy_looks.nested.__class__(lambda: 1, "", False, False))) == 1
    assert side.asked == []


def test_a_damaged_result_is_asked_for_again(side):
    side.done = side.damaged = True
    with pytest.raises(NotReady):
        ask(toy_looks.beside, DIGITS, 3)
    assert len(side.asked) == 1
    assert by_now(toy_looks.beside, DIGITS, 3) is None
    side.damaged = False
    assert by_now(toy_looks.beside, DIGITS, 3).total == 33.0


def test_what_is_there_is_shared_and_read_once(side):
    side.done = True
    assert ask(toy_looks.beside, DIGITS, 3) is ask(toy_looks.beside, DIGITS, steps=3)
    assert toy_looks.asked == [3]
    side.done = False  # the disk may be emptied
    assert is_there(toy_looks.beside.of(DIGITS, 3)) and not is_there(toy_looks.beside.of(DIGITS, 4))
    assert ask(toy_looks.beside, DIGITS, 3).total == 33.0


def test_who_looks_again_gets_nothing_until_it_is_there_and_may_see_what_there_is(side):
    assert by_now(toy_looks.beside, DIGITS, 3) is None and so_far(toy_looks.beside, DIGITS, 3) is None
    side.partial = toy_looks.Sum(1.0, None)
    assert so_far(toy_looks.beside, DIGITS, 3).total == 1.0
    side.done = True
    assert by_now(toy_looks.nested, DIGITS) == 33.0


def test_what_went_wrong_beside_is_told(side):
    side.error = ValueError("no such pictures")
    with pytest.raises(ValueError, match="no such pictures"):
        ask(toy_looks.beside, DIGITS, 3)
