"""Every page with every model, with no run, with one run, and with addresses that nobody should write."""

from __future__ import annotations

import shutil
from unittest import mock

import pytest
from app_page import SCAN, controls, open_page, other_values, words
from every_page import DRAWN, KEYS, LOOKS, PAGES, RUNS

from ae_core.runs.store import ROOT, Store

ABSURD = {
    "empty": "",
    "word": "true",
    "huge": "9" * 5000,
    "beyond": "1e400",
    "negative": "-1",
    "not a number": "nan",
    "unicode": "٣\u202e漢字 𝟛\x00naïve\ud7ff",
    "html": "<script>alert(1)</script><b>",
    "path": "../../../etc/passwd",
    "markdown": "[x](javascript:alert(1)) $\\frac{1}{0}$ :red[x] {0!r} %s",
    "list": "1,2;3,,;nan," * 50,
    "repeated": ["vanilla-digits", "2", "<b>"],
    "drawing": "8x8.AAAA",
    "another drawing": "28x28.eNpj",
}
BAD = [  # more than one thing at once, each nearly right
    {"latent": "1e309", "epochs": "-1", "seed": "NaN", "hidden": "a,b"},
    {"show": "everything", "class": "11", "set": "0", "draw": "9" * 40},
    {"at": "nan,1", "pins": "1;2;3", "sliders": "x", "beside": "three"},
    {"at": "1e400,0", "pins": "9" * 3000, "map": "sphere", "right": "0", "up": "z", "a": "-1", "b": "1e9"},
    {"from": "luck", "temperature": "hot", "first": "99999999", "second": "-1", "plus": "a", "minus": "9999"},
    {"level": "7", "kind": "rain", "draw": "-1", "picture": "0", "applied": "often", "source": "camera"},
    {"runs": "a,b,c,d,e,f,g", "with": "a,b,c,d,e", "dataset": "imagenet"},
    {"runs": "vanilla-digits,linear-shapes", "run": "vae-shapes", "dataset": "digits"},
    {"runs": ",,,", "curves": "<script>", "with": "vanilla-digits,vanilla-digits", "dataset": ""},
    {"drawn": "28x28.eNpj", "source": "drawing", "fit": "no", "invert": "perhaps", "place": "moon"},
    {"other": "digits", "section": "foreign", "picture": "1e9"},
    {"section": "<b>", "run": "<script>", "page": "-3"},
]


def shown(app):
    """All words of a page and what is chosen on it, as one string."""
    return " ".join([words(app), *(f"{widget.value}" for widget in [*app.selectbox, *app.multiselect])])


def own_runs():
    return [run for run in Store.default().listing() if not run.pretrained]


def opens(run_id, name, address):
    """A page that looks at this run opens without an error and says so."""
    asked = {"train": {"run": run_id}, "denoise": {"runs": run_id}, "compare": {"runs": run_id}}
    app = open_page(name, **asked.get(name, {"run": run_id}), **address, drawn=DRAWN)
    assert not app.error
    assert run_id in shown(app)


def test_every_page_is_looked_at():
    assert {name for name, _ in LOOKS} | {"start", "runs"} == set(PAGES)
    assert {Store.default().find(run_id).recipe().model for run_id in RUNS} == {
        run.recipe().model for run in Store.default().listing() if run.pretrained
    }


@pytest.mark.parametrize("i", range(max(len(LOOKS), len(RUNS))))
def test_each_look_opens_with_one_run_and_each_run_with_one_look(i):
    opens(RUNS[i % len(RUNS)], *LOOKS[i % len(LOOKS)])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "address"), LOOKS, ids=lambda x: x if isinstance(x, str) else ",".join(x.values()))
@pytest.mark.parametrize("run_id", RUNS)
def test_every_look_opens_with_every_run(run_id, name, address):
    opens(run_id, name, address)


# --- no run, one run --------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A program that came without its runs."""
    monkeypatch.setattr(Store.__init__, "__defaults__", (tmp_path / "nothing",))


@pytest.mark.parametrize("name", PAGES)
def test_without_any_run_a_page_says_so_and_shows_a_way_forward(alone, name):
    app = open_page(name)
    assert not app.error
    assert "train" in shown(app).lower() and (name == "train" or app.get("page_link"))


@pytest.mark.parametrize("name", PAGES)
def test_one_run_is_enough_for_every_page(alone, name):
    run = Store(Store.default().root, ROOT / "pretrained").find("vae-digits")
    shutil.copytree(run.folder, Store.default().root / run.id)
    app = open_page(name)
    assert not app.error
    assert run.id in shown(app) or name in ("start", "train", "denoise")  # which show shipped ones, and a denoiser


# --- absurd addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_one_absurd_value_for_every_key_after_the_other_never_breaks_a_page_or_starts_a_run(name):
    for kind, value in ABSURD.items():
        open_page(name, **dict.fromkeys(("section", *KEYS), value))
        assert own_runs() == [], kind


@pytest.mark.parametrize(("name", "look"), LOOKS, ids=lambda x: x if isinstance(x, str) else ",".join(x.values()))
def test_an_address_changed_in_place_never_breaks_what_is_on_screen(name, look):
    app = open_page(name, **look)
    for address in BAD:
        for key, value in {**address, **look}.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, list(address)
    assert own_runs() == []


@pytest.mark.parametrize(
    "last", [pytest.param(0, id="first values"), pytest.param(-1, id="last values", marks=pytest.mark.slow)]
)
def test_what_was_moved_on_one_page_never_breaks_another(last):
    app = open_page("train", model="denoising")
    with mock.patch(SCAN, return_value=[]):
        for page in [*PAGES, *PAGES]:
            app.switch_page(f"pages/{page}.py").run()
            assert not app.exception, page
            for key in [control.key for control in controls(app)]:
                control = next((one for one in controls(app) if one.key == key), None)
                if control and (others := other_values(control)) and key != "model":
                    control.set_value(others[last]).run()
                    assert not app.exception, (page, key)
