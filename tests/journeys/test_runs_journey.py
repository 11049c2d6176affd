"""The list of runs under a pointer and under keys, in a real browser on a real server."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from browser import JOURNEY, Server, expect, keep, settled
from small_runs import small_recipe

from ae_core.runs.run import Run, Status
from ae_core.runs.store import ROOT, Store

pytestmark = JOURNEY
HERE = "window.stayed = true"  # a page that is loaded anew forgets it
FOCUSED = (
    "() => { let e = document.activeElement; while (e?.shadowRoot) e = e.shadowRoot.activeElement; return "
    "e?.getAttribute('aria-label') ?? e?.dataset.run; }"
)
NASTY = "vanilla-<img src=x onerror=window.hit=1>&run=%22"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own: here runs are deleted."""
    with Server(tmp_path_factory.mktemp("list") / "runs") as started:
        yield started


@pytest.fixture
def own(server):
    """Runs in the folder of the server by name, the first the oldest; gone after the test."""
    made = []

    def add(name, source="vanilla-digits"):
        folder = shutil.copytree(ROOT / "pretrained" / source, server.runs / name)
        (folder / "run.json").touch()
        made.append(Run(folder))
        return made[-1]

    yield add
    for run in made:
        shutil.rmtree(run.folder, ignore_errors=True)


def control(page, word, run_id):
    """A link or button of the row of a run, by what it is called."""
    return page.locator(f'.list li[data-run="{run_id}"]').get_by_text(word, exact=True)


def opened(visit):
    page = visit("runs")
    settled(page)
    page.evaluate(HERE)
    return page


def same_visit(page):
    return page.evaluate("window.stayed === true")


def test_the_list_has_a_line_for_each_run_with_links_that_name_it(visit):
    page = opened(visit)
    runs = [run.id for run in Store(ROOT / "nothing").listing()]
    expect(page.get_by_role("list", name="Runs").get_by_role("listitem")).to_have_count(len(runs))
    row = page.get_by_role("listitem").filter(has_text="seed 0 · vae-digits-2d")
    title = "Variational (VAE) on Digits 8×8, code of 2, vae-digits-2d"
    for word, address in (
        ("Watch", "/train?run=vae-digits-2d"),
        ("Open", "/reconstruct?run=vae-digits-2d"),
        ("Compare", "/compare?runs=vae-digits-2d"),
    ):
        expect(row.get_by_role("link", name=f"{word} {title}", exact=True)).to_have_attribute("href", address)
    expect(row.get_by_role("button")).to_have_count(0)
    expect(row.get_by_role("img", name="test loss over the training")).to_be_visible()


def test_a_click_opens_a_run_within_the_visit_and_the_way_back_leads_to_the_list(visit):
    page = opened(visit)
    control(page, "Open", "vae-digits-2d").click()
    expect(page.get_by_role("heading", name="Reconstruct")).to_be_visible()
    expect(page.get_by_text("run vae-digits-2d").first).to_be_visible()
    assert page.url.endswith("/reconstruct?run=vae-digits-2d") and same_visit(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(control(page, "Open", "vae-digits-2d")).to_be_visible()
    assert page.url.endswith("/runs") and same_visit(page)


def test_a_card_of_the_family_opens_within_the_visit_and_leads_back(visit):
    page = visit("")
    settled(page)
    page.evaluate(HERE)
    card = page.get_by_role("article").filter(has_text="Structured VAE")
    card.get_by_role("link", name="Train it yourself: Structured VAE").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name=re.compile("Model"))).to_have_value("Structured VAE")
    page.wait_for_url(re.compile(r"/train\?model=structured_vae"))
    assert same_visit(page)
    page.go_back()
    expect(page.get_by_role("heading", name="The family")).to_be_visible()
    assert same_visit(page)


@pytest.mark.slow
def test_keys_open_a_run_within_the_visit(visit):
    page = opened(visit)
    control(page, "Watch", "vae-digits-2d").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED).startswith("Compare Variational")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/compare\?runs=vae-digits-2d$"))
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    assert same_visit(page)


@pytest.mark.slow
def test_a_click_for_another_tab_is_left_to_the_browser(visit):
    page = opened(visit)
    with page.context.expect_page() as tab:
        control(page, "Watch", "vae-digits-2d").click(modifiers=["Control"])
    expect(tab.value.get_by_role("heading", name="Train")).to_be_visible()
    assert tab.value.url.endswith("/train?run=vae-digits-2d")
    tab.value.close()
    assert page.url.endswith("/runs")


def test_a_run_is_deleted_by_key_the_focus_stays_in_the_list_and_undo_brings_it_back(visit, own):
    below, run = own("vanilla-digits-00"), own("vanilla-digits-01")
    page = opened(visit)
    control(page, "Delete", run.id).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{run.id} is in the trash.")).to_be_visible()
    expect(page.locator(f'li[data-run="{run.id}"]')).to_have_count(0)
    expect(page.get_by_role("status").get_by_text("Deleted. Undo is above the list.")).to_be_attached()
    assert page.evaluate(FOCUSED) == below.id and not run.folder.exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("li").first).to_have_attribute("data-run", run.id)
    expect(page.get_by_text("is in the trash")).to_have_count(0)
    assert run.folder.exists()


def test_what_is_gone_meanwhile_is_answered_with_a_sentence(visit, own):
    run = own("vanilla-digits-02")
    page, other = opened(visit), opened(visit)
    shutil.rmtree(run.folder)
    control(page, "Delete", run.id).click()
    expect(page.get_by_text(f"Run '{run.id}': there is no such run, or it was removed")).to_be_visible()
    expect(page.locator(f'li[data-run="{run.id}"]')).to_have_count(0)
    control(other, "Open", run.id).click()
    expect(other.get_by_text(f"Run '{run.id}': there is no such run, or it was removed")).to_be_visible()


def test_a_list_renewed_each_second_keeps_its_lines_and_the_focus(visit, own, server):
    run = own("vanilla-digits-03")
    run.write_status(Status("waiting", step=10, total=3000))
    page = opened(visit)
    expect(page.get_by_text("step 10 of 3,000")).to_be_visible()
    page.locator("li").evaluate_all("all => all.forEach((line) => { line.kept = true; })")
    control(page, "Open", run.id).focus()
    run.write_status(Status("waiting", step=1300, total=3000))
    newer = Store(server.runs, None).create(small_recipe(), origin="app")
    try:
        expect(page.get_by_text("step 1,300 of 3,000")).to_be_visible()
        expect(page.locator("li").first).to_have_attribute("data-run", newer.id)
        assert page.locator("li").evaluate_all("all => all.filter((line) => !line.kept).length") == 1
        assert page.evaluate(FOCUSED).startswith("Open Vanilla") and page.evaluate(FOCUSED).endswith(run.id)
    finally:
        shutil.rmtree(newer.folder)


def test_a_name_is_shown_as_text_whatever_is_in_it(visit, own):
    run = own(NASTY)
    (run.folder / "run.json").write_text("{", encoding="utf-8")
    page = opened(visit)
    expect(page.get_by_text(f"{NASTY} cannot be opened: its run.json is missing or damaged")).to_be_visible()
    line = page.locator("li.broken")
    assert line.locator("img").count() == 0 and page.evaluate("window.hit") is None
    line.get_by_text("Watch", exact=True).click()
    page.wait_for_url(re.compile(r"/train\?run="))
    assert page.evaluate("new URL(location).searchParams.get('run')") == NASTY


@pytest.mark.parametrize("width", [1280, 390])
def test_all_rows_stand_beside_damaged_ones_which_say_what_is_wrong(visit, own, width):
    good, bad, torn = own("vanilla-digits-10"), own("vanilla-digits-11"), own("vanilla-digits-12")
    status = json.loads((bad.folder / "status.json").read_text())
    (bad.folder / "status.json").write_text(json.dumps({**status, "seconds": None}))
    log = (torn.folder / "metrics.jsonl").read_text().splitlines()
    (torn.folder / "metrics.jsonl").write_text("\n".join([*log[:5], "[1, 2]", *log[5:]]) + "\n")
    page = opened(visit)
    page.set_viewport_size({"width": width, "height": 1000})
    said = f"{bad.id}/status.json is damaged, seconds is null: must be a number of seconds from 0"
    expect(page.locator(f'li[data-run="{bad.id}"]')).to_contain_text(said)
    said_of_log = f"{torn.id}/metrics.jsonl is damaged in line 6: it is no JSON object"
    expect(page.locator(f'li[data-run="{torn.id}"]')).to_contain_text(said_of_log)
    expect(page.locator(f'li[data-run="{good.id}"]')).to_contain_text("Vanilla on Digits")
    assert page.locator("li[data-run]").count() == len(list((ROOT / "pretrained").iterdir())) + 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"damaged-{width}")
    control(page, "Watch", bad.id).click()
    expect(page.get_by_text(said)).to_have_count(1)
    keep(page, f"damaged-watch-{width}")


def test_a_link_shows_the_same_networks_after_others_were_trained(visit, own):
    page = visit("denoise?dataset=digits")
    page.wait_for_url(re.compile("runs="))
    settled(page)
    link = page.url
    own("denoising-digits-77", "denoising-digits")
    fresh, again = visit("denoise?dataset=digits", alone=True), visit(link, alone=True)
    chosen = '[data-testid="stMultiSelect"]'
    expect(fresh.locator(chosen)).to_contain_text("Denoising · 77")
    settled(again)
    expect(again.locator(chosen)).to_contain_text("denoising-digits")
    expect(again.locator(chosen)).not_to_contain_text("Denoising · 77")
