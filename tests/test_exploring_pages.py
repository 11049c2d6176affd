"""Start, Latent space and Generate without a browser: every model, every section, and what they say."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial.distance import pdist
from scipy.stats import norm
from sklearn.decomposition import PCA as Sklearn
from sklearn.neighbors import KNeighborsClassifier
from streamlit.testing.v1 import AppTest

from ae_core.datasets import DATASETS
from ae_core.execution import execute
from ae_core.models import MODELS
from ae_core.recipe import recipe
from ae_core.representation import NEIGHBOURS
from ae_core.runs import Run
from ae_core.store import ROOT, Store
from ui import cached, family, generation
from ui.cached import runs_of
from ui.components.weights import dense_decoder
from ui.family import showcase

SECTIONS = ("samples", "manifold", "numbers", "between", "arithmetic", "prior")


def open_page(name, **address):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    return app.switch_page(f"pages/{name}.py").run()


def texts(app):
    parts = [element.proto.body for element in app.get("html")]
    return " ".join([*parts, *(element.value for element in app.markdown)])


def header(app, nth=0):
    """The JSON header of a latent pad on the page."""
    data = [e.proto for e in app.get("bidi_component") if e.proto.component_name == "latent_pad"][nth].bytes
    return json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One barely trained run of each model, kept for the whole file."""
    store = Store(tmp_path_factory.mktemp("each") / "runs", None)
    runs = {}
    for name in MODELS:
        runs[name] = store.create(recipe(name, "digits", {}, {"epochs": 1, "batch_size": 512}), origin="test")
        assert execute(runs[name]).state == "done"
    plane = store.create(recipe("vae", "digits", {"latent": 2}, {"epochs": 2}), origin="test")
    assert execute(plane).state == "done"
    return runs | {"plane": plane}


@pytest.fixture
def run_of(trained):
    """Put one of those runs where the pages look for runs."""

    def put(name):
        source = trained[name]
        target = Store.default().root / source.id
        shutil.copytree(source.folder, target)
        return Run(target)

    return put


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("name", ["plane", "multilayer"])
def test_every_section_of_generate_has_a_result_a_source_and_something_to_notice(run_of, name, section):
    run = run_of(name)
    app = open_page("generate", run=run.id, section=section)
    assert not app.exception and not app.error
    assert "What to notice" in texts(app) and run.id in texts(app)
    assert "<img" in texts(app) or app.get("bidi_component") or app.get("plotly_chart")


@pytest.mark.parametrize("address", [{"map": "dims"}, {"map": "three"}, {"map": "three", "plane": "1,1,1"}])
def test_a_larger_code_has_three_kinds_of_map(run_of, address):
    app = open_page("latent", run=run_of("multilayer").id, **address)
    assert not app.exception and not app.error
    assert bool(app.warning) == (address.get("plane") == "1,1,1")


def test_any_hidden_layer_can_be_mapped(run_of):
    run = run_of("convolutional")
    app = open_page("latent", run=run.id, layer="hidden-1")
    assert not app.exception and not app.error
    ours, theirs = header(app)["panels"]
    assert ours["title"].startswith("Hidden 1 (") and ours["decoder"] == {} and theirs["decoder"]
    assert "| hidden 1 (" in texts(app)


@pytest.mark.parametrize("kind, name", [("tsne", "t-SNE"), ("umap", "Like UMAP")])
def test_a_map_of_neighbours_is_made_only_when_asked_and_has_the_same_pictures_and_one_scale(run_of, kind, name):
    app = open_page("latent", run=run_of("plane").id, map=kind)
    assert not app.exception and header(app)["panels"][0]["title"].startswith("Variational")  # a link starts nothing
    next(one for one in app.button if one.label == "Compute this map").click().run()
    assert not app.exception and not app.error
    ours, theirs = header(app)["panels"]
    assert ours["title"] == f"{name} of the code of 2" and ours["decoder"] == {}
    assert ours["points"]["length"] == theirs["points"]["length"] == 720
    for left, right, bottom, top in (ours["box"], theirs["box"]):
        assert right - left == pytest.approx(top - bottom)
    assert f"{name} of that code (2)" in texts(app) and "only who lies beside whom means something" in texts(app)


def test_a_drawing_has_a_place_on_both_maps_and_the_pad_is_not_sent_again(run_of):
    from ui.sketching import written

    run = run_of("plane")
    x = run.recipe().data.load().test.images[7]
    app = open_page("latent", run=run.id, drawn=written(x[0].numpy()))
    (guest,) = [e.proto for e in app.get("bidi_component") if e.proto.component_name == "latent_guest"]
    sent = json.loads(guest.json)
    grey16 = torch.round(x * 15) / 15
    with torch.inference_mode():
        code = run.load()[0].encode(grey16[None])[0]
    assert sent["shape"] == [1, 8, 8]
    assert sent["places"][0] == pytest.approx(code.tolist(), abs=1e-3)
    assert "nearest PCA codes" in texts(app)
    empty = open_page("latent", run=run.id)
    assert header(app)["version"] == header(empty)["version"]


def test_the_ring_of_a_new_picture_on_a_map_of_neighbours_is_placed_and_the_dots_stay(run_of):
    from ui import guest, latent
    from ui.latent import View

    run, view = run_of("plane"), View("tsne")
    x = run.recipe().data.load().test.images[[7]]
    before = latent.neighbour_points(run, view).clone()
    place = guest.places(run, view, x)[0]
    assert place == pytest.approx(before[7].tolist(), abs=0.05)
    assert torch.equal(latent.neighbour_points(run, view), before)


def test_the_plane_through_three_pictures_is_that_of_the_address(run_of):
    from ui import latent
    from ui.latent import View

    run = run_of("multilayer")
    assert header(open_page("latent", run=run.id, map="three", plane="5,17,40"))["three"] == [5, 17, 40]
    far = run.load()[0].encode(run.recipe().data.load().test.images).norm(dim=1).argmax().item()
    app = open_page("latent", run=run.id, map="three", plane=f"0,1,{far}")
    (left, right, bottom, top), plane = header(app)["panels"][0]["box"], latent.plane(run, View("three", 0, 1, far))
    (u, v) = plane.coordinates(latent.codes(run).codes[[far]])[0].tolist()
    assert left < u < right and bottom < v < top and right - left == pytest.approx(top - bottom)
    app = open_page("latent", run=run.id, map="three", plane="5,17,9999")
    assert len(app.toast) == 1 and header(app)["three"] != [5, 17, 9999]


def test_manifold_pictures_grow_to_the_right_and_upwards(run_of):
    from ae_core.generation import normal_quantiles
    from ui import generation

    run = run_of("plane")
    model, q = run.load()[0], normal_quantiles(generation.SIDE)
    shown = generation.manifold(run, cached.version(run), 0, 1).reshape(generation.SIDE, generation.SIDE, -1)
    for row, column in ((0, 0), (0, generation.SIDE - 1), (4, 11)):
        with torch.inference_mode():
            wanted = model.decode(torch.stack([q[column], q[generation.SIDE - 1 - row]])[None]).flatten()
        assert shown[row, column] == pytest.approx(wanted.numpy(), abs=1e-5)


def test_a_plain_autoencoder_says_that_its_distribution_was_fitted(run_of):
    assert "no prior" in texts(open_page("generate", run=run_of("multilayer").id))
    assert "no prior" not in texts(open_page("generate", run=run_of("plane").id))


def test_samples_follow_the_seed_and_the_temperature(run_of):
    run = run_of("plane")
    shown = {texts(open_page("generate", run=run.id, **more)) for more in ({}, {"draw": "2"}, {"temperature": "0.5"})}
    assert len(shown) == 3
    assert texts(open_page("generate", run=run.id)) in shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [(("digits",), ["vae-digits-2d"]), (("mnist", "digits"), ["vae-mnist-2d"]), (("shapes",), None)],
)  # what is shipped for the shapes has no code of two numbers: then it is any run on digits
def test_start_shows_the_map_of_the_first_data_set_that_is_here(monkeypatch, names, shown):
    if not DATASETS[names[0]].present():
        pytest.skip(f"no {names[0]} here: set AE_DATA")
    monkeypatch.setattr("ui.family.SHOWCASES", names)
    (panel,) = header(open_page("start"))["panels"]
    assert [panel["run"]] == (shown or [runs_of("digits")[0].id])


def test_a_card_of_the_family_shows_the_pictures_of_its_shipped_run():
    app = open_page("start")
    shown = texts(app)
    assert shown.count("ae-neck") == len(MODELS)
    assert shown.count("ae-strip") == len(MODELS) and f"run vae-{showcase().name} " in shown


def test_both_maps_have_the_same_pictures_and_one_scale(run_of):
    made = header(open_page("latent", run=run_of("plane").id))
    ours, theirs = made["panels"]
    assert ours["points"]["length"] == theirs["points"]["length"] == 2 * made["labels"]["length"] == 720
    for left, right, bottom, top in (ours["box"], theirs["box"]):
        assert right - left == pytest.approx(top - bottom)


def array(app, entry):
    """The numbers that the header of the first pad points to."""
    data = next(e.proto for e in app.get("bidi_component") if e.proto.component_name == "latent_pad").bytes
    start = 4 + int.from_bytes(data[:4], "little") + entry["offset"]
    kinds = {"f2": np.float16, "f4": np.float32, "u1": np.uint8, "i4": np.int32}
    found = np.frombuffer(data, kinds[entry["kind"]], entry["length"], start)
    return found.astype(np.float32) if entry["kind"] == "f2" else found


def dots(app, panel):
    """Where the dots of a panel are (n, 2)."""
    return array(app, header(app)["panels"][panel]["points"]).reshape(-1, 2)


TEST = DATASETS["digits"].load().test


def test_the_dots_are_the_codes_of_the_test_pictures_and_beside_them_those_of_pca(run_of):
    run = run_of("plane")
    app = open_page("latent", run=run.id)
    assert np.abs(dots(app, 0) - run.load()[0].encode(TEST.images).numpy()).max() < 1e-4
    oracle = Sklearn(2).fit(DATASETS["digits"].load().train.images.flatten(1).numpy())
    theirs = oracle.transform(TEST.images.flatten(1).numpy())
    assert np.abs(np.abs(dots(app, 1)) - np.abs(theirs)).max() < 1e-3  # a component has no sign
    assert array(app, header(app)["labels"]).tolist() == TEST.labels.tolist()


def test_two_numbers_three_pictures_and_a_layer_are_mapped_as_asked(run_of):
    run = run_of("multilayer")
    z = run.load()[0].encode(TEST.images).numpy()
    app = open_page("latent", run=run.id, map="dims", right="3", up="7")
    assert np.abs(dots(app, 0) - z[:, [2, 6]]).max() < 1e-4
    app = open_page("latent", run=run.id, map="three", plane="5,8,13")
    places, corners = dots(app, 0)[[5, 8, 13]], z[[5, 8, 13]]
    assert pdist(places) == pytest.approx(pdist(corners), rel=1e-3), "on the plane through three codes nothing is lost"
    assert np.abs(array(app, header(app)["panels"][0]["rings"]).reshape(3, 2) - places).max() < 1e-4
    first = run.load()[0].encoder[1]
    hidden = torch.relu(TEST.images.flatten(1) @ first.weight.T + first.bias)
    app = open_page("latent", run=run.id, layer="hidden-1")
    spread = Sklearn(2).fit(hidden.numpy()).explained_variance_
    assert dots(app, 0).var(0, ddof=1) == pytest.approx(spread, rel=0.02)


def test_the_sliders_are_ordered_by_kl_or_else_by_variance(run_of):
    for name in ("vae", "multilayer"):
        run = run_of(name)
        model = run.load()[0]
        if name == "vae":
            q = model.posterior(TEST.images)
            normal = torch.distributions.Normal(q.mean, (0.5 * q.log_variance).exp())
            weight = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).mean(0)
        else:
            weight = model.encode(TEST.images).var(0)
        wanted = [f"z{k + 1}" for k in weight.argsort(descending=True, stable=True)[:24].tolist()]
        (panel,) = header(open_page("generate", run=run.id, section="numbers"))["panels"]
        assert [one["name"] for one in panel["further"]] == wanted


def test_the_numbers_below_the_map_are_those_of_each_code(run_of):
    run = run_of("multilayer")
    row = re.search(r"Class told by \d+ neighbours \| ([\d.]+) % \| ([\d.]+) %", texts(open_page("latent", run=run.id)))
    images, labels = TEST.images, TEST.labels.numpy()
    pca = Sklearn(64).fit(DATASETS["digits"].load().train.images.flatten(1).numpy())
    found = []
    for z in (run.load()[0].encode(images).numpy(), pca.transform(images.flatten(1).numpy())):
        voters = KNeighborsClassifier(NEIGHBOURS).fit(z[:180], labels[:180])
        found.append(f"{100 * voters.score(z[180:360], labels[180:360]):.1f}")
    assert found == [row[1], row[2]] and found[0] != found[1]


def test_samples_their_neighbours_the_holes_and_the_manifold_are_what_they_are_called(run_of):
    run = run_of("plane")
    model, known = run.load()[0], DATASETS["digits"].load().train.images
    one, same, other = (generation.samples(run, "prior", 20, 1.0, seed) for seed in (1, 1, 2))
    assert one.pictures.equal(same.pictures) and not one.pictures.equal(other.pictures)
    cold = generation.samples(run, "prior", 4, 0.0, 1).pictures
    assert (cold - model.decode(torch.zeros(4, 2))).abs().max() < 1e-5
    distances = torch.cdist(one.pictures.flatten(1), known.flatten(1))
    assert one.nearest.equal(known[distances.argmin(1)])
    assert one.errors.tolist() == pytest.approx(distances.amin(1).square().tolist(), rel=1e-3)
    z = model.encode(TEST.images)
    holes = generation.from_holes(run, 10, 1).pictures
    grid = torch.cartesian_prod(*(torch.linspace(float(z[:, d].min()), float(z[:, d].max()), 80) for d in (0, 1)))
    places = grid[torch.cdist(holes.flatten(1), model.decode(grid).flatten(1)).argmin(1)]
    near = torch.cdist(z, z).fill_diagonal_(torch.inf).amin(1)
    assert torch.cdist(places, z).amin(1).median() > 2 * near.median()
    q = float(norm.ppf(0.5 / 15))
    mosaic = torch.from_numpy(generation.manifold(run, "any", 0, 1))
    for index, code in {0: (q, -q), 14: (-q, -q), 210: (q, q), 224: (-q, q), 112: (0, 0)}.items():
        assert (mosaic[index] - model.decode(torch.tensor([code], dtype=torch.float32))[0]).abs().max() < 1e-4


def test_the_second_strip_of_a_card_is_what_the_run_rebuilds():
    run = Store.default().find("vae-digits")
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))[..., 0]
        for data in re.findall(r"base64,([^\"]+)", family.pictures(run))
    ]
    x = torch.from_numpy(pictures[0][:, 1:9] / 255).float()[None, None]
    assert np.abs(pictures[1][:, 1:9] / 255 - run.load()[0].reconstruct(x)[0, 0].numpy()).max() < 0.02


def test_marks_in_the_address_reach_the_pad_and_bad_ones_are_dropped(run_of):
    run = run_of("plane")
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
    from safetensors.torch import save_file

    from ae_core.datasets import DatasetError, dataset

    run = run_of("plane")
    codes = {"codes": torch.randn(30, 2).half(), "labels": torch.arange(30, dtype=torch.uint8) % 10}
    save_file(codes, run.folder / "codes.safetensors")

    def absent():
        raise DatasetError("Digits are not on this computer.")

    import dataclasses

    monkeypatch.setitem(DATASETS, "digits", dataclasses.replace(dataset("digits"), load=absent))
    app = open_page("latent", run=run.id)
    assert not app.exception
    assert header(app)["labels"]["length"] == 30 and len(header(app)["panels"]) == 1


@pytest.mark.parametrize("name", MODELS)
def test_a_decoder_goes_to_the_browser_only_where_it_says_the_same(trained, name):
    model, _ = trained[name].load()
    layers = dense_decoder(model, torch.randn(4, model.latent))
    codes = torch.randn(8, model.latent)
    if layers is None:
        assert any(isinstance(part, torch.nn.Conv2d) for part in model.modules())
        return
    from ae_core.models.blocks import ACTIVATIONS

    h = codes.double()
    for layer in layers:
        h = h @ layer.weight.double().T + layer.bias.double()
        h = ACTIVATIONS[layer.activation]()(h)
    assert torch.allclose(h.float().clamp(0, 1), model.decode(codes).flatten(1), atol=1e-5)
