"""The ONNX parts of a model give the same numbers as the model."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from small_runs import small_recipe

from ae_core.datasets import DATASETS
from ae_core.export import NEEDED, ExportError, onnx_parts
from ae_core.models import MODELS, build
from ae_core.runs.execution import execute
from ae_core.runs.run import RunError

SHAPES = {"digits": (1, 8, 8), "mnist": (1, 28, 28), "colour": (3, 20, 33)}


def answers(path, x: torch.Tensor) -> np.ndarray:
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install -r requirements-export.txt")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]


@pytest.fixture
def exporter() -> None:
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install -r requirements-export.txt")


@pytest.mark.usefixtures("exporter")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", MODELS)
def test_onnx_gives_what_torch_gives_for_any_number_of_pictures(name, shape, tmp_path):
    model = build(name, shape, {})
    encoder, decoder = onnx_parts(model, tmp_path / "new" / "folder")
    assert sorted(p.name for p in encoder.parent.iterdir()) == ["decoder.onnx", "encoder.onnx"]
    for n in (1, 2, 7):
        x = torch.rand(n, *shape)
        with torch.no_grad():
            code, picture = model.encode(x), model.reconstruct(x)
        assert np.abs(answers(encoder, x) - code.numpy()).max() <= 1e-5
        assert np.abs(answers(decoder, code) - picture.numpy()).max() <= 1e-5
    assert model.training and all(p.requires_grad for p in model.parameters())  # the model given is left as it was


VARIANTS = {
    "linear, tied": ("linear", {"tied": True}),
    "multilayer, normalised": ("multilayer", {"normalise": True, "hidden": (30, 20)}),
    "convolutional, strided": ("convolutional", {"body": "strided", "latent": 7, "hidden": (8, 12)}),
    "sparse, topk": ("sparse", {"penalty": "topk"}),
    "contractive, deep": ("contractive", {"hidden": (20,)}),
    "denoising, conv": ("denoising", {"body": "conv", "hidden": (8,)}),
}


@pytest.mark.usefixtures("exporter")
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 20, 33)], ids=str)
@pytest.mark.parametrize(("name", "knobs"), VARIANTS.values(), ids=VARIANTS)
def test_onnx_gives_what_torch_gives_for_every_kind_of_body(name, knobs, shape, tmp_path):
    model = build(name, shape, knobs)
    x = torch.rand(5, *shape)
    model.losses(x)  # so that running averages are not those of a fresh layer
    encoder, decoder = onnx_parts(model, tmp_path)
    model.eval()
    with torch.no_grad():
        code, picture = model.encode(x), model.reconstruct(x)
    assert np.abs(answers(encoder, x) - code.numpy()).max() <= 1e-5
    assert np.abs(answers(decoder, code) - picture.numpy()).max() <= 1e-5


@pytest.mark.usefixtures("exporter")
def test_a_run_is_exported_with_its_weights(store, tmp_path):
    run = store.create(small_recipe("vae", epochs=1), origin="test")
    with pytest.raises(RunError):
        onnx_parts(run, tmp_path)
    execute(run)
    encoder, _ = onnx_parts(run, tmp_path)
    x = DATASETS["digits"].load().test.images[:20]
    assert np.abs(answers(encoder, x) - run.load()[0].encode(x).numpy()).max() <= 1e-5


def test_without_the_packages_it_says_how_to_install_them(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"onnx and onnxscript.* pip install -r requirements-export\.txt"):
        onnx_parts(build("vanilla", (1, 8, 8), {}), tmp_path / "parts")
    assert not (tmp_path / "parts").exists()
