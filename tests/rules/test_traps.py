"""The traps seen in other explorers of autoencoders, one after the other, and what holds this one out of them.

one model or trainer for all visitors      two sessions train different models at the same time
wrong label on coordinates                 labels are checked against the encoder
a formula with a term the code lacks       formula, code and curves have one source
an axis running backwards                  a decoded tile is the decode of its coordinates
points placed by hand                      plot and decode share one scale
a simulated result without a label         every figure of every page says where it is from
a slider that needs a second button        no action needs two clicks
empty tabs until something is trained      each page has a picture on a fresh session
no noise control in a denoising demo       what a page promises is there
a grid built from 225 axes                 one image per grid
no way to stop                             stopped within half a second
a window of 1442 pixels needed             usable on a phone and on a projector
"""

from __future__ import annotations

import ast
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from app_page import array, bodies, body, controls, header, listed, open_page, other_values, pads

from ae_core.models import MODELS, build
from ae_core.runs.store import ROOT, Store
from ae_core.space.planes import box
from ui.colours import BASELINE, term_colour
from ui.controls.sketching import written
from ui.sections.train.lesson import loss_terms, typeset

HELD_ELSEWHERE = {
    "one model or trainer for all visitors": ("test_journey", "test_two_visitors_do_not_see_each_others_knobs_or_progress"),
    "an axis running backwards": ("test_latent_pad", "test_the_picture_is_that_of_the_place_under_the_pointer_and_no_axis_is_flipped"),
    "an axis running backwards, tiles": ("test_latent_pad", "test_tiles_are_the_decoder_at_their_corners_close_between_them_and_exact_at_rest"),
    "no noise control in a denoising demo": ("test_sketch_journey", "test_the_level_moves_by_key_and_the_pictures_and_the_address_follow"),
    "no way to stop": ("test_engine", "test_a_running_run_is_stopped_within_half_a_second_and_goes_on_when_asked"),
    "a window of 1442 pixels needed": ("test_screens", "test_axe_finds_nothing_and_the_page_fits_every_screen"),
}  # fmt: skip
DRAWN = written(np.pad(np.ones((4, 2), np.float32), ((2, 2), (3, 3))))
LOOKS = [
    ("start", {}),
    ("start", {"code": "8", "network": "variational"}),
    ("train", {}),
    *(("reconstruct", {"section": section}) for section in ("test", "foreign", "sizes", "path")),
    ("reconstruct", {"section": "drawing", "drawn": DRAWN}),
    ("denoise", {}),
    ("denoise", {"applied": "hundred"}),
    ("latent", {}),
    ("latent", {"run": "multilayer-digits"}),
    *(("generate", {"section": s}) for s in ("samples", "manifold", "numbers", "between", "arithmetic", "prior")),
    ("compare", {}),
    ("runs", {}),
]
PADS = ("latent_pad", "autoencoder")
each_look = pytest.mark.parametrize(
    ("name", "address"), LOOKS, ids=lambda x: x if isinstance(x, str) else ",".join(x.values())[:40]
)


def elements(node):
    """Every element below a node of the page, in the order of reading."""
    for child in node.children.values():
        yield from elements(child) if hasattr(child, "children") else [child]


def is_figure(element):
    """A picture made by a network, or a chart; the drawing of a bottleneck to scale is neither."""
    if element.type == "bidi_component" and element.proto.component_name in PADS:
        return True
    pictures = re.sub(r'<div class="ae-neck">.*?</div>', "", body(element), flags=re.DOTALL)
    return element.type == "plotly_chart" or "<img" in pictures


def test_what_is_held_elsewhere_is_there():
    for file, function in HELD_ELSEWHERE.values():
        (path,) = (ROOT / "tests").rglob(f"{file}.py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


# --- wrong label on coordinates; points placed by hand ----------------------------------------------------------------


@pytest.mark.parametrize("run_id", [run.id for run in Store.default().listing() if run.id.endswith("-digits-2d")])
def test_the_dots_are_what_the_encoder_says_of_the_test_pictures(run_id):
    run = Store.default().find(run_id)
    app = open_page("latent", run=run_id)
    model, test = run.load()[0], run.recipe().data.load().test
    ours, dots = header(app)["panels"][0], array(app, header(app)["panels"][0]["points"]).reshape(-1, 2)
    codes = model.encode(test.images[:])
    assert ours["names"] == ["z1", "z2"] and f"code of {model.latent}" in ours["title"]
    assert np.abs(dots - codes.numpy()).max() < 2e-3 * codes.abs().max()  # kept in 16 bits
    assert array(app, header(app)["labels"]).tolist() == test.labels.tolist()
    assert ours["box"] == pytest.approx(box(torch.from_numpy(dots.copy())), rel=1e-5)


def test_chosen_numbers_of_a_larger_code_carry_their_own_names():
    run = Store.default().find("multilayer-digits")
    app = open_page("latent", run=run.id, map="dims", right="3", up="5")
    ours = header(app)["panels"][0]
    codes = run.load()[0].encode(run.recipe().data.load().test.images[:])
    assert ours["names"] == ["z3", "z5"]
    assert np.abs(array(app, ours["points"]).reshape(-1, 2) - codes[:, [2, 4]].numpy()).max() < 0.01


# --- a formula with a term the code lacks -----------------------------------------------------------------------------

SWITCHES = {
    "sparse": [{}, {"penalty": "kl"}, {"penalty": "topk"}],
    "contractive": [{}, {"higher_order": 1.0}],
    "vae": [{}, {"samples": 2}],
}


@pytest.mark.parametrize("name", MODELS)
def test_the_terms_of_the_formula_are_those_of_the_code(name):
    x = torch.rand(8, 1, 8, 8)
    terms = {term for knobs in SWITCHES.get(name, [{}]) for term in build(name, x.shape[1:], knobs).losses(x)}
    written_down = set(loss_terms(name))
    assert written_down == terms or (not written_down and terms == {"reconstruction"})


@pytest.mark.parametrize("name", [name for name in MODELS if (ROOT / "pretrained" / f"{name}-digits").exists()])
def test_the_page_shows_that_formula_and_a_curve_for_each_term_of_the_code_in_one_colour(name):
    run = Store.default().find(f"{name}-digits")
    app = open_page("train", run=run.id, model=name)
    shown = typeset(name)
    assert shown in [element.value for element in app.markdown]
    terms = run.load()[0].losses(run.recipe().data.load().test.images[:8])
    curves = {
        trace["name"]: trace["line"]["color"] for trace in json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    }
    baseline = {f"PCA, {run.recipe().knobs['latent']} numbers": BASELINE}  # beside a squared error of clean pictures
    assert {name: colour for name, colour in curves.items() if name not in baseline} == {
        f"{term}, {part}": term_colour(term) for term in terms for part in ("train", "test")
    }
    whole = run.recipe().knobs["latent"] >= 64  # then PCA leaves nothing, and there is no line
    assert (curves.items() >= baseline.items()) == (run.recipe().unit == "squared error" and not whole)
    for term in set(loss_terms(name)) & terms.keys():
        assert re.search(rf"\\textcolor{{{term_colour(term)}}}\S+\\text{{{term}}}", shown)


# --- a simulated result without a label -------------------------------------------------------------------------------


def names_its_source(element, runs):
    text = body(element)
    return "seed" in text and any(re.search(rf"\b{re.escape(run)}\b", text) for run in runs)


def ends(element):
    """Where a part of a page ends, and what was shown in it must have been explained."""
    return element.type in ("header", "markdown") and (element.type == "header" or "What to notice" in element.value)


@each_look
def test_every_figure_says_which_run_and_which_seed_it_is_from(name, address):
    runs = [run.id for run in Store.default().listing()]
    waiting, seen = [], 0
    named_before = name == "runs"  # there every row begins with its run
    for element in elements(open_page(name, **address).main):
        if is_figure(element) and not named_before:
            waiting.append(element)
            seen += 1
        if names_its_source(element, runs):
            waiting = []
        elif ends(element):
            assert waiting == []
    assert waiting == [] and (seen or named_before)


# --- empty tabs until something is trained; a grid built from 225 axes ------------------------------------------------


@each_look
def test_there_is_a_picture_on_a_fresh_session_and_a_grid_is_one_image(name, address):
    app = open_page(name, **address)
    written_here = bodies(app)
    curves = [row for row in listed(app) if len(row["curve"]) > 1]
    assert pads(app, *PADS) or any("<img" in body for body in written_here) or app.get("plotly_chart") or curves
    for row in re.findall(r'<div class="ae-row.*?</div>', " ".join(written_here), flags=re.DOTALL):
        assert row.count("<img") <= 1
    for figure in app.get("plotly_chart"):
        spec = json.loads(figure.proto.spec)
        assert sum(key.startswith("xaxis") for key in spec["layout"]) == 1
        assert go.Figure(spec).data  # plotly checks here what it need not check for every visitor
    if address.get("section") == "manifold":
        (manifold,) = [body for body in written_here if "ae-mosaic" in body]
        assert manifold.count("<img") == 1 and "15 by 15" in manifold


# --- a slider that needs a second button ------------------------------------------------------------------------------

FOR_INK = {"place"}  # acts on what a browser sends while one draws: test_sketch_journey


def shown(app):
    """All that a visitor sees of the results."""
    parts = bodies(app) + [e.proto.spec for e in app.get("plotly_chart")]
    return [*parts, *pads(app, *PADS), *(e.value for e in app.markdown)]


@each_look
def test_one_move_of_any_control_changes_what_is_shown(name, address):
    if name in ("train", "runs"):
        pytest.skip("its controls are the recipe of the next training, or turn the pages of a list")
    app = at_rest(name, address)
    before = shown(app)
    for i, control in enumerate(controls(app)):
        if control.key not in FOR_INK and (others := other_values(control)):
            assert any(after_one_move(i, value, name, address) != before for value in others), control.key


def at_rest(name, address):
    """A page on which nothing changes by itself any more: the curves of Denoise come in slices."""
    app = open_page(name, **address)
    for _ in range(100):
        if "Still measuring" not in " ".join(bodies(app)):
            return app
        app.run()
    pytest.fail("the curves are never finished")


def after_one_move(i, value, name, address):
    """What a fresh page shows after its control number i was moved once."""
    app = open_page(name, **address)
    controls(app)[i].set_value(value).run()
    assert not app.exception
    return shown(app)


def test_no_form_waits_for_a_second_button():
    for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "ui").rglob("*.py")]:
        assert not re.search(r"\bst\.(form|form_submit_button)\(", path.read_text(encoding="utf-8")), path
