"""The full report: what it holds, and that its numbers are those of the parts."""

from __future__ import annotations

import pytest
import torch

from ae_core.baselines import PCA
from ae_core.datasets import DATASETS, Images, Split
from ae_core.measures import report
from ae_core.measures.metrics import codes, psnr
from ae_core.measures.report import GROUPS, as_text, full_report, unit
from ae_core.measures.representation import knn_accuracy
from ae_core.measures.table import evaluate
from ae_core.models import MODELS, build


@pytest.fixture(scope="module")
def split() -> Split:
    whole = DATASETS["digits"].load()
    return Split(Images(whole.train.images[:200], whole.train.labels[:200]), Images(*_first(whole.test, 90)))


def _first(part: Images, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    return part.images[:n], part.labels[:n]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_measured_in_every_group_and_the_numbers_have_units(name, split):
    torch.manual_seed(0)
    model = build(name, (1, 8, 8), {"latent": 16})
    found = full_report(model, split)
    assert list(found) == list(GROUPS)
    values = [value for numbers in found.values() for value in numbers.values()]
    assert all(isinstance(value, float | int) and value == value for value in values)
    text = as_text(found, model)
    assert len(text.splitlines()) == len(values) + len(found)
    for number in [number for numbers in found.values() for number in numbers]:
        own = number in (*model.losses(split.test.images[:]), "loss")
        assert (unit(number, model) == f"{model.unit}, per image") == own


def test_the_numbers_are_those_of_the_parts_and_the_same_every_time(split):
    torch.manual_seed(0)
    model = build("vanilla", (1, 8, 8), {"latent": 8})
    found = full_report(model, split)
    torch.rand(3)
    assert full_report(model, split) == found
    assert evaluate(model, split.test.images).items() <= found["reconstruction"].items()
    pca = PCA.fit(split.train.images)
    error = (pca.reconstruct(split.test.images[:], 8) - split.test.images[:]).square().mean().item()
    assert found["baselines"]["pca_mse"] == pytest.approx(error, rel=1e-5)
    assert found["baselines"]["pca_psnr"] == pytest.approx(psnr(error), rel=1e-5)
    labels = split.train.labels, split.test.labels
    ours = knn_accuracy(codes(model, split.train.images), labels[0], codes(model, split.test.images), labels[1])
    assert found["code"]["knn_accuracy"] == ours
    theirs = knn_accuracy(pca.codes(split.train.images, 8), labels[0], pca.codes(split.test.images, 8), labels[1])
    assert found["code"]["pca_knn_accuracy"] == theirs


def test_on_noisy_pictures_the_methods_that_know_more_do_better(split):
    found = GROUPS["denoising"](build("vanilla", (1, 8, 8), {}), split, PCA.fit(split.train.images))
    assert found["noisy_psnr"] < found["gaussian_psnr"] < found["pca_psnr"] < found["wiener_psnr"]


def test_a_group_can_be_added(split, monkeypatch):
    monkeypatch.setitem(report.GROUPS, "more", lambda model, split, pca: {"latent_mse": float(model.latent)})
    model = build("vanilla", (1, 8, 8), {"latent": 8})
    found = full_report(model, split)
    assert found["more"] == {"latent_mse": 8.0}
    assert "more\n  latent_mse" in as_text(found, model)
