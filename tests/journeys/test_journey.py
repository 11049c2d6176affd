"""What a visitor does, in a real browser on a real server."""

from __future__ import annotations

import os
import re
import signal

import psutil
import pytest
from browser import JOURNEY, PATIENCE_MS, Server, expect, keep, press_train, settled
from processes import gone
from small_runs import wait_until

from ae_core.runs.claim import CLAIM
from ae_core.runs.run import Run

pytestmark = JOURNEY
LONG = "epochs=10000&batch_size=16"
OUTPUT = ".ae-sheet .ae-row:nth-child(2) img"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own: here runs are trained and deleted, and the server is killed."""
    with Server(tmp_path_factory.mktemp("journey") / "runs") as started:
        yield started


def wait_for_new_picture(page):
    """Wait until the row of outputs shows other pictures than now."""
    before = page.get_attribute(OUTPUT, "src")
    page.wait_for_function(f"old => document.querySelector('{OUTPUT}')?.src !== old", arg=before)


def stop(page):
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped", exact=True).first).to_be_visible()


def test_a_deep_link_on_a_fresh_server_has_the_frame(visit):
    page = visit("reconstruct")
    expect(page.get_by_role("heading", name="Reconstruct")).to_be_visible()
    expect(page.get_by_role("link", name="Train").first).to_be_visible()
    assert page.title() == "Reconstruct · Autoencoder Explorer"


def test_train_watch_stop_reload_find_and_open(visit, server):
    page = visit(f"train?{LONG}")
    expect(page.get_by_text("A finished example.")).to_be_visible()
    page.set_viewport_size({"width": 1024, "height": 768})  # a projector
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_in_viewport(ratio=1)
    run_id = press_train(page)
    expect(page.get_by_text("running", exact=True)).to_be_visible()
    wait_for_new_picture(page)
    wait_for_new_picture(page)
    expect(page.get_by_text(re.compile(r"epoch \d+ of 10000 .* left"))).to_be_visible()
    stop(page)
    page.reload()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    assert run_id in page.url
    page.get_by_role("link", name="Start").first.click()
    expect(page.get_by_role("heading", name="Autoencoder Explorer")).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).first.click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    page.get_by_role("link", name="Reconstruct").last.click()
    expect(page.get_by_role("heading", name="Reconstruct")).to_be_visible()
    expect(page.get_by_text(f"run {run_id}").first).to_be_visible()
    expect(page.locator(".ae-row img")).to_have_count(5)


@pytest.mark.slow
def test_two_visitors_do_not_see_each_others_knobs_or_progress(visit):
    first = visit(f"train?{LONG}&latent=8", alone=True)
    second = visit(f"train?model=vae&latent=2&{LONG}", alone=True)
    mine, theirs = press_train(first), press_train(second)
    assert mine.startswith("vanilla-") and theirs.startswith("vae-")
    for page, title in (
        (first, "Vanilla on Digits 8×8, code of 8"),
        (second, "Variational (VAE) on Digits 8×8, code of 2"),
    ):
        wait_for_new_picture(page)
        expect(page.get_by_text(title)).to_be_visible()
    assert mine in first.url and theirs in second.url
    stop(first)
    expect(second.get_by_text("running", exact=True)).to_be_visible()
    stop(second)


@pytest.mark.slow
def test_a_run_is_deleted_and_brought_back(visit):
    page = visit("train?epochs=1")
    run_id = press_train(page)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    page.get_by_role("link", name="Runs").first.click()
    settled(page)  # while a page is drawn anew, what it showed before may stand beside it
    row = page.get_by_text(run_id)
    expect(row).to_be_visible()
    page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_text(f"{run_id} is in the trash.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{run_id} is in the trash.")).to_be_hidden()
    expect(row).to_be_visible()


def test_a_run_that_is_deleted_while_it_is_trained_comes_back_and_goes_on(visit):
    page = visit(f"train?{LONG}")
    run_id = press_train(page)
    wait_for_new_picture(page)
    page.get_by_role("link", name="Runs").first.click()
    row = page.locator(f'li[data-run="{run_id}"]')
    row.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    row.get_by_text("Watch", exact=True).click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("running", exact=True)).to_be_visible()
    wait_for_new_picture(page)
    stop(page)


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot stop a process like this")
def test_a_run_whose_process_hangs_is_said_to_be_silent_and_goes_on_elsewhere_or_stops(visit, server):
    page = visit(f"train?{LONG}")
    run = Run(server.runs / press_train(page))
    for button, state in (("Go on", "running"), ("Stop", "stopped")):
        wait_for_new_picture(page)
        victim = run.status().owner["pid"]
        os.kill(victim, signal.SIGSTOP)
        wait_until(lambda victim=victim: psutil.Process(victim).status() == psutil.STATUS_STOPPED)
        os.utime(run.folder / CLAIM, (0, 0))  # nobody has heard of it for ages
        expect(page.get_by_text("silent: its process may hang")).to_be_visible()
        expect(
            page.get_by_text(re.compile(r"There has been no sign of life for \d+ min from the process"))
        ).to_be_visible()
        keep(page, f"silent-{button}")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text(state, exact=True).first).to_be_visible()
        assert gone(victim)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows cannot stop a process like this")
def test_a_stop_that_was_pressed_before_anybody_knew_that_the_process_hangs_is_obeyed(visit, server):
    page = visit(f"train?{LONG}")
    run = Run(server.runs / press_train(page))
    wait_for_new_picture(page)
    victim = run.status().owner["pid"]
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(victim).status() == psutil.STATUS_STOPPED)
    page.get_by_role("button", name="Stop").click()
    wait_until(run.stop_asked)
    os.utime(run.folder / CLAIM, (0, 0))
    expect(page.get_by_text("stopped", exact=True).first).to_be_visible()
    assert gone(victim)


def test_a_run_survives_the_death_of_the_server(visit, server):
    page = visit(f"train?{LONG}")
    run_id = press_train(page)
    weights = server.runs / run_id / "manifest.json"
    until_there(weights, page)
    server.kill()
    server.start()
    page.goto(f"{server.url}/train?run={run_id}")
    expect(page.get_by_text("running", exact=True)).to_be_visible()
    wait_for_new_picture(page)
    stop(page)


def until_there(path, page):
    """Wait for the first checkpoint, which is written after a few seconds of training."""
    for _ in range(PATIENCE_MS // 100):
        if path.exists():
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{path.name} was not written")
