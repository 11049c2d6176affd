"""The page of all runs: what its list is sent, and what it answers to what is chosen there."""

from __future__ import annotations

import json
import math
import os
import shutil
import time

import pytest
from app_page import components, listed, open_page, press_delete, words
from small_runs import small_recipe

from ae_core.runs import reading
from ae_core.runs.claim import Claim
from ae_core.runs.run import Status
from ae_core.runs.store import Store

EXAMPLE = "vanilla-digits"


@pytest.fixture
def finished(run_of):
    """A short finished run in the runs folder that the pages read."""
    return run_of("vae", latent=2)


@pytest.fixture
def waiting(store):
    """A run that nobody has begun."""
    return store.create(small_recipe(), origin="app")


def row(app, run_id):
    (found,) = [row for row in listed(app) if row["id"] == run_id]
    return found


def log(run, losses):
    """Let the metrics of a run say that its test loss took these values, by two terms."""
    rest = {"epoch": 1, "seconds": 0.0, "train": {}}
    lines = [{"step": i, **rest, "test": {"reconstruction": loss, "kl": 1.0}} for i, loss in enumerate(losses)]
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def undo(app):
    return next(button for button in app.button if button.label == "Undo")


# --- what the list is sent --------------------------------------------------------------------------------------------


def test_a_row_says_what_run_json_status_and_metrics_say():
    run = Store.default().find(EXAMPLE)
    shown, status, recipe = row(open_page("runs"), EXAMPLE), run.status(), run.recipe()
    assert (shown["title"], shown["seed"], shown["sentence"]) == (recipe.title, recipe.plan["seed"], "")
    assert (shown["state"], shown["colour"]) == ("done", "green")
    assert shown["error"] == f"{status.test['mse']:.4f}"
    assert shown["notes"] == [f"{status.epoch} epochs, {status.seconds:.1f} s"]
    losses = [sum(line["test"].values()) for line in run.metrics() if line.get("test")]
    assert 2 <= len(shown["curve"]) <= 40
    assert shown["curve"][0] == pytest.approx(losses[0], rel=1e-3)
    assert shown["curve"][-1] == pytest.approx(losses[-1], rel=1e-3)


def test_a_long_curve_is_thinned_and_what_is_not_a_number_is_left_out(finished):
    log(finished, [*range(100, 1100), math.nan, math.inf])
    curve = row(open_page("runs"), finished.id)["curve"]
    assert len(curve) == 40 and curve == sorted(curve)
    assert (curve[0], curve[-1]) == (101, 1100)
    log(finished, [5.0, 4.0, 3.0])
    assert row(open_page("runs"), finished.id)["curve"] == [6, 5, 4]


def test_only_what_can_be_done_with_a_run_is_offered(finished, waiting):
    app = open_page("runs")
    assert row(app, EXAMPLE)["can"] == ["watch", "open", "compare"]
    assert row(app, finished.id)["can"] == ["watch", "open", "compare", "delete"]
    assert row(app, waiting.id)["can"] == ["watch", "delete"]
    shutil.copyfile(finished.folder / "manifest.json", waiting.folder / "manifest.json")
    assert row(open_page("runs"), waiting.id)["can"] == ["watch", "open", "delete"]


def test_a_new_status_is_shown_at_once_and_one_that_trains_is_asked_every_time(waiting):
    app = open_page("runs")
    assert row(app, waiting.id)["state"] == "waiting" and row(app, waiting.id)["notes"] == []
    waiting.write_status(Status("stopped", step=1200, total=3000, seconds=2.25))
    app.run()
    assert row(app, waiting.id)["notes"] == ["step 1,200 of 3,000", "2.2 s"]
    waiting.write_status(Status("running"))  # and no process that does it
    app.run()
    assert row(app, waiting.id)["state"] == "interrupted"
    claim = Claim(waiting.folder)
    app.run()
    assert row(app, waiting.id)["state"] == "running"
    long_ago = time.time() - 3600
    os.utime(claim.path, (long_ago, long_ago))
    app.run()
    assert (row(app, waiting.id)["state"], row(app, waiting.id)["colour"]) == ("silent", "red")
    assert row(app, waiting.id)["notes"][1] == "no sign of life for 60 min"


def test_the_status_of_a_resting_run_is_read_once(finished, monkeypatch):
    reading.status(finished)
    monkeypatch.setattr("ae_core.records.read_json", lambda path: pytest.fail(f"{path} was read again"))
    assert reading.status(finished).state == "done"


def test_a_run_that_cannot_be_read_says_why_and_hides_no_other(waiting, finished):
    (waiting.folder / "run.json").write_text("{", encoding="utf-8")
    (waiting.folder / "status.json").write_text('{"state": "gone fishing"}', encoding="utf-8")
    app = open_page("runs")
    assert row(app, waiting.id)["sentence"].startswith(f"{waiting.id} cannot be opened")
    assert row(app, waiting.id)["state"] == "failed" and row(app, waiting.id)["can"] == ["watch", "delete"]
    assert row(app, finished.id)["error"] == f"{finished.status().test['mse']:.4f}"


def test_many_runs_make_pages_and_the_list_is_one_element(store, waiting):
    few = open_page("runs")
    for i in range(45):
        copy = shutil.copytree(waiting.folder, store.root / f"vanilla-digits-{i:020}")
        os.utime(copy / "run.json", (i, i))
    app, second = open_page("runs"), open_page("runs", page="2")
    assert len(listed(app)) == 60 and listed(app)[0]["id"] == waiting.id
    assert len(app.main) == len(few.main) and len(components(app, "run_list")) == 1
    every = [row["id"] for row in listed(app) + listed(second)]
    assert len(set(every)) == len(every) == len(Store.default().listing())


@pytest.mark.parametrize("action", ["watch", "open", "compare"])
def test_a_link_opens_the_run_and_says_so_when_that_is_gone(finished, action):
    (sent,) = components(open_page("runs"), "run_list")
    page, name = json.loads(sent.json)["links"][action].removesuffix("=").split("?")
    assert finished.id in words(open_page(page, **{name: finished.id}))
    app = open_page(page, **{name: "vae-digits-gone"})
    said = f"{words(app)} {[toast.value for toast in app.toast]}"
    assert "vae-digits-gone" in said and ("there is no such run" in said or "must be at most" in said)


# --- what it answers --------------------------------------------------------------------------------------------------


def test_a_run_is_deleted_and_brought_back_once(finished):
    app = press_delete(open_page("runs"), finished.id)
    assert not finished.folder.exists() and finished.id not in [row["id"] for row in listed(app)]
    press_delete(app, finished.id)  # it was pressed twice
    assert not app.error and not app.exception
    undo(app).click().run()
    assert finished.load() and row(app, finished.id)
    assert not [button for button in app.button if button.label == "Undo"]


@pytest.mark.parametrize("run_id", ["vae-digits-gone", "", ".", "../pretrained", "<b>", "x" * 9999, "a\0b"])
def test_a_run_that_is_not_in_the_list_is_answered_with_a_sentence(finished, run_id):
    before = sorted(path.name for path in Store.default().root.iterdir())
    app = press_delete(open_page("runs"), run_id)
    assert not app.exception
    assert "there is no such run" in app.error[0].value and len(app.error) == 1
    app.run()  # as it is each second while something is trained
    assert "there is no such run" in app.error[0].value and len(app.error) == 1
    assert row(app, finished.id)
    assert sorted(path.name for path in Store.default().root.iterdir()) == before


def test_what_came_with_the_program_cannot_be_deleted():
    app = press_delete(open_page("runs"), EXAMPLE)
    assert "came with the program" in app.error[0].value and row(app, EXAMPLE)


@pytest.mark.parametrize("sent", [None, 7, True, [], [EXAMPLE], {}, {"run": EXAMPLE}])
def test_nothing_else_that_a_browser_sends_does_anything(finished, sent):
    app = press_delete(open_page("runs"), sent)
    assert not app.exception and not app.error and row(app, finished.id)


# --- which are listed -------------------------------------------------------------------------------------------------


def test_runs_are_found_by_model_pictures_and_a_part_of_their_name(finished):
    app = open_page("runs")
    every = len(listed(app))
    app.selectbox(key="of_model").select("vae").run()
    assert {row["id"].split("-")[0] for row in listed(app)} == {"vae"}
    app.selectbox(key="of_data").select("handwriting").run()
    assert {row["id"].rsplit("-handwriting")[0] for row in listed(app)} == {"vae"}
    app.text_input(key="search").input("8d").run()
    assert [row["id"] for row in listed(app)] == ["vae-handwriting-8d"]
    assert f"1 of {len(Store.default().listing())} runs" in words(app) and every > 3
    app.text_input(key="search").input("<b>nothing").run()
    assert not listed(app) and "No run is like that" in words(app) and not app.exception


def test_a_search_lives_in_the_address_and_leaves_what_cannot_be_read_to_its_name(waiting):
    (waiting.folder / "run.json").write_text("{", encoding="utf-8")
    app = open_page("runs", search=waiting.id[-6:], of_model="*")
    assert [row["id"] for row in listed(app)] == [waiting.id]
    assert not listed(open_page("runs", search=waiting.id[-6:], of_model="vae"))


def test_a_search_on_the_last_page_shows_the_first_of_fewer(store, waiting):
    app = open_page("runs", page="2")
    app.text_input(key="search").input("handwriting").run()
    assert not app.exception and len(listed(app)) == 15
