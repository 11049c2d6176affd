"""What pages show while something is computed for them: a bar, a stop, and the result; no engine, no waiting."""

from __future__ import annotations

import pytest
import torch
from streamlit.testing.v1 import AppTest

from ae_core.computations import Computation
from ui import computing
from ui.remembered import forget


def page():
    import streamlit as st

    from ui import cached
    from ui.computing import when_ready

    def draw():
        st.markdown("before")
        st.markdown(f"{len(cached.pca('digits').components)} components")

    st.title("Page")
    when_ready(draw)
    st.markdown("after")


def texts(app):
    return [element.value for element in app.markdown]


def test_the_rest_of_the_page_is_there_with_a_bar_and_then_the_part_itself(side):
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception and texts(app) == ["before", "after"]
    (bar,) = app.get("progress")
    assert bar.proto.value == 25 and bar.proto.text == "Computing the principal components · about 6 s left"
    assert side.asked == [Computation.of("pca", dataset="digits")]
    side.done = True
    app.run()
    assert texts(app) == ["before", "64 components", "after"] and not app.get("progress")


def test_a_stop_is_obeyed_and_taken_back(side, monkeypatch):
    monkeypatch.setattr(computing, "SHORT_S", -1.0)
    app = AppTest.from_function(page, default_timeout=60).run()
    (stop,) = app.button
    stop.click().run()
    assert len(side.stopped) == 1 and not app.get("progress")
    assert "Computing the principal components: stopped." in texts(app)
    asked = len(side.asked)
    app.run()
    assert len(side.asked) == asked
    side.stopped.clear()
    app.button[0].click().run()
    assert len(side.asked) == asked + 1 and app.get("progress")


def test_one_visitor_does_not_stop_what_another_waits_for(side, monkeypatch):
    monkeypatch.setattr(computing, "SHORT_S", -1.0)
    sessions = iter(["one", "two", *["one"] * 20])
    monkeypatch.setattr(computing, "_session", lambda: next(sessions))
    one, two = (AppTest.from_function(page, default_timeout=60).run() for _ in range(2))
    assert one.get("progress") and two.get("progress")
    one.button[0].click().run()
    assert side.stopped == [] and "Computing the principal components: stopped." in texts(one)


def test_without_an_engine_it_is_computed_here():
    forget()
    app = AppTest.from_function(page, default_timeout=60).run()
    assert texts(app) == ["before", "64 components", "after"]


def test_a_damaged_result_is_asked_for_again(side, monkeypatch):
    side.done = True
    monkeypatch.setattr(side, "result", lambda what: None)
    with pytest.raises(computing.NotReady):
        computing._read(Computation.of("pca", dataset="digits"), "key")
    assert len(side.asked) == 1


def test_what_is_there_is_shared_and_read_once(side, monkeypatch):
    side.done = True
    read = []
    monkeypatch.setattr(side, "result", lambda what: read.append(what) or {"x": torch.ones(1)})
    what = Computation.of("pca", dataset="digits")
    assert computing.computed(what) is computing.computed(what) and len(read) == 1


def test_who_looks_again_gets_nothing_while_a_damaged_result_is_made_anew(side, monkeypatch):
    what = Computation.of("pca", dataset="digits")
    assert computing.computed_by_now(what) is None
    side.done = True
    monkeypatch.setattr(side, "result", lambda what: None)
    assert computing.computed_by_now(what) is None
    monkeypatch.undo()
    assert set(computing.computed_by_now(what)) == {"mean", "components"}
