"""Dials, and pictures that follow them: what is made while one moves is what the page shows when it is opened there."""

import gc
import json
import shutil
import threading

import pytest
from app_page import components, dials, open_page
from streamlit.testing.v1 import AppTest

from ae_core.runs.store import ROOT
from ui.controls import live
from ui.results.turns import turns

LONG_S = 30.0
NASTY = "vanilla-<img src=x onerror=window.hit=1>"
LOOKS = [
    ("denoise", {}, {"level": "0.6", "draw": "7", "picture": "12"}),
    ("denoise", {"kind": "block", "dataset": "shapes"}, {"level": "0.2", "draw": "3", "picture": "50"}),
    ("reconstruct", {"show": "random"}, {"draw": "31"}),
    ("reconstruct", {"show": "class"}, {"set": "20"}),
    ("reconstruct", {"show": "class", "class": "4"}, {"set": "2"}),
    ("reconstruct", {"section": "path"}, {"picture": "9"}),
    ("generate", {"section": "samples"}, {"draw": "5", "temperature": "0.4"}),
    ("generate", {"section": "samples", "run": "vanilla-digits", "from": "normal"}, {"draw": "50", "temperature": "2"}),
    ("compare", {}, {"set": "4"}),
]
each_look = pytest.mark.parametrize(("name", "address", "places"), LOOKS, ids=lambda x: x if isinstance(x, str) else ",".join(x.values()))  # fmt: skip


def shown(app):
    """The pictures of the page that follow its dials, and where more of them can be asked for."""
    (sent,) = components(app, "live_pictures")
    data = json.loads(sent.json)
    return data["html"], data["address"].removeprefix("api/live/"), data["at"]


@each_look
def test_what_follows_a_dial_is_what_the_page_shows_when_it_is_opened_there(name, address, places):
    app = open_page(name, **address)
    html, token, at = shown(app)
    there, _, _ = shown(open_page(name, **address, **places))
    assert live.answer(token, places).decode() == there
    assert live.answer(token, at).decode() == html


@each_look
def test_every_dial_turns_the_pictures_of_its_page(name, address, places):
    app = open_page(name, **address)
    assert {dial.key for dial in dials(app)} == places.keys()
    there, _, _ = shown(open_page(name, **address, **places))
    for key, place in places.items():
        (dial,) = (dial for dial in dials(app) if dial.key == key)
        dial.set_value(place).run()
        assert not app.exception and app.query_params[key] in (place, [place])
    assert shown(app)[0] == there


@pytest.mark.parametrize("sent", ["51", "0", "-1", "1.0", "", "x" * 9000, 3, None, ["2"], {"draw": "2"}, True])
def test_a_dial_takes_nothing_but_its_stops(sent):
    app = open_page("reconstruct", show="random")
    before = shown(app)[0]
    dials(app)[0].set_value(sent).run()
    assert not app.exception and shown(app)[0] == before
    assert app.session_state["draw"] == "1" and "draw" not in app.query_params


@pytest.mark.parametrize("asked", [
    {}, {"level": "0.3", "draw": "1"}, {"level": "0.3", "draw": "51", "picture": "1"}, {"level": "0.35", "draw": "1", "picture": "1"},
    {"level": "0.3", "draw": "", "picture": "1"}, {"level": "0.3", "draw": "<b>" + "x" * 900, "picture": "1"},
])  # fmt: skip
def test_a_place_where_a_dial_has_no_stop_is_refused_with_a_sentence(asked):
    app = open_page("denoise")
    with pytest.raises(live.BadPlace, match="must be one of the stops of the dial on the page") as refusal:
        live.answer(shown(app)[1], asked)
    assert len(str(refusal.value)) < 140


def test_more_than_was_asked_for_is_ignored():
    app = open_page("reconstruct", show="random")
    html, token, at = shown(app)
    assert live.answer(token, {**at, "run": "../../etc", "show": "worst"}).decode() == html


@pytest.mark.parametrize(("name", "address", "places"), [
    ("compare", {"runs": NASTY}, {"set": "3"}), ("denoise", {"runs": NASTY}, {"level": "0.4", "draw": "2", "picture": "2"}),
    ("reconstruct", {"run": NASTY, "section": "path"}, {"picture": "3"}),
], ids=str)  # fmt: skip
def test_the_name_of_a_run_is_text_in_what_follows_a_dial(name, address, places, tmp_path):
    shutil.copytree(ROOT / "pretrained" / "vanilla-digits", tmp_path / "runs" / NASTY)
    html, token, _ = shown(open_page(name, **address))
    for text in (html, live.answer(token, places).decode()):
        assert "&lt;img src=x onerror" in text and "<img src=x" not in text


def visit():
    from ui.controls import live
    from ui.controls.pick import number

    number("Number", 1, 9, "n")
    live.show("numbers", lambda n: n, lambda made: f"<p>{made}</p>", n=int)


def test_two_visits_have_addresses_of_their_own_which_stay():
    first, second = (AppTest.from_function(visit).run() for _ in range(2))
    token = shown(first)[1]
    assert token != shown(second)[1] and len(token) >= 20
    assert live.answer(token, {"n": "4"}) == b"<p>4</p>"
    assert shown(first.run())[1] == token


def test_the_address_of_a_visit_answers_for_its_page_as_it_is_now():
    app = open_page("denoise")
    _, token, at = shown(app)
    before = live.answer(token, {**at, "draw": "4"})
    app.selectbox(key="kind").set_value("block").run()
    assert shown(app)[1] == token
    after = live.answer(token, {**shown(app)[2], "draw": "4"})
    assert after != before and after.decode() == shown(open_page("denoise", kind="block", draw="4"))[0]


def test_what_a_visit_offers_ends_with_it():
    app = AppTest.from_function(visit).run()
    token = shown(app)[1]
    assert live.answer(token, {"n": "2"}) == b"<p>2</p>"
    del app
    gc.collect()
    with pytest.raises(live.NoOffer, match="load the page again"):
        live.answer(token, {"n": "2"})


@pytest.mark.parametrize("token", ["", "x", "../../etc/passwd", "a" * 5000])
def test_nobody_is_answered_without_a_token(token):
    with pytest.raises(live.NoOffer):
        live.answer(token, {"n": "2"})


def test_pictures_for_a_dial_wait_for_their_turn():
    app = AppTest.from_function(visit).run()
    token, order, begun, go_on = shown(app)[1], [], threading.Event(), threading.Event()

    def page():
        begun.set()
        assert go_on.wait(LONG_S)
        order.append("page")

    threads = [threading.Thread(target=turns.taking(page), daemon=True)]
    threads[0].start()
    assert begun.wait(LONG_S)
    threads.append(threading.Thread(target=lambda: order.append(live.answer(token, {"n": "3"})), daemon=True))
    threads[1].start()
    while not turns._line:
        assert threads[1].is_alive(), "it did not wait"
    go_on.set()
    for thread in threads:
        thread.join(LONG_S)
    assert order == ["page", b"<p>3</p>"]
