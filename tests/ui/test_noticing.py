"""What to notice never contradicts the numbers beside it: which sentence comes when, and that the pages ask for it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from app_page import open_page, words

from ae_core.baselines import PCA
from ae_core.datasets import DATASETS, Images, Split
from ae_core.looks.baseline import pca_by_size, pca_errors, pca_size
from ae_core.runs.execution import MONITORED
from ae_core.runs.recipe import recipe
from ui.figures import noticing
from ui.sections.train.curves import pca_line

COLLAPSED = {"epochs": 5, "latent": 2, "beta": 100.0}
TEST = DATASETS["digits"].load().test.images[:]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((0.0755, 0.0500, 0.0740), "no better than the mean picture (0.0755 against 0.0740)"),
        ((0.0739, 0.0500, 0.0740), "no better than the mean picture"),
        ((0.0600, 0.0500, 0.0740), "is better here (0.0500 against 0.0600)"),
        ((0.0501, 0.0500, 0.0740), "as good as PCA"),
        ((0.0300, 0.0500, 0.0740), "has earned its place"),
    ],
)
def test_the_sentence_about_reconstructions_is_that_of_their_errors(numbers, said):
    sentences = ["no better than the mean", "is better here", "as good as PCA", "has earned its place"]
    text = noticing.of_reconstructions(*numbers)
    assert said in text and sum(sentence in text for sentence in sentences) == 1


def test_a_collapsed_code_is_called_so_on_reconstruct_and_on_generate(run_of):
    run = run_of("vae", **COLLAPSED)
    assert run.status().test["mse"] > 0.98 * float(pca_errors(DATASETS["digits"], 0).mean()) / 64
    text = words(open_page("reconstruct", run=run.id))
    assert "no better than the mean picture" in text and "earned its place" not in text
    for section in ("samples", "manifold", "numbers", "prior"):
        text = words(open_page("generate", run=run.id, section=section))
        assert "Every number of this code is <strong>dead" in text or "Every number of this code is **dead" in text, (
            section
        )
        assert "most samples look like something" not in text and "border on each other" not in text


def test_a_linear_net_that_starts_as_pca_is_as_good_as_pca_on_screen(run_of):
    run = run_of("linear", start="pca", epochs=1, latent=8)
    app = open_page("reconstruct", run=run.id)
    (metric,) = [one for one in app.metric if one.label == "Mean squared error per pixel"]
    assert metric.delta == "as PCA" and "as good as PCA" in words(app)


def test_an_error_below_that_of_pca_is_an_arrow_down_in_green(run_of):
    app = open_page("reconstruct")  # the shipped example
    (metric,) = [one for one in app.metric if one.label == "Mean squared error per pixel"]
    assert re.fullmatch(r"-\d+ % against PCA", metric.delta), "Streamlit looks for the minus at its beginning"
    assert metric.proto.direction == metric.proto.DOWN and metric.proto.color == metric.proto.GREEN


def test_of_few_pictures_pca_has_no_more_components_than_there_are_pictures():
    data = DATASETS["digits"]
    few = Images(data.load().train.images[:48], data.load().train.labels[:48])
    small = replace(data, load=lambda: Split(few, data.load().test))
    assert [pca_size(small, latent) for latent in (2, 48, 64, 256)] == [2, 48, 48, 48]
    assert pca_size(data, 256) == 64


def test_a_test_loss_that_rises_is_said_to_rise():
    def lines(*losses):
        return [{"step": 10 * k, "train": {"a": 1.0}, "test": {"a": loss}} for k, loss in enumerate(losses)]

    assert "lowest after 2 epochs" in noticing.of_training(lines(9.0, 5.0, 3.0, 4.0), 10)
    assert "has risen" not in noticing.of_training(lines(9.0, 5.0, 3.0, 3.1), 10)
    assert "has risen" not in noticing.of_training(lines(9.0, 5.0, 3.0), 10)
    assert "by heart" in noticing.of_training([], 1.0)


def test_strange_pictures_that_are_rebuilt_better_are_not_called_found():
    assert "no larger" in noticing.of_foreign(2.0, 1.0) and "do not belong" not in noticing.of_foreign(2.0, 1.0)
    assert "does not belong" in noticing.of_foreign(1.0, 2.0)


def test_the_best_at_cleaning_is_named_from_the_curves_and_only_once_all_are_measured():
    networks, others = {"net": {0.5: 12.0}}, {"PCA": {0.5: 15.0}, "Median": {0.5: 10.0}}
    assert noticing.of_damage(networks, others, 0.5).startswith(
        "At level 0.5 PCA (15.0 dB) is better than every network"
    )
    assert noticing.of_damage({"net": {0.5: 16.0}}, others, 0.5).startswith(
        "At level 0.5 net is best (16.0 dB; PCA: 15.0"
    )
    assert noticing.of_damage(networks, {**others, "Slow": {}}, 0.5) == noticing.of_damage({}, others, 0.5) == ""


def test_pca_stands_in_the_curve_where_the_loss_is_a_squared_error_and_not_elsewhere(run_of):
    fitted, x = PCA.fit(DATASETS["digits"].load().train.images), TEST[:MONITORED]
    name, value = pca_line(run_of("vanilla", latent=8).recipe())
    assert name == "PCA, 8 numbers"
    assert value == pytest.approx((fitted.reconstruct(x, 8) - x).square().sum().item() / len(x), rel=1e-5)
    linear = run_of("linear", start="pca", epochs=1, latent=8)
    at_start = linear.metrics()[0]["test"]["reconstruction"]  # of a linear net neither is cut
    assert pca_line(linear.recipe())[1] == pytest.approx(at_start, rel=1e-4)
    for name, knobs in (("vae", {}), ("vanilla", {"reconstruction": "bce"}), ("denoising", {"reconstruction": "mse"})):
        assert pca_line(run_of(name, **knobs).recipe()) is None
    whole = recipe("linear", "digits", {"latent": 64}, {})  # as many numbers as pixels: PCA leaves nothing
    assert pca_line(whole) is None
    text = words(open_page("train", run=linear.id))
    assert "dashed: PCA with a code of this size" in text


def test_the_line_of_pca_against_the_size_of_the_code_is_cut_like_the_networks():
    sizes, errors = pca_by_size(DATASETS["digits"], 40)
    fitted = PCA.fit(DATASETS["digits"].load().train.images)
    assert sizes[0] == 1 and sizes[-1] == 40 and (np.diff(sizes) > 0).all()
    for size, error in list(zip(sizes.tolist(), errors, strict=True))[::7]:
        assert error == pytest.approx((fitted.reconstruct(TEST, size) - TEST).square().mean().item(), rel=1e-3)
