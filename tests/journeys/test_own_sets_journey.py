"""A zip becomes a data set in a real browser: kept, trained on by another process, there after a restart, deleted."""

from __future__ import annotations

import shutil

import pytest
from archives import OTHERS, VARIANTS
from browser import JOURNEY, Server, expect, press
from own_zips import files, imported, zipped
from pad import drawn

from ae_core.datasets.own import own_folder
from ae_core.pictures.names import MOST_CLASSES
from ae_core.pictures.set_import import Turning, import_set
from ae_core.pictures.upload import SENTENCES, read_file
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe
from ae_core.runs.store import Store

pytestmark = [pytest.mark.slow, *JOURNEY]


@pytest.fixture
def server(tmp_path):
    """A server of its own, which is killed and started again."""
    with Server(tmp_path / "runs") as started:
        yield started


def test_a_zip_is_kept_trained_on_and_there_after_a_restart_until_it_is_deleted(server, visit, tmp_path):
    (tmp_path / "mine.zip").write_bytes(zipped(files(60)))
    page = visit("train?epochs=20")
    page.get_by_text("Your own pictures").click()
    page.locator("input[type=file]").set_input_files(str(tmp_path / "mine.zip"))
    expect(page.locator(".ae-pairs img")).to_have_count(6)
    press(page.get_by_role("button", name="Keep as a data set"))
    expect(page.get_by_text("60 pictures that somebody brought along, 28×28 pixels, grey.")).to_be_visible()
    page.wait_for_url("**dataset=own-28-grey-3-**")
    press(page.get_by_role("button", name="Train", exact=True))
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    page.wait_for_url("**run=vanilla-own-28-grey-3-**")
    address = page.url
    server.kill()
    server.start()
    page.goto(address)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="rebuilt after step")).to_be_visible()
    page.get_by_role("button", name="Delete these pictures").click()
    expect(page.get_by_text("1 run was trained on them and will miss them.")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("they were deleted; bring the same zip along again")).to_be_visible()
    expect(page.get_by_role("img", name="What the network answered after step")).to_be_visible()
    page.get_by_role("link", name="Its latent space").click()
    expect(page.get_by_text("they were deleted; bring the same zip along again")).to_be_visible()
    expect(page.locator(".pad canvas").first).to_be_visible()


def test_whatever_people_bring_the_page_says_what_the_command_line_says(server, visit, tmp_path):
    page = visit("train")
    for name, (inside, *_) in VARIANTS.items():
        (tmp_path / "mine.zip").write_bytes(zipped(inside))
        wanted = import_set(read_file(str(tmp_path / "mine.zip")), Turning()).sentence
        shutil.rmtree(own_folder())  # at most twenty are kept
        page.goto(f"{server.url}/train")
        page.get_by_text("Your own pictures").click()
        page.locator("input[type=file]").set_input_files(str(tmp_path / "mine.zip"))
        press(page.get_by_role("button", name="Keep as a data set"))
        kept = page.locator(".ae-note").filter(has_text="Kept: ")
        expect(kept, name).to_have_text(f"Kept: {wanted}")
        shutil.rmtree(server.runs / ".pictures")


def test_another_thing_is_answered_with_its_sentence(visit, tmp_path):
    page = visit("train")
    page.get_by_text("Your own pictures").click()
    for k, (name, (data, reason)) in enumerate(OTHERS.items()):
        kind = name.rpartition(".")[2] if name in ("tar.gz", "7z", "rar", "npz", "npy", "idx", "mat") else "zip"
        (tmp_path / f"{k}.{kind}").write_bytes(data)
        page.locator("input[type=file]").set_input_files(str(tmp_path / f"{k}.{kind}"))
        expect(page.get_by_text(SENTENCES[reason], exact=True)).to_be_visible()
        page.get_by_role(
            "button", name=f"Remove {k}.{kind}"
        ).click()  # the next one may be answered with the same sentence
        expect(page.get_by_text(SENTENCES[reason], exact=True)).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_two_hundred_classes_leave_room_for_what_is_below_and_one_is_found(server, visit, tmp_path, width):
    entry = imported(files(1000, [f"kind {k}" for k in range(MOST_CLASSES)]))
    run = Store(server.runs, pretrained=None).create(
        recipe("vanilla", entry.name, {"latent": 2}, {"epochs": 1}), origin="app"
    )
    assert execute(run).state == "done"
    page = visit(f"latent?run={run.id}")
    page.set_viewport_size({"width": width, "height": 900})
    drawn(page)
    legend = page.locator(".legend")
    expect(legend.locator("button.class")).to_have_count(MOST_CLASSES)
    assert legend.bounding_box()["height"] < 160
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    last = legend.get_by_role("button", name=f"Class kind {MOST_CLASSES - 1}", exact=True)
    last.click()
    expect(last).to_have_attribute("aria-pressed", "true")
    page.wait_for_url(f"**classes={MOST_CLASSES - 1}**")
