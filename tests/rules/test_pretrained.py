"""The runs that come with the program: complete, small, whole, and as good as they say."""

from __future__ import annotations

from pathlib import Path

import make_pretrained
import pytest
import torch
from pretrained_recipes import RECIPES, recipe_of
from small_runs import small_recipe

from ae_core.datasets import DATASETS
from ae_core.measures.metrics import codes
from ae_core.measures.table import evaluate
from ae_core.models import MODELS
from ae_core.runs import checkpoints
from ae_core.runs.run import Run
from ae_core.runs.store import ROOT, Store

FOLDER = ROOT / "pretrained"
SHIPPED = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name[0] != ".")
every_run = pytest.mark.parametrize("name", SHIPPED)


def shipped(name: str) -> Run:
    return Store.default().find(name)


def test_every_recipe_is_shipped_and_nothing_else():
    assert sorted(RECIPES) == SHIPPED


def test_what_is_there_on_digits_is_there_on_mnist_and_some_on_shapes():
    on = {
        data: {name.partition("-")[0] for name in SHIPPED if name.endswith(f"-{data}")} for data in ("digits", "mnist")
    }
    assert on["digits"] == on["mnist"] <= MODELS.keys() and len(on["mnist"]) >= 9  # a new model may come without
    assert {"vae-shapes", "convolutional-shapes", "linear-shapes"} <= set(SHIPPED)
    flat = {name.removesuffix("-2d") for name in SHIPPED if name.endswith("-2d")}
    assert {f"{model}-{data}" for model in ("linear", "multilayer", "vae") for data in ("digits", "mnist")} <= flat


def test_all_of_them_are_under_sixty_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 60e6


@every_run
def test_it_is_a_finished_run_of_its_recipe_with_whole_files(name):
    run = shipped(name)
    assert run.recipe() == recipe_of(name)
    assert run.status().state == "done" and run.status().step == run.status().total
    (entry,) = checkpoints.manifest(run.folder)
    weights = checkpoints.read_tensors(run.folder / entry.file, entry)  # compares the SHA-256
    assert all(key.startswith("model.") for key in weights)
    assert len(run.metrics()) > 10 and len(run.snapshots()) >= 4 and run.live() and run.errors()
    model, _ = run.load()
    assert not model.training and all(p.isfinite().all() for p in model.parameters())


@every_run
def test_its_card_says_where_it_comes_from_and_how_to_make_it_again(name):
    text = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    data = recipe_of(name).data
    assert text.startswith(f"# {name}\n") and data.licence in text and f"make_pretrained.py {name}" in text
    assert f"| loss | {shipped(name).status().test['loss']:.5g} |" in text


@every_run
def test_it_measures_as_it_says_on_its_data_and_its_codes_are_those_of_the_test_split(name):
    made = recipe_of(name)
    if not made.data.present():
        pytest.skip(f"{made.dataset} is not here: set AE_DATA to a folder that holds it")
    run = shipped(name)
    test, (model, _) = made.data.load().test, run.load()
    kept, labels = run.codes()
    assert torch.equal(labels, test.labels) and kept.shape == (len(test), model.latent)
    part = slice(0, 1000)
    found = codes(model, test.images[part])
    assert torch.allclose(kept[part], found, rtol=2e-2, atol=2e-2 * found.abs().max().item())
    numbers = evaluate(model, test.images)
    assert numbers.keys() == run.status().test.keys() and ("bce" in numbers) == (made.model != "linear")
    for key in numbers.keys() & {"mse", "bce", "loss"}:
        assert numbers[key] == pytest.approx(run.status().test[key], rel=5e-3, abs=1e-4), key
    assert DATASETS[made.dataset].shape == model.shape


# --- training them again ----------------------------------------------------------------------------------------------


def test_what_is_there_is_not_made_again():
    assert make_pretrained.missing(RECIPES) == []


def test_a_wrong_name_or_missing_pictures_are_a_sentence_before_the_first_training(tmp_path, monkeypatch):
    monkeypatch.setattr(make_pretrained, "ROOT", tmp_path)
    monkeypatch.setenv("AE_DATA", str(tmp_path))
    assert make_pretrained.missing(["linear-digits"]) == ["linear-digits"]
    with pytest.raises(ValueError, match=r"^'vae-mnits': .* did you mean vae-mnist"):
        make_pretrained.missing(["linear-digits", "vae-mnits"])
    with pytest.raises(ValueError, match=r"^MNIST is not on this computer: .* set AE_DATA to a folder that has it"):
        make_pretrained.missing(["linear-digits", "vae-mnist"])


@pytest.fixture
def small(tmp_path, monkeypatch) -> Path:
    """A place for pretrained runs, where each is a short training on the digits."""
    (tmp_path / "pretrained").mkdir()
    monkeypatch.setattr(make_pretrained, "ROOT", tmp_path)
    monkeypatch.setattr(make_pretrained, "recipe_of", lambda name: small_recipe(epochs=2))
    return tmp_path / "pretrained"


def test_a_run_is_made_whole_and_then_left_alone(small):
    assert make_pretrained.make("some").startswith("some: 0.")
    made = Run(small / "some")
    assert made.status().state == "done" and made.codes()[0].shape == (360, 8) and made.load()[0].latent == 8
    assert (made.folder / "README.md").read_text(encoding="utf-8").startswith("# some")
    assert make_pretrained.make("some") == "some: there already"


def test_who_comes_second_leaves_what_the_first_has_made(small, monkeypatch):
    write = make_pretrained._write_codes

    def slowly(run, made):
        write(run, made)
        (small / "some" / "of-the-first").mkdir(parents=True)

    monkeypatch.setattr(make_pretrained, "_write_codes", slowly)
    assert make_pretrained.make("some") == "some: there already"
    assert [path.relative_to(small).as_posix() for path in sorted(small.rglob("*"))] == ["some", "some/of-the-first"]
