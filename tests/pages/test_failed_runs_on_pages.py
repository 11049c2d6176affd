"""A run that failed, or whose weights compute nothing, on every page: said in a sentence, and the page goes on."""

from __future__ import annotations

import dataclasses
import shutil
from unittest import mock

import pytest
from app_page import SCAN, listed, open_page, words
from every_page import DRAWN, LOOKS
from small_runs import small_recipe
from unsound import REASON, UNUSABLE, change_weights, say_failed

from ae_core.runs.run import RunError
from ae_core.runs.store import ROOT, Store
from ui.sections.train import watch

UNSOUND, FAILED = "cannot be used: its weights are finite, but", f"failed. {REASON}"
SEVERAL = {"denoise": "runs", "compare": "runs"}
each_look = pytest.mark.parametrize(
    ("name", "look"), LOOKS, ids=lambda x: x if isinstance(x, str) else ",".join(x.values())
)


def opened(name, look, *run_ids):
    return open_page(name, **{SEVERAL.get(name, "run"): ",".join(run_ids)}, **look, drawn=DRAWN)


def told(app):
    return [str(element.value) for element in [*app.error, *app.warning]]


def others(app):
    """The names of runs that can be picked, by the picker that has them."""
    pickers = [*app.selectbox, *app.multiselect]
    return {picker.key: picker.options for picker in pickers if picker.key in ("run", "runs", "with")}


@each_look
def test_a_page_says_that_weights_are_no_use_and_goes_on_with_another_run(name, look, run_of):
    run = change_weights(run_of("vae"), UNUSABLE["times 1e38"])
    app = opened(name, look, run.id, *(["vanilla-digits"] if name in SEVERAL else []))
    assert sum(run.id in text and UNSOUND in text for text in told(app)) == 1, told(app)
    if name in SEVERAL:
        assert "run vanilla-digits ·" in words(app)
        return
    app.query_params["run"] = "vanilla-digits"
    with mock.patch(SCAN, return_value=[]):
        app.run()
    assert not app.exception and not app.error and "vanilla-digits" in words(app)


@each_look
def test_a_page_says_that_a_run_failed_and_shows_the_weights_from_before(name, look, run_of):
    run = say_failed(run_of("vae"))
    app = opened(name, look, run.id)
    assert sum(FAILED in text or text == REASON for text in told(app)) == 1, told(app)
    assert f"run {run.id} ·" in words(app) or look.get("section") == "sizes", "it is shown all the same"
    for options in others(app).values():
        assert [text.endswith("failed") for text in options].count(True) == 1


@each_look
def test_a_page_says_that_a_failed_run_has_no_weights(name, look, store):
    run = say_failed(store.create(small_recipe("vae"), origin="test"))
    app = opened(name, look, run.id)
    assert sum(REASON in text for text in told(app)) == 1, told(app)


def test_a_drawing_goes_through_the_other_networks(run_of):
    run = change_weights(run_of("vae"), UNUSABLE["times 1e20"])
    app = open_page(
        "reconstruct", section="drawing", run="vanilla-digits", **{"with": f"vanilla-digits,{run.id}"}, drawn=DRAWN
    )
    assert sum(UNSOUND in text for text in told(app)) == 1 and "run vanilla-digits ·" in words(app)


@pytest.mark.parametrize("name", ["denoise", "compare", "reconstruct"])
def test_no_page_begins_with_a_run_that_failed(name, run_of):
    runs = [say_failed(run_of(model)) for model in ("vanilla", "denoising", "vae")]
    app = open_page(name, **({"section": "drawing", "drawn": DRAWN} if name == "reconstruct" else {}))
    assert told(app) == [] and not any(f"run {run.id} ·" in words(app) for run in runs)


@pytest.mark.parametrize("name", ["denoise", "compare"])
def test_no_page_begins_with_a_run_whose_weights_are_no_use(name, run_of):
    run = change_weights(run_of("vanilla"), UNUSABLE["times 1e38"])
    app = open_page(name, dataset="digits")
    assert told(app) == [] and run.id not in words(app) and "run vanilla-digits ·" in words(app)


def test_the_list_of_runs_gives_the_reason(run_of):
    run = say_failed(run_of("vae"))
    (row,) = [row for row in listed(open_page("runs")) if row["id"] == run.id]
    assert (row["state"], row["why"]) == ("failed", REASON)
    assert all(row["why"] == "" for row in listed(open_page("runs")) if row["id"] != run.id)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
def test_where_there_is_no_other_run_a_page_still_says_it(name, run_of, monkeypatch, tmp_path):
    monkeypatch.setattr(Store.__init__, "__defaults__", (tmp_path / "nothing",))
    run = change_weights(run_of("vanilla"), UNUSABLE["times 1e38"])
    shutil.rmtree(tmp_path / "nothing", ignore_errors=True)
    app = open_page(name, **({"run": run.id} if name == "train" else {}))
    assert any(UNSOUND in text for text in told(app)) or name in ("start", "runs", "denoise")


class Refusing:
    """An engine whose disk is full."""

    slots = 1

    def resume(self, run):
        raise RunError("The run folder cannot be written: free some space.")


def test_why_a_run_does_not_go_on_stays_until_the_next_press(run_of, monkeypatch):
    run = run_of("vanilla")
    run.write_status(dataclasses.replace(run.status(), state="stopped"))
    monkeypatch.setattr(watch, "engine", Refusing)
    app = open_page("train", run=run.id)
    app.button(key="watch_resume").click().run()
    for _ in range(2):  # as a view that renews itself
        assert told(app).count("The run folder cannot be written: free some space.") == 1
        app.run()
    app.query_params["run"] = "vanilla-digits"
    app.run()
    assert not any("cannot be written" in text for text in told(app))
