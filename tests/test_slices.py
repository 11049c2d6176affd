"""Computations in slices: every part once, one at a time, and a page that shows how far they are."""

import threading

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from ae_core.slices import PORTION, EachPicture, Pace
from ui import computing


def numbered(n):
    return tuple(np.full((2, 3, 1), k, np.uint8) for k in range(n))


def first_pixel(picture):
    return torch.tensor([int(picture[0, 0, 0])])


@pytest.mark.parametrize("n", [1, PORTION - 1, PORTION, PORTION + 1, 3 * PORTION + 5])
def test_every_picture_is_taken_once_in_order_in_steps_of_a_portion(n):
    task, seen = EachPicture(numbered(n), first_pixel), []
    while not task.done:
        task.advance(-1.0)  # no time: one step
        seen.append(task.share)
    assert task.result().flatten().tolist() == list(range(n))
    assert seen == pytest.approx([min(1.0, (k + 1) * PORTION / n) for k in range(-(-n // PORTION))])


def test_a_result_that_is_asked_for_early_is_computed_to_its_end():
    assert EachPicture(numbered(50), first_pixel).result().flatten().tolist() == list(range(50))


def test_of_two_who_look_one_computes_and_the_other_does_not_wait():
    entered, leave = threading.Event(), threading.Event()

    def slow(picture):
        entered.set()
        assert leave.wait(30)
        return first_pixel(picture)

    task = EachPicture(numbered(1), slow)
    first = threading.Thread(target=task.advance, args=(0.0,))
    first.start()
    assert entered.wait(30)
    task.advance(0.0)  # comes back although the first is still at it
    assert not task.done
    leave.set()
    first.join(30)
    assert task.done


def test_however_many_look_all_together_get_one_slice_in_a_period():
    pace, tasks = Pace(seconds=-1.0, period=1000.0), [EachPicture(numbered(2 * PORTION), first_pixel) for _ in range(2)]
    for _ in range(5):
        pace.move(tasks)
    assert [task.share for task in tasks] == [0.5, 0.5]  # no time: one step each, once
    pace._next = 0.0  # the period is over
    pace.move(tasks)
    assert all(task.done for task in tasks)
    pace.move(tasks)


def test_a_page_shows_a_bar_until_all_is_done(monkeypatch):
    monkeypatch.setattr(computing, "SLICE_S", -1.0)

    def page():
        import streamlit as st
        from test_slices import first_pixel, numbered

        from ae_core.slices import EachPicture
        from ui.computing import in_slices

        task = st.session_state.setdefault("task", EachPicture(numbered(100), first_pixel))
        if in_slices(task, "Counting"):
            st.markdown(f"sum {int(task.result().sum())}")

    app = AppTest.from_function(page).run()
    assert not app.exception and not app.markdown
    bar = app.get("progress")[0].proto
    assert (bar.text, bar.value) == ("Counting …", 64)  # two steps of 32: one in the page, one in the bar's own part
    app.run()
    assert app.markdown[0].value == "sum 4950" and not app.get("progress")
