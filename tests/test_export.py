"""What is taken elsewhere gives the same numbers there: ONNX parts, and the program that trains a run again."""

from __future__ import annotations

import importlib.util
import re
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_runs import small_recipe

from ae_core.datasets import DATASETS
from ae_core.execution import execute
from ae_core.export import NEEDED, TORCHVISION, ExportError, onnx_parts, training_script
from ae_core.models import MODELS, build
from ae_core.recipe import recipe
from ae_core.runs import RunError

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


# --- the program ------------------------------------------------------------------------------------------------------


def loss_of(program: str, folder) -> float:
    """The loss that the program prints, run in `folder`, where ae_core is not to be found."""
    (folder / "train.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-I", "train.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return float(re.search(r"^final test loss (\S+) ", done.stdout, re.MULTILINE)[1])


def final_loss(store, made) -> float:
    run = store.create(made, origin="test")
    status = execute(run)
    assert status.state == "done", status.error
    return status.test["loss"]


RECIPES = {
    "vanilla": ("vanilla", {"seed": 3}, {}),
    "vanilla, cross-entropy": ("vanilla", {"learning_rate": 3e-3}, {"reconstruction": "bce", "activation": "linear"}),
    "multilayer": ("multilayer", {"batch_size": 100}, {"hidden": (24, 12), "activation": "silu"}),
    "multilayer, no hidden layer": ("multilayer", {}, {"hidden": (), "code_activation": "tanh"}),
    "vae": ("vae", {"seed": 2147483647}, {}),
    "vae, small": ("vae", {}, {"hidden": (16,), "activation": "sigmoid"}),
    "vae, fixed deviation": ("vae", {}, {"likelihood": "gaussian", "beta": 0.5, "free_bits": 0.1}),
    "vae, one deviation": ("vae", {}, {"likelihood": "gaussian_scalar", "samples": 3}),
    "vae, deviation of each pixel": ("vae", {}, {"likelihood": "gaussian_pixel", "hidden": (32,)}),
    "vae, several codes": ("vae", {}, {"binarise": True, "samples": 5, "activation": "tanh"}),
}


@pytest.mark.parametrize(("model", "plan", "knobs"), RECIPES.values(), ids=RECIPES)
def test_the_program_ends_with_the_loss_of_the_run(model, plan, knobs, store, tmp_path):
    made = recipe(model, "digits", {"latent": 8, **knobs}, {"epochs": 2, **plan})
    assert loss_of(training_script(made), tmp_path) == pytest.approx(final_loss(store, made), rel=0, abs=1e-6)


@pytest.fixture
def few_mnist(tmp_path, monkeypatch) -> None:
    """Random pictures in the files of MNIST, 300 to learn from and 1200 to judge on: more than one batch of 1000."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    chance = np.random.default_rng(0)
    for part, n in {"train": 300, "t10k": 1200}.items():
        pixels = chance.integers(0, 256, n * 784, dtype=np.uint8).tobytes()
        (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">iiii", 2051, n, 28, 28) + pixels)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">ii", 2049, n) + bytes(n))
    monkeypatch.setenv("AE_DATA", str(tmp_path / "data"))


@pytest.mark.usefixtures("few_mnist")
def test_the_program_reads_mnist_through_torchvision(store, tmp_path):
    made = recipe("vae", "mnist", {"latent": 2, "hidden": (16,)}, {"epochs": 1})
    assert loss_of(training_script(made), tmp_path) == pytest.approx(final_loss(store, made), rel=0, abs=1e-6)


@pytest.mark.parametrize("data", ["digits", *TORCHVISION])
@pytest.mark.parametrize("model", ["vanilla", "multilayer", "vae"])
def test_a_program_is_short_and_stands_alone(model, data):
    program = training_script(recipe(model, data, {}, {}))
    compile(program, "train.py", "exec")
    assert "ae_core" not in program and len(program.splitlines()) < 85
    assert max(map(len, program.splitlines())) <= 200


NOT_WRITTEN = [
    ("vanilla", "shapes", {}),
    ("convolutional", "digits", {}),
    ("linear", "digits", {}),
    ("multilayer", "digits", {"normalise": True}),
]


@pytest.mark.parametrize(("model", "data", "knobs"), NOT_WRITTEN, ids=str)
def test_what_is_not_written_yet_is_refused_in_a_sentence(model, data, knobs):
    with pytest.raises(ExportError, match="is not written yet: choose a run"):
        training_script(recipe(model, data, knobs, {}))
