"""Train: what was trained before stays beside what is new, a known recipe is there at once, the form follows the run."""

from __future__ import annotations

import dataclasses
import html
import json
import re

import pytest
from app_page import open_page, words
from small_runs import small_recipe

from ae_core.models import MODELS, lesson
from ae_core.published import PUBLISHED
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe, starting_recipe
from ae_core.runs.store import Store
from ui.colours import term_colour
from ui.results import engine
from ui.sections.train.change import what_came_of_it, what_changed
from ui.sections.train.lesson import loss_terms, typeset

ROW = re.compile(r'<div class="ae-row.*?</div>', re.DOTALL)
SAID = "so here is the run that was trained with it"


@pytest.fixture
def trains(side):
    """Train can be pressed; a run is trained at once, or waits where the test says so."""
    machine, side.done = engine.engine(), True
    machine.at_once, machine.slots = True, 0

    def submit(made):
        run = Store.default().create(made, origin="test")
        if machine.at_once:
            assert execute(run).state == "done"
        return run

    machine.submit, machine.ahead_of = submit, lambda run: 0
    return machine


def press(app, label):
    app = next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def address(app, name):
    found = app.query_params.get(name, "")
    return found if isinstance(found, str) else found[0]


def own():
    return [run for run in Store.default().listing() if not run.pretrained]


def mse(run_id):
    return f"{Store.default().find(run_id).status().test['mse']:.4f}"


def labels(app):
    """The labels of the rows of pictures, of the first half."""
    rows = ROW.findall(words(app).split("<figure")[1])
    return [re.sub(r"<.*", "", row.split("<span>")[1], flags=re.DOTALL) for row in rows]


def traces(app):
    return [trace["name"] for trace in json.loads(app.get("plotly_chart")[0].proto.spec)["data"]]


# --- the run before ---------------------------------------------------------------------------------------------------


def both_are_there(app, new, old, change):
    shown = words(app)
    assert [address(app, name) for name in ("run", "before")] == [new, old]
    assert all(f"<b>{mse(run)}</b>" in shown for run in (new, old)) and change in html.unescape(shown)
    assert labels(app) == ["Input", "Output", "Output before", "Error", "Error before"]
    assert sum(not name.startswith("PCA") for name in traces(app)) == 4
    assert all(f"run {run} ·" in shown for run in (new, old))


def test_the_run_before_stays_beside_the_new_one_and_a_link_opens_both(trains):
    app = press(open_page("train", latent="4", epochs="1"), "Train")
    first = address(app, "run")
    both_are_there(app, first, "vanilla-handwriting", "size of the code 32 → 4, epochs 60 → 1")
    app.select_slider(key="latent").set_value(8).run()
    app = press(app, "Train")
    second = address(app, "run")
    both_are_there(app, second, first, "What changed: size of the code 4 → 8.")
    both_are_there(open_page("train", run=second, before=first), second, first, "size of the code 4 → 8")


def test_while_it_waits_and_trains_nothing_has_to_move_for_what_comes(trains, run_of):
    old = run_of("vanilla", latent=4)
    trains.at_once = False
    app = press(open_page("train", run=old.id, before="", dataset="digits", latent="8", epochs="1"), "Train")
    assert labels(app) == ["Input", "Output", "Output before", "Error", "Error before"]
    assert words(app).count("<i style") == 4 and "<b>–</b>" in words(app) and f"<b>{mse(old.id)}</b>" in words(app)
    execute(own()[0] if own()[0].id != old.id else own()[1])
    app.run()
    assert labels(app) == ["Input", "Output", "Output before", "Error", "Error before"]
    assert "<i style" not in words(app) and "<b>–</b>" not in words(app)


def test_runs_on_different_pictures_share_only_what_can_be_compared(run_of):
    app = open_page("train", run=run_of("vanilla").id, before="linear-shapes")
    assert labels(app) == ["Input", "Output", "Error"]
    assert "pictures " in words(app) and "cannot be compared, so these are the times of training" in words(app)
    assert "linear-shapes" not in str(traces(app))


def test_losses_of_two_units_do_not_share_an_axis(run_of):
    app = open_page("train", run=run_of("vae").id, before=run_of("vanilla").id)
    assert len(traces(app)) == 2 and "in nats and in squared error, which cannot be compared" in words(app)


def test_the_example_stands_beside_a_run_on_its_own_pictures_only(trains):
    trains.at_once = False
    app = press(open_page("train", dataset="shapes", latent="2", epochs="1", model="linear"), "Train")
    assert address(app, "before") == "" and address(app, "run").startswith("linear-shapes-")


@pytest.mark.parametrize("before", ["gone", "", "vanilla-digits"])
def test_a_run_before_that_there_is_not_gets_one_sentence(before):
    app = open_page("train", run="vanilla-digits", before=before)
    for _ in range(2):
        told = [warning.value for warning in app.warning if "stands beside" in warning.value]
        assert len(told) == (before == "gone") and "before" not in app.query_params
        app.run()


# --- known recipes ----------------------------------------------------------------------------------------------------


def test_a_recipe_that_was_trained_is_shown_at_once_and_trained_again_only_when_asked_to(trains):
    known = trains.submit(starting_recipe("vanilla", "digits", {"latent": 4}, {"epochs": 1}))
    app = press(open_page("train", dataset="digits", latent="4", epochs="1"), "Train")
    assert own()[0].id == known.id and len(own()) == 1 and address(app, "run") == known.id
    assert any(SAID in info.value for info in app.info)
    app.run()
    assert any(SAID in info.value for info in app.info)
    app = press(app, "Train it again anyway")
    assert len(own()) == 2 and address(app, "before") == known.id
    assert not any(SAID in info.value for info in app.info)
    assert "The same recipe, trained once more" in words(app) and "The error is the same." in words(app)


def test_another_seed_is_another_recipe(trains):
    trains.submit(starting_recipe("vanilla", "digits", {"latent": 4}, {"epochs": 1}))
    app = press(open_page("train", dataset="digits", latent="4", epochs="1", seed="1"), "Train")
    assert len(own()) == 2 and not any(SAID in info.value for info in app.info)


# --- the form ---------------------------------------------------------------------------------------------------------


def form(app):
    """What the form says that a recipe says too."""
    state = app.session_state
    return state["model"], state["dataset"], state["latent"], state["epochs"], state["batch_size"], state["hidden"]


def said_by(made):
    hidden = ", ".join(map(str, made.knobs["hidden"]))
    return made.model, made.dataset, made.knobs["latent"], *(made.plan[k] for k in ("epochs", "batch_size")), hidden


def test_the_form_follows_the_run_that_is_opened_and_an_address_with_knobs_does_not(run_of):
    run = run_of("multilayer", latent=64, hidden=(96,))
    app = open_page("train", run=run.id)
    assert form(app) == said_by(run.recipe())
    assert (address(app, "model"), address(app, "hidden")) == ("multilayer", "96")
    app.query_params["run"] = "vae-digits"
    for name in [name for name in app.query_params if name != "run"]:
        del app.query_params[name]
    app.run()
    assert form(app) == said_by(Store.default().find("vae-digits").recipe())
    assert open_page("train", run=run.id, model="sparse").session_state["model"] == "sparse"


def test_a_knob_of_the_run_is_taken_over_also_where_the_form_began_with_it_for_another_model(run_of):
    run = run_of("vae", hidden=(128,))
    app = open_page("train", model="multilayer")
    assert app.text_input(key="hidden").value == "128"  # nobody has touched it: with a VAE it would become 400
    app.query_params.clear()
    app.query_params["run"] = run.id
    app.run()
    assert form(app) == said_by(run.recipe()) and address(app, "hidden") == "128"


def test_the_knobs_of_both_runs_can_be_used_again(run_of):
    run, before = run_of("multilayer", latent=4, hidden=(96,)), run_of("vae", latent=2)
    app = open_page("train", run=run.id, before=before.id, model="sparse")
    for button, one in (("use_now", run), ("use_before", before), ("use_now", run)):
        app.button(key=button).click().run()
        app.run()
        assert not app.exception and form(app) == said_by(one.recipe())
        assert (address(app, "run"), address(app, "before")) == (run.id, before.id)


@pytest.mark.parametrize("name", ["pytorch-vae", "seed-denoise"])
def test_a_published_recipe_fills_the_form(name):
    row = PUBLISHED[name].rows[-1]
    app = open_page("train", recipe=name, latent="3")
    app.button(key=f"fill_{name}_{len(PUBLISHED[name].rows) - 1}").click().run()
    assert not app.exception and not app.error
    made = row.recipe()
    state = app.session_state
    assert (state["model"], state["dataset"]) == (made.model, made.dataset)
    plain = {k: v for k, v in {**made.knobs, **made.plan}.items() if k in state and not isinstance(v, tuple)}
    assert len(plain) > 5 and {k: state[k] for k in plain} == plain


def test_every_slider_has_a_number_that_need_not_be_one_of_its_stops():
    app = open_page("train", model="vae")
    sliders = {slider.key for slider in app.select_slider}
    assert sliders and sliders == {
        number.key.removesuffix("_typed") for number in app.number_input if "_typed" in number.key
    }
    app.number_input(key="latent_typed").set_value(23).run()
    assert app.select_slider(key="latent").value == 23 and address(app, "latent") == "23"
    app.number_input(key="learning_rate_typed").set_value(0.00123).run()
    assert app.select_slider(key="learning_rate").value == 0.00123
    app.select_slider(key="latent").set_value(8).run()
    assert app.number_input(key="latent_typed").value == 8 and address(app, "latent") == "8"
    assert not app.exception and not app.error


# --- words ------------------------------------------------------------------------------------------------------------

BASE = small_recipe()
CHANGES = {
    "The same recipe, trained once more: on one machine it gives the same weights.": BASE,
    "The same recipe with another seed: 0 → 7.": small_recipe(seed=7),
    "What changed: size of the code 8 → 16, epochs 3 → 20.": small_recipe(epochs=20, latent=16),
    "What changed: Vanilla → Linear (PCA), start pca.": small_recipe("linear", start="pca"),
    "What changed: pictures Digits 8×8 → Drawn shapes 16×16.": dataclasses.replace(BASE, dataset="shapes"),
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_what_changed_is_said_in_words(sentence):
    found = what_changed(BASE, CHANGES[sentence])
    assert found == sentence or ("pictures" in sentence and found.startswith("What changed: pictures Digits 8×8 → "))


@pytest.mark.parametrize(
    ("before", "now", "sentence"),
    [
        (0.04, 0.01, "The error is 4.0 times smaller."),
        (0.01, 0.04, "The error is 4.0 times larger."),
        (0.01, 0.012, "The error is 20 % larger."),
        (0.01, 0.009, "The error is 10 % smaller."),
        (0.01, 0.01001, "The error is nearly the same."),
        (0.01, 0.01, "The error is the same."),
        (0.0, 0.01, "The error is nearly the same."),
    ],
)
def test_what_came_of_it_is_said_in_words(before, now, sentence):
    assert what_came_of_it(before, now) == sentence


# --- the lesson -------------------------------------------------------------------------------------------------------

MATH = re.compile(r"\$(.+?)\$", re.DOTALL)
COMMAND = re.compile(r"\\(?:text|textcolor)\{[^{}]*\}|\\[a-zA-Z]+")


@pytest.mark.parametrize("name", MODELS)
def test_a_lesson_is_typeset_and_the_terms_of_its_loss_have_the_colours_of_their_curves(name):
    page = open_page("train", model=name)
    shown = typeset(name)
    assert shown in [element.value for element in page.markdown]
    for formula in MATH.findall(shown):
        bare = COMMAND.sub("", formula)
        assert not re.search(r"[A-Za-z]{2,}", bare.replace("canvastext", "")), formula
        assert formula.count("{") == formula.count("}")
    for term in loss_terms(name):
        assert (
            f"\\textcolor{{{term_colour(term)}}}{{\\underline{{\\textcolor{{canvastext}}{{\\text{{{term}}}}}}}}}"
            in shown
        )
    lines = [line for line in lesson(name).split("\n") if line.startswith("    ")]
    assert lines and all(re.fullmatch(r"    \S+(?: \S+)*  +\S.*", line) for line in lines)
    assert shown.count("- **") == len(lines)
    letters = re.compile(r"[A-Za-z]{3,}")
    gone = set(letters.findall(lesson(name))) - set(letters.findall(shown.replace("\\_", "_")))
    assert not gone, gone


def test_a_known_recipe_is_found_whatever_wrote_it_down(store):
    run = store.create(recipe("vae", "digits", {"hidden": [12, 6]}, {"epochs": 1}), origin="test")
    from ae_core.runs import reading

    assert [
        one.id for one in reading.of_recipe(store, recipe("vae", "digits", {"hidden": (12, 6)}, {"epochs": 1}))
    ] == [run.id]
