"""Dials in a real browser: pictures change under the hand, the server hears of it once, and nothing old comes back."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest
from browser import JOURNEY, expect, settled
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

pytestmark = JOURNEY
# Notes what is on screen frame by frame: the pictures of the page, each look once as long as it stays.
WATCH = """() => { window.looks = []; (function look() {
    const now = [...document.querySelectorAll('[data-testid=stMain] .ae-tiles img, [data-testid=stMain] .ae-sheet img')].map((i) => i.src).join();
    if (now !== window.looks.at(-1)) window.looks.push(now);
    requestAnimationFrame(look); })(); }"""
KNOBS = [
    ("denoise", "Random draw of the damage", "draw", ", draw {}"), ("denoise", "Level", "level", ", level {},"),
    ("reconstruct?show=random", "Random draw", "draw", ""), ("generate?section=samples", "Temperature", "temperature", ""),
    ("compare?dataset=digits", "Set of eight test pictures", "set", ""),
]  # fmt: skip


def dial(page, label):
    """The slider of this label, seen by a visitor."""
    found = page.get_by_role("slider", name=label, exact=True)
    found.scroll_into_view_if_needed()
    return found


def at(slider):
    return slider.get_attribute("aria-valuetext")


def heard(visit):
    """How often the server was told where a dial stands."""
    sent = [BackMsg.FromString(message).rerun_script.widget_states.widgets for message in visit.sent]
    return sum(any("turned" in widget.json_trigger_value for widget in widgets) for widgets in sent)


def on_screen(page):
    return page.evaluate("looks.at(-1)")


def followed(page, slider, place, since):
    """Wait until the slider stands at `place` and the pictures are others than `since`."""
    expect(slider).to_have_attribute("aria-valuetext", place)
    page.wait_for_function("old => looks.at(-1) !== old", arg=since)


@pytest.mark.parametrize(
    ("path", "label", "key", "caption"),
    [KNOBS[1], KNOBS[3], *(pytest.param(*knob, marks=pytest.mark.slow) for knob in (KNOBS[0], KNOBS[2], KNOBS[4]))],
    ids=lambda x: x,
)
def test_pictures_follow_a_dial_that_is_dragged_and_the_server_hears_of_it_once(visit, path, label, key, caption):
    page = visit(path)
    settled(page)
    page.evaluate(WATCH)
    slider = dial(page, label)
    box, told = slider.bounding_box(), heard(visit)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    for share in (0.6, 0.7, 0.8):
        before, place = on_screen(page), at(slider)
        page.mouse.move(box["x"] + share * box["width"], y)
        expect(slider).not_to_have_attribute("aria-valuetext", place)
        followed(page, slider, at(slider), before)
        if caption:
            expect(page.get_by_text(caption.format(at(slider)))).to_be_visible()
    assert heard(visit) == told and f"{key}=" not in page.url
    last = on_screen(page)
    page.mouse.up()
    page.wait_for_url(re.compile(f"{key}={float(at(slider)):g}"))
    settled(page)
    assert heard(visit) == told + 1 and on_screen(page) == last
    again = visit(page.url)
    settled(again)
    again.evaluate(WATCH)
    assert on_screen(again) == last and at(dial(again, label)) == at(slider)


@pytest.mark.slow
def test_keys_move_a_dial_by_a_stop_and_to_its_ends(visit):
    page = visit("compare?dataset=digits")
    settled(page)
    slider = dial(page, "Set of eight test pictures")
    slider.focus()
    told = heard(visit)
    for key, place in (
        ("ArrowRight", "2"),
        ("ArrowUp", "3"),
        ("ArrowLeft", "2"),
        ("End", "20"),
        ("Home", "1"),
        ("ArrowRight", "2"),
    ):
        page.keyboard.press(key)
        expect(slider).to_have_attribute("aria-valuetext", place)
        expect(slider).to_have_value(place)
    page.wait_for_url(re.compile("set=2"))
    assert heard(visit) > told


@pytest.mark.slow
def test_of_many_quick_moves_the_server_hears_only_where_the_dial_rests(visit):
    page = visit("compare?dataset=digits")
    settled(page)
    told = heard(visit)
    dial(page, "Set of eight test pictures").evaluate("""async (slider) => {
        for (let k = 2; k <= 13; k++) {
          slider.value = k;
          for (const kind of ["input", "change"]) slider.dispatchEvent(new Event(kind, { bubbles: true }));
          await new Promise(requestAnimationFrame);
        } }""")
    page.wait_for_url(re.compile("set=13"))
    settled(page)
    assert 1 <= heard(visit) - told < 6


@pytest.mark.slow
def test_without_an_answer_for_the_dial_the_page_itself_answers(visit):
    page = visit("reconstruct?show=random")
    settled(page)
    page.evaluate(WATCH)
    page.route("**/api/live/**", lambda route: route.fulfill(status=503, body="not now"))
    slider, before = dial(page, "Random draw"), on_screen(page)
    slider.focus()
    page.keyboard.press("ArrowRight")
    followed(page, slider, "2", before)
    page.wait_for_url(re.compile("draw=2"))
    assert page.evaluate("looks.length") == 2 and on_screen(page)


@pytest.mark.slow
def test_an_answer_that_comes_late_never_replaces_a_newer_picture(visit):
    page = visit("reconstruct?show=random")
    settled(page)
    page.evaluate(WATCH)
    held = []

    def hold(route):
        held.append(route)

    page.route("**/api/live/**", hold)
    slider, before = dial(page, "Random draw"), on_screen(page)
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("draw=4"))  # the page was faster
    settled(page)
    followed(page, slider, "4", before)
    newest = on_screen(page)
    assert [re.search(r"draw=(\d+)", route.request.url)[1] for route in held] == ["2"]  # one question at a time
    with page.expect_response("**/api/live/**"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert on_screen(page) == newest


def finished(messages):
    """Whether the run of a page or of a part of it has ended in these messages of the server."""
    return any(ForwardMsg.FromString(message).WhichOneof("type") == "script_finished" for message in messages)


@pytest.mark.slow
def test_a_page_drawn_for_an_older_place_never_replaces_a_newer_picture(visit, server):
    page, held, sockets, holding = visit("runs"), [], [], []

    def connected(socket):
        sockets.append(socket)
        socket.connect_to_server().on_message(lambda message: held.append(message) if holding else socket.send(message))

    page.route_web_socket(re.compile("_stcore/stream"), connected)
    page.goto(f"{server.url}/reconstruct?show=random")
    settled(page)
    page.evaluate(WATCH)
    slider, first = dial(page, "Random draw"), on_screen(page)
    slider.focus()
    holding.append(True)
    page.keyboard.press("ArrowRight")
    followed(page, slider, "2", first)
    while not finished(held):
        page.wait_for_timeout(10)
    second = on_screen(page)
    page.keyboard.press("ArrowRight")
    followed(page, slider, "3", second)
    third = on_screen(page)
    holding.clear()
    for message in held:
        sockets[-1].send(message)
    page.wait_for_url(re.compile("draw=3"))
    settled(page)
    looks = page.evaluate("looks")
    assert looks[looks.index(third) :] == [third] and at(slider) == "3"


def test_the_address_of_pictures_answers_bad_requests_with_a_sentence(visit, server):
    page = visit("denoise")
    settled(page)
    slider = dial(page, "Level")
    with page.expect_response("**/api/live/**") as asked:
        slider.press("ArrowRight")
    good = asked.value
    assert good.status == 200 and good.headers["cache-control"] == "no-store"
    assert "text/html" not in good.headers["content-type"]
    for address, status in {
        good.url.replace("draw=1", "draw=99"): 400,
        good.url.partition("?")[0]: 400,
        f"{server.url}/api/live/none?level=0.4&draw=1&picture=1": 404,
    }.items():
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address, timeout=60)
        with refused.value as answer:
            body = answer.read().decode()
        assert refused.value.code == status and len(body) < 200 and ("must be" in body or "load the page again" in body)
