"""The program that trains a run again needs nothing of the project and ends with the loss of the run."""

from __future__ import annotations

import ast
import inspect
import json
import runpy
import struct
import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from programs import loss_alone, loss_in, said

from ae_core.datasets import DATASETS
from ae_core.export import ExportError, reachable, script, training_script
from ae_core.knobs import declared
from ae_core.measures.metrics import loss_terms
from ae_core.models import MODELS
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe
from ae_core.training.loop import Plan, new_optimiser, train

SMALL = {name: {"latent": 8, "hidden": (16,)} for name in ("multilayer", "denoising", "vae", "structured_vae")} | {
    "linear": {"latent": 8}, "vanilla": {"latent": 8}, "contractive": {"latent": 8},
    "sparse": {"latent": 16}, "convolutional": {"latent": 16, "hidden": (4,)},
}  # fmt: skip
VARIANTS = {
    **{name: (name, {}, {}) for name in MODELS},
    "linear, tied, from PCA": ("linear", {"tied": True, "start": "pca"}, {"seed": 3}),
    "linear, from PCA": ("linear", {"start": "pca"}, {}),
    "vanilla, cross-entropy": ("vanilla", {"reconstruction": "bce", "activation": "linear"}, {}),
    "vanilla, tied": ("vanilla", {"tied": True}, {}),
    "multilayer, normalised": ("multilayer", {"normalise": True, "hidden": (20, 12)}, {"batch_size": 479}),  # 3 x 479 = n
    "multilayer, no hidden layer": ("multilayer", {"hidden": (), "code_activation": "tanh"}, {}),
    "convolutional, strided": ("convolutional", {"body": "strided", "latent": 7, "hidden": (4, 6)}, {}),
    "sparse, kl": ("sparse", {"penalty": "kl"}, {}),
    "sparse, topk": ("sparse", {"penalty": "topk", "active": 3}, {}),
    "denoising, conv": ("denoising", {"body": "conv", "latent": 16, "hidden": (4,), "corruption": "block"}, {}),
    "denoising, map of 2x2": ("denoising", {"body": "conv", "latent": 8, "hidden": (4,), "map_side": 2}, {}),
    "denoising, tied": ("denoising", {"tied": True}, {}),
    "denoising, salt": ("denoising", {"corruption": "salt_and_pepper"}, {}),
    "contractive, deep": ("contractive", {"hidden": (12,), "higher_order": 1.0, "activation": "tanh"}, {}),
    "vae, fixed deviation": ("vae", {"likelihood": "gaussian", "beta": 0.5, "free_bits": 0.1}, {}),
    "vae, one deviation": ("vae", {"likelihood": "gaussian_scalar", "samples": 3}, {}),
    "vae, deviation of each pixel": ("vae", {"likelihood": "gaussian_pixel"}, {}),
    "vae, several codes": ("vae", {"binarise": True, "samples": 5, "activation": "silu"}, {"seed": 2147483647}),
    "structured vae, mean only": ("structured_vae", {"mean_share": 1.0, "neighbourhood": "1x1"}, {}),
    "structured vae, errors only": ("structured_vae", {"mean_share": 0.0, "neighbourhood": "3x3", "channels": 4}, {}),
}  # fmt: skip
PLANS = {
    "adamw, one cycle": {"optimiser": "adamw", "schedule": "one_cycle", "weight_decay": 0.3, "learning_rate": 0.01},
    "rmsprop": {"optimiser": "rmsprop", "epochs": 1},
    "adadelta, mean": {"optimiser": "adadelta", "minimised": "mean", "learning_rate": 1.0, "epochs": 1},
    "adadelta, cosine": {"optimiser": "adadelta", "schedule": "cosine", "learning_rate": 1.0},
    "bfloat16": {"precision": "bfloat16"},
    "auto": {"precision": "auto", "batch_size": 1437},
}
RECIPES = {
    name: recipe(model, "digits", {**SMALL.get(model, {"latent": 8}), **knobs}, {"epochs": 2, **plan})
    for name, (model, knobs, plan) in VARIANTS.items()
} | {name: recipe("vae", "digits", SMALL["vae"], {"epochs": 2, **plan}) for name, plan in PLANS.items()}
RECIPES["shapes"] = recipe(
    "convolutional", "shapes", {"latent": 16, "hidden": (2,)}, {"epochs": 1, "batch_size": 1000}
)  # both files have a SIDE, the data set has a SEED
RECIPES["handwriting"] = recipe("vanilla", "handwriting", {"latent": 8}, {"epochs": 1})

ALL_IN_ONE_PROCESS = """
import contextlib, io, json, pathlib, runpy, sys
said = {}
for path in sorted(pathlib.Path().glob("*.py")):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(path), run_name="__main__")
    said[path.stem] = out.getvalue()
assert "ae_core" not in sys.modules
print(json.dumps(said))
"""


def trained_loss(made) -> float:
    """The final test loss of a run of this recipe, trained without a folder."""
    model, plan, split = made.new_model(), made.training_plan(), made.data.load()
    for _ in train(model, new_optimiser(model, plan), split.train.images, plan):
        pass
    return sum(loss_terms(model, split.test.images).values())


def final_loss(store, made) -> float:
    status = execute(store.create(made, origin="test"))
    assert status.state == "done", status.error
    return status.test["loss"]


@pytest.fixture(scope="module")
def losses(tmp_path_factory) -> dict[str, float]:
    """What all programs end with. One process runs them, because to import torch takes longer than to train."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for number, made in enumerate(RECIPES.values()):
        (folder / f"{number:02d}.py").write_text(training_script(made), encoding="utf-8")
    printed = json.loads(said(["-c", ALL_IN_ONE_PROCESS], folder))
    return {name: loss_in(printed[f"{number:02d}"]) for number, name in enumerate(RECIPES)}


def test_a_data_set_without_lines_of_its_own_is_read_by_its_function(monkeypatch, tmp_path):
    monkeypatch.setitem(DATASETS, "digits", replace(DATASETS["digits"], program=None))
    data, _, _ = training_script(RECIPES["vanilla"]).partition("torch.manual_seed(SEED)")
    (tmp_path / "data.py").write_text(data, encoding="utf-8")
    found, split = runpy.run_path(str(tmp_path / "data.py")), DATASETS["digits"].load()
    assert found["train"].equal(split.train.images[:]) and found["test"].equal(split.test.images[:])


@pytest.mark.parametrize("name", RECIPES)
def test_the_program_ends_with_the_loss_of_the_run(name, losses):
    assert losses[name] == pytest.approx(trained_loss(RECIPES[name]), rel=1e-6, abs=0)


def test_every_choice_of_a_model_and_of_a_plan_is_among_them():
    """What is compared above leaves out no model, no kind of one, no optimiser, schedule or precision."""
    for knob in [k for k in declared(Plan).values() if k.knob.choices]:
        assert {made.plan[knob.name] for made in RECIPES.values()} == set(knob.knob.choices)
    for model, names in {
        "vae": ["likelihood"],
        "sparse": ["penalty"],
        "denoising": ["body"],
        "linear": ["start"],
    }.items():
        for name in names:
            tried = {made.knobs[name] for made in RECIPES.values() if made.model == model}
            assert tried == set(declared(MODELS[model])[name].knob.choices)


# --- data sets that are downloaded ------------------------------------------------------------------------------------


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
    assert loss_alone(made, tmp_path) == pytest.approx(final_loss(store, made), rel=1e-6, abs=0)


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_the_program_trains_on_all_of_mnist(store, tmp_path):
    from ae_core.datasets.mnist import data_folder

    (tmp_path / "data").symlink_to(data_folder(), target_is_directory=True)
    made = recipe("structured_vae", "mnist", {"latent": 4, "hidden": (32,), "channels": 4}, {"epochs": 1})
    assert loss_alone(made, tmp_path) == pytest.approx(final_loss(store, made), rel=1e-6, abs=0)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["structured_vae", "denoising", "linear"])
def test_the_program_trains_on_shapes(model, store, tmp_path):
    made = recipe(model, "shapes", SMALL.get(model, {"latent": 8}), {"epochs": 1})
    assert loss_alone(made, tmp_path) == pytest.approx(final_loss(store, made), rel=1e-6, abs=0)


# --- what the text is like --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs() -> dict[str, str]:
    """Every model and every data set, and every recipe above."""
    pairs = [*product(MODELS, ("digits", "shapes", "mnist")), *product(["vanilla"], DATASETS)]
    made = {f"{model} {data}": recipe(model, data, {}, {}) for model, data in pairs}
    return {name: training_script(each) for name, each in {**made, **RECIPES}.items()}


def test_a_program_is_short_and_plain(programs):
    for name, program in programs.items():
        assert "ae_core" not in program and "Knob" not in program and "Annotated" not in program, name
        lines = program.splitlines()
        assert len(lines) < 400 and max(map(len, lines)) <= 130, name
        defined = [node.name for node in ast.parse(program).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert len(set(defined)) == len(defined), name


def test_no_program_has_an_unknown_or_an_unused_name(programs, tmp_path):
    for number, program in enumerate(programs.values()):
        (tmp_path / f"p{number}.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_a_program_holds_only_what_was_chosen(programs):
    assert "conv" not in programs["vanilla digits"] and "corruption" not in programs["vanilla digits"]
    assert "def sample_images" not in programs["vae digits"] and "class Normal" not in programs["vae digits"]
    assert "def masking" not in programs["denoising digits"]


def test_the_same_recipe_gives_the_same_program(programs):
    assert training_script(RECIPES["adamw, one cycle"]) == programs["adamw, one cycle"]
    assert "weight_decay=0.3" in programs["adamw, one cycle"] and "weight_decay" not in programs["vae digits"]


def test_without_the_source_it_says_what_to_do(monkeypatch):
    def absent(module: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr(inspect, "getsource", absent)
    reachable.read_module.cache_clear()
    with pytest.raises(ExportError, match="install Autoencoder Explorer with its"):
        training_script(RECIPES["vanilla"])
    reachable.read_module.cache_clear()


def test_of_two_visitors_who_want_programs_one_waits(monkeypatch):
    """The parser of Python 3.11 is not made for threads: pages failed now and then where two runs ended at once."""
    held = []
    monkeypatch.setattr(script, "_written", lambda made: held.append(script._one_at_a_time.locked()) or "")
    training_script(recipe("vanilla", "digits", {}, {}))
    assert held == [True] and not script._one_at_a_time.locked()
