"""Train in a real browser: the run before stays beside the new one, nothing jumps, a phone is led to the result."""

from __future__ import annotations

import re

import pytest
from browser import JOURNEY, Server, expect, keep, press, press_train, settled

from ae_core.runs.run import Run

pytestmark = JOURNEY
PLACES = """() => ['watch_progress', 'finals', 'watch_curves_place', 'lesson'].map((key) =>
    document.querySelector(key === 'lesson' ? '.ae-halves' : `.st-key-${key}`).getBoundingClientRect())
    .flatMap((box) => [Math.round(box.top), Math.round(box.height)])"""
FEW = "train?dataset=digits&latent={}&epochs={}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own: here runs are trained."""
    with Server(tmp_path_factory.mktemp("train") / "runs") as started:
        yield started


def finals(page, server):
    """The two large numbers, and what they are to be: of the runs that the address names."""
    ids = [re.findall(rf"{name}=([\w-]+)", page.url)[0] for name in ("run", "before")]
    wanted = [f"{Run(server.runs / run_id).status().test['mse']:.4f}" for run_id in ids]
    return page.locator(".ae-final b").all_inner_texts(), wanted


def test_two_trainings_stand_beside_each_other_and_a_link_opens_both(visit, server):
    page = visit(FEW.format(2, 20), still=True)
    settled(page)
    press_train(page)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    settled(page)
    number = page.get_by_role("spinbutton", name="Size of the code")
    number.fill("20")
    number.press("Enter")
    page.wait_for_url("**latent=20**")
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("150")
    epochs.press("Enter")
    page.wait_for_url("**epochs=150**")
    settled(page)
    press(page.get_by_role("button", name="Train", exact=True))
    page.wait_for_url(re.compile("before=vanilla-digits-"))
    expect(page.get_by_text("Output before").first).to_be_visible()
    expect(page.get_by_role("img", name="rebuilt after step").first).to_be_visible()
    expect(page.locator(".st-key-watch_curves_place .js-plotly-plot")).to_be_visible()
    while_it_trains = page.evaluate(PLACES)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    settled(page)
    assert page.evaluate(PLACES) == while_it_trains
    shown, wanted = finals(page, server)
    assert shown == wanted and len(set(shown)) == 2
    expect(page.get_by_text("What changed: size of the code 2 → 20, epochs 20 → 150.")).to_be_visible()
    keep(page, "train-two")
    other = visit(page.url, alone=True)
    settled(other)
    assert finals(other, server) == (shown, wanted)
    assert other.locator(".st-key-watch_curves_place .scatterlayer .trace").count() == 5
    expect(other.locator(".katex").first).to_be_attached()
    assert other.locator(".katex-error").count() == 0


def test_on_a_phone_a_press_of_train_leads_to_its_result_and_nothing_is_too_small(visit):
    page = visit(FEW.format(4, 5), viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    settled(page)
    head = page.get_by_text("done", exact=True)
    expect(head).not_to_be_in_viewport()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    press_train(page)
    expect(page.locator(".ae-final").first).to_be_in_viewport()
    expect(page.locator(".ae-halves .ae-row").nth(1)).to_be_in_viewport()
    expect(head).to_be_visible()
    settled(page)
    small = page.evaluate(
        "[...document.querySelectorAll('.ae-halves img, .stMain button, .stMain :is(summary, input, a[href])')]"
        ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().height && !e.disabled)"
        ".map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height]).filter(([, high]) => high < 43.5)"
    )
    assert small == []
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    settled(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
