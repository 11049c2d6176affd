"""Denoise, and the sections of Reconstruct, run without a browser: real numbers, every model, bad addresses."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from app_page import open_page, words
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ae_core.baselines import FILTERS
from ae_core.corruption import repeatable
from ae_core.datasets import DATASETS
from ae_core.datasets.choosing import one_of_each
from ae_core.measures.metrics import psnr, squared_errors
from ae_core.measures.restoration import LEVELS, Curve, by_filter, by_model, sweep
from ae_core.runs.store import Store
from ui.controls.sketching import written
from ui.sections.denoise import methods

TEST = DATASETS["digits"].load().test
DRAWN = written(TEST.images[7, 0].numpy())


# --- Denoise ----------------------------------------------------------------------------------------------------------


def test_without_a_denoising_run_the_page_says_so_and_offers_to_train_one():
    app = open_page("denoise", dataset="shapes")
    assert "No denoising autoencoder has been trained on Shapes" in words(app)
    assert "Non-local means" in words(app) and "PSNR" in words(app)


def test_kind_and_level_start_where_the_network_was_trained(run_of):
    run_of("denoising", corruption="masking", level=0.3)
    app = open_page("denoise", dataset="digits")
    assert app.session_state["kind"] == "masking" and app.session_state["level"] == "0.3"
    assert "No denoising autoencoder" not in words(app)
    assert '"trained at 0.3"' in app.get("plotly_chart")[0].proto.spec


def test_the_numbers_under_the_pictures_are_those_of_the_pictures(run_of):
    run = run_of("denoising")
    app = open_page("denoise", level="0.4", picture="3", draw="2", runs=run.id)
    index = one_of_each(TEST.labels, 50)[2]
    clean = TEST.images[index : index + 1]
    damaged = repeatable(clean, "gaussian", 0.4, seed=2)
    output = run.load()[0].reconstruct(damaged)
    for picture in (damaged, output):
        expected = psnr(float(squared_errors(clean, picture)[0]) / 64)
        assert f"PSNR {expected:.1f} dB" in words(app)
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', words(app))
    third = torch.tensor(np.asarray(Image.open(io.BytesIO(base64.b64decode(sources[2])))).astype(float))
    assert (third - (output[0, 0] * 255)).abs().max() <= 0.51


def test_while_the_side_process_measures_there_are_pictures_and_then_curves(run_of, side, monkeypatch):
    run_of("denoising")
    monkeypatch.setattr(side, "ready", lambda what: side.done or what.look.name.endswith(".pca"))
    app = open_page("denoise", dataset="digits", kind="masking")
    assert "being tuned …" in words(app) and "Cleaned by Denoising" in words(app) and not app.error
    assert "Still measuring" in words(app) and not app.get("progress")
    asked = [what.arguments["who"] for what in side.asked]
    assert {who if isinstance(who, str) else "model" for who in asked} == {"model", "pca", *FILTERS}
    side.done = True
    app.run()
    assert "being tuned" not in words(app) and "Still measuring" not in words(app) and "…</td>" not in words(app)


def test_the_curves_are_those_of_the_network_on_screen(run_of):
    run = run_of("denoising")
    app = open_page("denoise", runs=run.id)
    wanted = sweep(by_model("x", "X", run.load()[0]), DATASETS["digits"], "gaussian")
    cells = re.findall(r"<td[^>]*>([^<]+)</td>", words(app)[words(app).index("PSNR in dB at level") :])
    assert cells[: len(LEVELS)] == [f"{wanted.psnr[level]:.1f}" for level in LEVELS]


@pytest.mark.parametrize("source", ["test", "drawing", "upload"])
@pytest.mark.parametrize("applied", ["once", "hundred"])
@pytest.mark.parametrize("kind", ["gaussian", "block"])
def test_every_source_kind_and_way_opens(source, applied, kind):
    app = open_page("denoise", source=source, applied=applied, kind=kind, drawn=DRAWN)
    assert not app.error
    assert app.session_state["source"] == source and app.session_state["applied"] == applied


# --- the sections of Reconstruct --------------------------------------------------------------------------------------


def test_a_drawing_in_the_address_is_rebuilt_by_up_to_four_networks(run_of):
    chosen = [run_of(name) for name in ("vanilla", "vae")]
    app = open_page(
        "reconstruct", run=chosen[0].id, section="drawing", drawn=DRAWN, **{"with": ",".join(run.id for run in chosen)}
    )
    x = (TEST.images[7:8] * 15).round() / 15
    for run in chosen:
        error = float(squared_errors(x, run.load()[0].reconstruct(x))[0])
        assert f"squared error {error:.2f}" in words(app)
    train = DATASETS["digits"].load().train
    near = torch.cdist(x.flatten(1), train.images[:1000].flatten(1))[0].argsort()[:5]
    assert f"nearest by pixels: {', '.join(str(label) for label in train.labels[near].tolist())}" in words(app)
    code, codes = (chosen[0].load()[0].encode(images) for images in (x, train.images[:1000]))
    near = torch.cdist(code, codes)[0].argsort()[:5]
    assert f"nearest by code: {', '.join(str(label) for label in train.labels[near].tolist())}" in words(app)


def test_what_the_pad_sends_is_what_the_networks_see():
    app = open_page("reconstruct", run="vanilla-digits", section="drawing")
    ink = torch.zeros(112, 112)
    ink[20:90, 50:60] = 1
    values = (ink * 255).to(torch.uint8).flatten().tolist()
    runs = base64.b64encode(bytes(b for value in values for b in (1, value))).decode()
    app.session_state["sketch_digits_00000000"] = {
        "drawing": {"size": [112, 112], "ink": runs, "origin": "drawing", "picture": -1, "done": True}
    }
    app.run()
    assert not app.exception
    x = DATASETS["digits"].frame(ink)
    assert app.query_params["drawn"] in (written(x[0, 0].numpy()), [written(x[0, 0].numpy())])
    model = Store.default().find("vanilla-digits").load()[0]
    assert f"squared error {float(squared_errors(x, model.reconstruct(x))[0]):.2f}" in words(app)


def test_an_empty_sheet_asks_for_a_drawing():
    assert "Draw something" in words(open_page("reconstruct", section="drawing"))


def test_code_sizes_are_those_of_the_finished_runs_of_the_same_kind(run_of):
    runs = [run_of("vanilla", latent=size) for size in (2, 8)]
    run_of("vae", latent=4)
    app = open_page("reconstruct", run=runs[0].id, section="sizes")
    table = words(app).split("numbers in the code", 1)[1]
    for run in runs:
        assert run.id in table and f"{run.status().test['mse']:.4f}" in table
    assert "vae-" not in table


def test_pictures_of_another_data_set_are_resized_and_measured(run_of):
    run = run_of("vanilla")
    app = open_page("reconstruct", run=run.id, section="foreign", other="shapes")
    shapes = DATASETS["shapes"].load().test.images[:500]
    small = torch.nn.functional.avg_pool2d(shapes, 4)
    error = squared_errors(small, run.load()[0].reconstruct(small)).mean() / 64
    assert f"{error:.4f}" in [metric.value for metric in app.metric]


def test_the_way_through_the_layers_has_every_layer_once(run_of):
    text = words(open_page("reconstruct", run=run_of("multilayer").id, section="path"))
    from ae_core.space.layers import layer_names

    names = layer_names(run_of("multilayer").load()[0])
    captions = re.findall(r"<figcaption>([^<]+)</figcaption>", text)
    assert captions == ["input", *names, "output"]


def test_under_each_picture_stand_its_own_psnr_and_ssim_as_scikit_image_finds_them():
    clean = DATASETS["digits"].load().test.images[:1]
    damaged = repeatable(clean, "gaussian", 0.3)
    filters = [by_filter(name, name, chosen) for name, chosen in FILTERS.items()]
    curve = Curve({0.3: 1.0}, {})
    shown = [methods.Candidate(method.name, method, "#000000", curve) for method in filters]
    _, *found = methods.once(clean, damaged, 0.3, shown, "")
    outputs = {"Damaged": damaged, **{method.title: method.apply(damaged, 1.0) for method in filters}}
    assert [tile.label for tile in found] == list(outputs)
    for tile, output in zip(found, outputs.values(), strict=True):
        x, y = (picture[0, 0].numpy() for picture in (clean, output))
        psnr, ssim = peak_signal_noise_ratio(x, y, data_range=1), structural_similarity(x, y, data_range=1)
        assert tile.lines[:2] == [f"PSNR {psnr:.1f} dB", f"SSIM {ssim:.2f}"]
    assert len({tuple(tile.lines[:2]) for tile in found}) > 2  # they differ, so an exchange would be seen
