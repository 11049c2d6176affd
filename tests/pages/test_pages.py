"""Every page, run without a browser: what it shows first, and what it says to a bad address."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
import torch
from app_page import BARE, components, open_page, words
from packed import unpacked
from PIL import Image
from skimage.metrics import structural_similarity
from sklearn.decomposition import PCA as Sklearn
from streamlit.navigation.page import Page
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from ae_core.models import MODELS, idea
from ae_core.runs.opened import opened
from ae_core.runs.store import ROOT, Store
from ui.results import networks
from ui.sections.start import family, figure
from ui.sections.start.family import showcase

PAGES = ("start", "train", "reconstruct", "denoise", "latent", "generate", "compare", "runs")


@pytest.fixture
def finished(run_of):
    """A short finished run in the runs folder that the pages read."""
    return run_of("vae", latent=2)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_with_a_finished_example_and_no_error(name):
    app = open_page(name)
    assert not app.exception
    assert not app.error
    assert app.title[0].value
    shown = f"{words(app)} {app.selectbox} {app.multiselect}"
    assert any(run.id in shown for run in Store.default().listing() if run.pretrained)


def figure_of(app):
    """What the living figure of Start was sent."""
    (sent,) = components(app, "autoencoder")
    return unpacked(sent.bytes)


def test_the_figure_of_start_has_the_codes_of_the_test_pictures_and_the_addresses_of_its_network():
    data, run = figure_of(open_page("start")), opened(Store.default().find("multilayer-handwriting-2d"))
    test = run.data.load().test
    assert [data["encoder"], data["decoder"]] == [networks.address(run, "encoder"), networks.address(run)]
    assert data["map"]["labels"].tolist() == test.labels.tolist()
    points, codes = data["map"]["points"].reshape(-1, 2), run.model.encode(test.images[:]).detach().numpy()
    assert np.abs(points - codes).max() < 2e-3 * np.abs(codes).max()  # kept in 16 bits
    pictures = data["pictures"].reshape(-1, 784) / 255
    assert data["names"] == list("0123456789")
    for name, picture in zip(data["names"], pictures, strict=True):
        shown = np.abs(test.images[:].flatten(1).numpy() - picture).max(1) < 1e-6
        assert test.labels[shown].tolist() == [int(name)]


def test_the_address_says_which_network_the_figure_shows():
    app = open_page("start", code="8", network="variational")
    data, run = figure_of(app), opened(Store.default().find("vae-handwriting-8d"))
    assert data["encoder"] == networks.address(run, "encoder") and data["size"] == 8 and data["map"] is None
    low, high = data["reach"]
    codes = run.model.encode(run.data.load().test.images[:])
    assert low <= 0 <= high and ((codes >= low) & (codes <= high)).float().mean() > 0.98
    assert f"run {run.id} " in words(app)
    app.segmented_control(key="code").set_value("2").run()
    assert "vae-handwriting-2d" in figure_of(app)["encoder"] and dict(app.query_params) == {"network": "variational"}
    app = open_page("start", code="9")
    assert figure_of(app)["size"] == 2 and len(app.toast) == 1


def test_a_network_that_is_not_here_is_no_choice_and_without_any_the_page_says_so(monkeypatch):
    monkeypatch.setattr(figure, "MODELS", {"plain": "nobody", "variational": "vae"})
    app = open_page("start")
    assert [control.key for control in app.segmented_control] == ["code"]
    assert "vae-handwriting-2d" in figure_of(app)["encoder"]
    monkeypatch.setattr(figure, "DATA", "nothing")
    app = open_page("start")
    assert "networks that are shown here are missing" in app.info[0].value and not components(app, "autoencoder")
    assert len(app.get("page_link")) == 3


def test_an_unknown_run_is_explained_and_another_one_shown():
    app = open_page("reconstruct", run="vanilla-digits-gone")
    assert "there is no such run" in app.warning[0].value
    assert "vanilla-digits" in words(app)


@pytest.mark.parametrize("name", ["reconstruct", "latent", "generate", "train"])
def test_why_another_run_is_shown_stays_until_one_is_chosen(finished, name):
    """A page is drawn anew a moment later, where a computation has come in: the sentence was gone with that."""

    def said():
        return [warning.value for warning in app.warning if "there is no such run" in warning.value]

    app = open_page(name, run="vanilla-digits-gone")
    for _ in range(2):
        app.run()
        assert len(said()) == 1
    if name == "train":
        app.query_params["run"] = finished.id
        app.run()
    else:
        app.selectbox(key="run").select(finished.id).run()
    assert not app.exception and not said()


def test_a_run_in_the_address_is_opened(finished):
    app = open_page("reconstruct", run=finished.id)
    assert not app.exception
    assert app.selectbox(key="run").value == finished.id
    assert finished.id in words(app)


@pytest.mark.parametrize("how", ["class", "worst", "random"])
def test_pictures_can_be_chosen_in_three_ways(finished, how):
    app = open_page("reconstruct", run=finished.id, show=how)
    assert not app.exception
    assert app.session_state["show"] == how
    assert words(app).count('class="ae-row') >= 7


def test_the_worst_pictures_are_the_worst(finished):
    model, _ = finished.load()
    test = finished.recipe().data.load().test
    errors = (model.reconstruct(test.images[:]) - test.images[:]).square().flatten(1).sum(1)
    worst = f"{test.labels[errors.argmax()].item()} · {errors.max().item():.2f}"
    assert worst in words(open_page("reconstruct", run=finished.id, show="worst"))


def test_the_errors_on_screen_are_those_of_the_model_and_of_pca(finished):
    model, _ = finished.load()
    data = finished.recipe().data.load()
    ours = (model.reconstruct(data.test.images[:]) - data.test.images[:]).square().mean().item()
    rows = data.train.images[:].flatten(1).numpy()
    pca, test = Sklearn(2).fit(rows), data.test.images[:].flatten(1).numpy()
    theirs = ((pca.inverse_transform(pca.transform(test)).clip(0, 1) - test) ** 2).mean()  # cut, as networks are
    mean = ((rows.mean(0) - test) ** 2).mean()
    app = open_page("reconstruct", run=finished.id)
    assert {metric.label: metric.value for metric in app.metric}["Mean squared error per pixel"] == f"{ours:.4f}"
    found = {
        row[0]: row[1:]
        for row in re.findall("".join([r'<th scope="row">(.+?)</th>', "<td>(.+?)</td>" * 3]), words(app))
    }
    for name, error in {"Autoencoder": ours, "PCA, 2 numbers": theirs, "Mean picture": mean}.items():
        assert found[name][:2] == (f"{error:.4f}", f"{-10 * np.log10(error):.1f} dB")
    assert found["Autoencoder"][2] == f"{finished.status().test['ssim']:.2f}"
    average = rows.mean(0).reshape(8, 8)
    similar = [structural_similarity(x.reshape(8, 8), average, data_range=1.0) for x in test]
    assert found["Mean picture"][2] == f"{np.mean(similar):.2f}"


def test_knobs_in_the_address_reach_the_widgets_and_untouched_ones_follow_the_model():
    app = open_page("train", model="vae", dataset="shapes", latent="3")
    assert app.select_slider(key="latent").value == 3
    assert app.text_input(key="hidden").value == "400"
    app.selectbox(key="model").select("multilayer").run()
    assert app.select_slider(key="latent").value == 3  # touched: kept
    assert app.text_input(key="hidden").value == "128"  # untouched: the new model's own
    assert dict(app.query_params) == {"model": "multilayer", "dataset": "shapes", "latent": "3"}


def test_the_switches_of_a_model_are_kept_in_the_address_and_read_from_it():
    app = open_page("train", model="linear", tied="True")
    assert not app.exception and app.toggle(key="tied").value is True
    app.selectbox(key="start").select("pca").run()
    assert app.toggle(key="tied").value is True
    assert dict(app.query_params) == {"model": "linear", "dataset": "handwriting", "tied": "True", "start": "pca"}
    app.toggle(key="tied").set_value(False).run()
    assert not app.exception and dict(app.query_params) == {"model": "linear", "dataset": "handwriting", "start": "pca"}


def test_a_knob_is_shown_only_where_it_matters():
    app = open_page("train", model="vae", deviation="0.5")
    assert "deviation" not in [slider.key for slider in app.select_slider] and "deviation" not in app.query_params
    app.selectbox(key="likelihood").select("gaussian").run()
    app.select_slider(key="deviation").set_value(0.2).run()
    assert app.query_params["deviation"] in ("0.2", ["0.2"])
    app.selectbox(key="likelihood").select("bernoulli").run()
    assert "deviation" not in [slider.key for slider in app.select_slider] and "deviation" not in app.query_params
    assert not app.exception and not app.error


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_chosen_with_its_defaults(model):
    app = open_page("train", model=model)
    assert not app.error
    assert idea(model) in words(app)


def test_a_bad_list_of_widths_is_answered_with_one_sentence():
    app = open_page("train", model="vae")
    app.text_input(key="hidden").set_value("12, many").run()
    assert not app.exception
    assert "hidden" in app.error[0].value and "must be" in app.error[0].value


def test_without_a_server_the_train_page_says_how_to_get_one():
    app = open_page("train")
    assert "streamlit run app.py" in app.warning[0].value
    assert app.button[0].disabled


def test_a_data_set_that_is_absent_is_offered_not_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("AE_DATA", str(tmp_path / "nothing"))
    app = open_page("train", dataset="kmnist")
    assert not app.exception
    assert "not on this computer yet" in app.info[0].value
    assert not (tmp_path / "nothing").exists()


def test_a_card_of_the_family_shows_the_pictures_of_its_shipped_run():
    app = open_page("start")
    shown = words(app)
    assert shown.count("ae-neck") == len(MODELS)
    shipped = {run.recipe().model for run in Store.default().listing() if run.pretrained}
    assert shown.count("ae-strip") == len(shipped) and f"run vae-{showcase().name} " in shown


def test_the_second_strip_of_a_card_is_what_the_run_rebuilds():
    run = Store.default().find("vae-digits")
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))[..., 0]
        for data in re.findall(r"base64,([^\"]+)", family.pictures(run))
    ]
    x = torch.from_numpy(pictures[0][:, 1:9] / 255).float()[None, None]
    assert np.abs(pictures[1][:, 1:9] / 255 - run.load()[0].reconstruct(x)[0, 0].numpy()).max() < 0.02


TOY = """
from ae_core.datasets import DATASETS
DATASETS["mnist"].load()
"""


def test_a_page_that_thinks_of_nothing_says_that_its_pictures_are_absent_and_offers_a_way_on(tmp_path, monkeypatch):
    monkeypatch.setenv("AE_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(Page, "run", BARE)
    begin = PagesManager.__init__

    def begun(self, *given, **named):
        PagesManager.uses_pages_directory = False  # as the server says, or the page would be run without app.py
        begin(self, *given, **named)

    monkeypatch.setattr(PagesManager, "__init__", begun)
    shutil.copytree(ROOT / "pages", tmp_path / "pages")
    (tmp_path / "pages" / "toy.py").write_text(TOY)
    script = (ROOT / "app.py").read_text().replace('"start": ("Start", "")', '"toy": ("Toy", "")')
    (tmp_path / "app.py").write_text(script)
    app = AppTest.from_file(str(tmp_path / "app.py"), default_timeout=60).run()
    assert not app.exception
    (error,) = app.error
    assert "MNIST" in error.value and "download" in error.value
    assert [link.proto.label for link in app.get("page_link")] == ["Train a model"]
