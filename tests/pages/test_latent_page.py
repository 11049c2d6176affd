"""Latent space without a browser: what every kind of map shows, beside PCA, and what the address brings back."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
import torch
from app_page import array, header, open_page, words
from safetensors.torch import save_file
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA as Sklearn
from sklearn.neighbors import KNeighborsClassifier

from ae_core.datasets import DATASETS, DatasetError, dataset
from ae_core.export.dense import dense_decoder
from ae_core.looks import maps
from ae_core.looks.codes import codes
from ae_core.looks.maps import View
from ae_core.measures.representation import NEIGHBOURS
from ae_core.models import MODELS
from ae_core.models.blocks import ACTIVATIONS
from ae_core.runs.opened import opened
from ae_core.space.layers import representation
from ae_core.space.neighbour_map import METHODS, neighbour_map
from ui.controls.sketching import written

PLANE, WIDE = {"model": "vae", "epochs": 2, "latent": 2}, {"model": "multilayer"}
TEST = DATASETS["digits"].load().test


def dots(app, panel):
    """Where the dots of a panel are (n, 2)."""
    return array(app, header(app)["panels"][panel]["points"]).reshape(-1, 2)


@pytest.mark.parametrize("address", [{"map": "dims"}, {"map": "three"}, {"map": "three", "plane": "1,1,1"}])
def test_a_larger_code_has_three_kinds_of_map(run_of, address):
    app = open_page("latent", run=run_of(**WIDE).id, **address)
    assert not app.error
    assert bool(app.warning) == (address.get("plane") == "1,1,1")


def test_any_hidden_layer_can_be_mapped(run_of):
    run = run_of("convolutional")
    app = open_page("latent", run=run.id, layer="hidden-1")
    assert not app.error
    ours, theirs = header(app)["panels"]
    assert ours["title"].startswith("Hidden 1 (") and ours["decoder"] == {} and theirs["decoder"]
    assert "| hidden 1 (" in words(app)


@pytest.mark.parametrize("kind, name", [("tsne", "t-SNE"), ("umap", "Like UMAP")])
def test_a_map_of_neighbours_is_made_only_when_asked_and_has_the_same_pictures_and_one_scale(run_of, kind, name):
    app = open_page("latent", run=run_of(**PLANE).id, map=kind)
    assert header(app)["panels"][0]["title"].startswith("Variational")  # a link starts nothing
    next(one for one in app.button if one.label == "Compute this map").click().run()
    assert not app.exception and not app.error
    ours, theirs = header(app)["panels"]
    assert ours["title"] == f"{name} of the code of 2" and ours["decoder"] == {}
    assert len(dots(app, 0)) == len(dots(app, 1)) == 360
    for left, right, bottom, top in (ours["box"], theirs["box"]):
        assert right - left == pytest.approx(top - bottom)
    assert f"{name} of that code (2)" in words(app) and "only who lies beside whom means something" in words(app)


def test_a_map_of_neighbours_of_a_layer_is_that_of_its_answers(run_of):
    run = run_of(**WIDE)
    app = open_page("latent", run=run.id, layer="hidden-1", map="tsne")
    assert header(app)["panels"][0]["title"] == "Hidden 1 (128)" and "answers of this layer" in words(app)
    next(one for one in app.button if one.label == "Compute this map").click().run()
    assert not app.exception and not app.error
    ours, _ = header(app)["panels"]
    assert ours["title"] == "t-SNE of hidden 1 (128)" and ours["decoder"] == {}
    assert len(dots(app, 0)) == len(dots(app, 1)) == 360
    answers = representation(run.load()[0], TEST.images, "hidden 1 (128)")
    mapped = neighbour_map(answers, 1.0, lambda share: None)
    assert np.abs(dots(app, 0) - mapped.numpy()).max() < 1e-3
    view, x = View("tsne", layer="hidden 1 (128)"), TEST.images[[7]]
    assert maps.places(opened(run), view, x)[0].tolist() == pytest.approx(mapped[7].tolist(), abs=0.05)
    assert "t-SNE of that layer (2)" in words(app)


def test_a_kind_of_map_that_another_layer_does_not_have_is_left_behind(run_of):
    run = run_of(**WIDE)
    app = open_page("latent", run=run.id, map="dims")
    app.selectbox(key="layer").set_value("hidden-1").run()
    assert not app.exception and not app.toast and "map" not in app.query_params
    assert header(app)["panels"][0]["title"] == "Hidden 1 (128)"


def test_a_drawing_has_a_place_on_both_maps_and_the_pad_is_not_sent_again(run_of):
    run = run_of(**PLANE)
    x = run.recipe().data.load().test.images[7]
    app = open_page("latent", run=run.id, drawn=written(x[0].numpy()))
    (ring,) = [e.proto for e in app.get("bidi_component") if e.proto.component_name == "latent_guest"]
    sent = json.loads(ring.json)
    grey16 = torch.round(x * 15) / 15
    with torch.inference_mode():
        code = run.load()[0].encode(grey16[None])[0]
    assert sent["shape"] == [1, 8, 8]
    assert sent["places"][0] == pytest.approx(code.tolist(), abs=1e-3)
    assert "nearest PCA codes" in words(app)
    empty = open_page("latent", run=run.id)
    assert header(app)["version"] == header(empty)["version"]


def test_the_ring_of_a_new_picture_on_a_map_of_neighbours_is_placed_and_the_dots_stay(run_of):
    run, view = run_of(**PLANE), View("tsne")
    x = run.recipe().data.load().test.images[[7]]
    one = opened(run)
    before = maps.neighbour_points(one, "", METHODS["tsne"]).clone()
    place = maps.places(one, view, x)[0]
    assert place.tolist() == pytest.approx(before[7].tolist(), abs=0.05)
    assert torch.equal(maps.neighbour_points(one, "", METHODS["tsne"]), before)


def test_the_plane_through_three_pictures_is_that_of_the_address(run_of):
    run = run_of(**WIDE)
    assert header(open_page("latent", run=run.id, map="three", plane="5,17,40"))["three"] == [5, 17, 40]
    far = run.load()[0].encode(run.recipe().data.load().test.images[:]).norm(dim=1).argmax().item()
    app = open_page("latent", run=run.id, map="three", plane=f"0,1,{far}")
    (left, right, bottom, top), plane = (
        header(app)["panels"][0]["box"],
        maps.plane(opened(run), View("three", 0, 1, far)),
    )
    (u, v) = plane.coordinates(codes(opened(run)).codes[[far]])[0].tolist()
    assert left < u < right and bottom < v < top and right - left == pytest.approx(top - bottom)
    app = open_page("latent", run=run.id, map="three", plane="5,17,9999")
    assert len(app.toast) == 1 and header(app)["three"] != [5, 17, 9999]


def test_both_maps_have_the_same_pictures_and_one_scale(run_of):
    app = open_page("latent", run=run_of(**PLANE).id)
    ours, theirs = header(app)["panels"]
    assert len(dots(app, 0)) == len(dots(app, 1)) == len(array(app, header(app)["labels"])) == 360
    for left, right, bottom, top in (ours["box"], theirs["box"]):
        assert right - left == pytest.approx(top - bottom)


def test_the_dots_are_the_codes_of_the_test_pictures_and_beside_them_those_of_pca(run_of):
    run = run_of(**PLANE)
    app = open_page("latent", run=run.id)
    assert np.abs(dots(app, 0) - run.load()[0].encode(TEST.images[:]).numpy()).max() < 1e-4
    oracle = Sklearn(2).fit(DATASETS["digits"].load().train.images[:].flatten(1).numpy())
    theirs = oracle.transform(TEST.images[:].flatten(1).numpy())
    assert np.abs(np.abs(dots(app, 1)) - np.abs(theirs)).max() < 1e-3  # a component has no sign
    assert array(app, header(app)["labels"]).tolist() == TEST.labels.tolist()


def test_two_numbers_three_pictures_and_a_layer_are_mapped_as_asked(run_of):
    run = run_of(**WIDE)
    z = run.load()[0].encode(TEST.images[:]).numpy()
    app = open_page("latent", run=run.id, map="dims", right="3", up="7")
    assert np.abs(dots(app, 0) - z[:, [2, 6]]).max() < 1e-4
    app = open_page("latent", run=run.id, map="three", plane="5,8,13")
    places, corners = dots(app, 0)[[5, 8, 13]], z[[5, 8, 13]]
    assert pdist(places) == pytest.approx(pdist(corners), rel=1e-3), "on the plane through three codes nothing is lost"
    assert np.abs(array(app, header(app)["panels"][0]["rings"]).reshape(3, 2) - places).max() < 1e-4
    first = run.load()[0].encoder[1]
    hidden = torch.relu(TEST.images[:].flatten(1) @ first.weight.T + first.bias)
    app = open_page("latent", run=run.id, layer="hidden-1")
    spread = Sklearn(2).fit(hidden.numpy()).explained_variance_
    assert dots(app, 0).var(0, ddof=1) == pytest.approx(spread, rel=0.02)


def test_the_numbers_below_the_map_are_those_of_each_code(run_of):
    run = run_of(**WIDE)
    row = re.search(r"Class told by \d+ neighbours \| ([\d.]+) % \| ([\d.]+) %", words(open_page("latent", run=run.id)))
    images, labels = TEST.images[:], TEST.labels.numpy()
    pca = Sklearn(64).fit(DATASETS["digits"].load().train.images[:].flatten(1).numpy())
    found = []
    for z in (run.load()[0].encode(images).numpy(), pca.transform(images.flatten(1).numpy())):
        voters = KNeighborsClassifier(NEIGHBOURS).fit(z[:180], labels[:180])
        found.append(f"{100 * voters.score(z[180:360], labels[180:360]):.1f}")
    assert found == [row[1], row[2]] and found[0] != found[1]


def test_marks_in_the_address_reach_the_pad_and_bad_ones_are_dropped(run_of):
    run = run_of(**PLANE)
    app = open_page("latent", run=run.id, at="0.5,-1", pins="0,0;1,1")
    assert header(app)["start"] == {"at": [0.5, -1.0], "pins": [[0.0, 0.0], [1.0, 1.0]]}
    app = open_page("latent", run=run.id, at="inf,1", pins="0,0;1")
    assert header(app)["start"] == {}
    app = open_page("latent", run=run.id, classes="3,5", chosen="nonsense")
    assert header(app)["start"] == {"classes": [3, 5]} and len(app.toast) == 1
    app = open_page("latent", run=run.id, at="inf,1", pins="0,0;1")
    assert "at" not in app.query_params and "pins" not in app.query_params
    assert len(app.toast) == 2


def test_shipped_codes_are_used_where_the_pictures_are_not_here(run_of, monkeypatch):
    run = run_of(**PLANE)
    codes = {"codes": torch.randn(30, 2).half(), "labels": torch.arange(30, dtype=torch.uint8) % 10}
    save_file(codes, run.folder / "codes.safetensors")

    def absent():
        raise DatasetError("Digits are not on this computer.")

    monkeypatch.setitem(DATASETS, "digits", dataclasses.replace(dataset("digits"), load=absent))
    app = open_page("latent", run=run.id)
    assert len(array(app, header(app)["labels"])) == 30 and len(header(app)["panels"]) == 1
    layer = open_page("latent", run=run.id, layer="decoder-1", map="tsne")
    assert [one.value for one in layer.warning] == ["Digits are not on this computer. Here is a map of the codes."]
    assert len(array(layer, header(layer)["labels"])) == 30 and not layer.button


@pytest.mark.parametrize("name", MODELS)
def test_a_decoder_goes_to_the_browser_only_where_it_says_the_same(trained, name):
    model, _ = trained(name).load()
    layers = dense_decoder(model, torch.randn(4, model.latent))
    codes = torch.randn(8, model.latent)
    if layers is None:
        assert any(isinstance(part, torch.nn.Conv2d) for part in model.modules())
        return
    h = codes.double()
    for layer in layers:
        h = h @ layer.weight.double().T + layer.bias.double()
        h = ACTIVATIONS[layer.activation]()(h)
    assert torch.allclose(h.float().clamp(0, 1), model.decode(codes).flatten(1), atol=1e-5)
