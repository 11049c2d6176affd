"""The table of metrics: one more line is in every record, report, page and file, and every line says what is true."""

from __future__ import annotations

import csv
import io
import json
import re

import make_pretrained
import pytest
import torch
from app_page import open_page, words
from small_runs import small_recipe

from ae_core.baselines import PCA
from ae_core.datasets import DATASETS, Images, Split
from ae_core.measures.metrics import codes, reconstructions
from ae_core.measures.report import as_text, full_report, unit
from ae_core.measures.subject import READ, Subject, from_all_over
from ae_core.measures.table import METRICS, Metric, as_csv, compared, evaluate, in_words, notes, of_group, values
from ae_core.models import MODELS, build
from ae_core.runs.execution import execute
from ae_core.runs.store import Store
from ui.sections.compare import chosen
from ui.sections.compare import table as compare_table


@pytest.fixture(scope="module")
def split() -> Split:
    whole = DATASETS["digits"].load()
    return Split(Images(whole.train.images[:300], whole.train.labels[:300]), whole.test)


def largest_error(s: Subject) -> float:
    """A toy: the largest error of a pixel."""
    return (s.outputs - s.images).abs().max().item()


TOY = Metric(
    "toy", "reconstruction", "grey levels", "lower", largest_error, "Toy", "largest error",
    lambda value: f"{value:.3f} of white", note="Toy: of {tested:,} pictures of {data}, one is worst.",
)  # fmt: skip
CODE_TOY = Metric(
    "size", "code", "lengths", "", lambda s: s.codes.norm(dim=1).mean().item(), "Size",
    note="Size: of {asked} codes.",
)  # fmt: skip


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (TOY, CODE_TOY):
        monkeypatch.setitem(METRICS, line.name, line)


# --- one more line ----------------------------------------------------------------------------------------------------


def test_one_more_line_is_in_the_record_of_a_run_on_its_card_and_on_the_command_line(toys, command, store):
    run = store.create(small_recipe(), origin="test")
    assert execute(run).state == "done"
    model, test = run.load()[0], run.recipe().data.load().test.images[:]
    wanted = (reconstructions(model, test) - test).abs().max().item()
    assert run.status().test["toy"] == wanted and run.status().train["toy"] > 0
    assert f"| toy | {wanted:.5g} |" in make_pretrained.card("some", run)
    assert re.search(rf"^  test toy +{wanted:.5f}$", command("evaluate", run.id)[1], re.M)
    assert json.loads(command("evaluate", run.id, "--json")[1])["test"]["toy"] == wanted
    full = json.loads(command("evaluate", run.id, "--full", "--json")[1])["report"]
    assert full["reconstruction"]["toy"] == wanted and full["code"].keys() > {"size", "pca_size"}


def test_one_more_line_is_in_the_full_report_for_the_baselines_too_and_has_its_unit(toys, split):
    model = build("vanilla", (1, 8, 8), {"latent": 4})
    found, pca = full_report(model, split), PCA.fit(split.train.images)
    test = split.test.images[:]
    assert found["baselines"]["mean_image_toy"] == (split.train.images[:].mean(0) - test).abs().max().item()
    assert found["baselines"]["pca_toy"] == (pca.reconstruct(test, 4) - test).abs().max().item()
    assert found["code"]["pca_size"] == pytest.approx(pca.codes(test, 4).norm(dim=1).mean().item())
    text = as_text(found, model)
    for name in ("toy", "mean_image_toy", "pca_toy"):
        assert re.search(rf"^  {name} +[\d.]+  grey levels$", text, re.M)
    assert unit("pca_size", model) == "lengths" and not unit("kl", model).startswith("lengths")


def test_one_more_line_is_a_column_of_compare_with_its_sentence_and_in_the_file(toys, run_of):
    run = run_of("vae", latent=3)
    app = open_page("compare", runs=run.id)
    assert not app.exception
    head, first, pca = re.findall(r"<tr>(.*?)</tr>", words(app), re.S)[:3]
    assert re.findall(r'<th scope="col">(.*?)</th>', head)[-2:] == ["Toy", "Size"]
    test, model = run.recipe().data.load().test.images[:], run.load()[0]
    wanted, size = (
        (reconstructions(model, test) - test).abs().max().item(),
        codes(model, test).norm(dim=1).mean().item(),
    )
    assert re.findall("<td>(.*?)</td>", first)[-2:] == [f"{wanted:.3f} of white", f"{size:.4g}"]
    assert re.match(r"[\d.]+ of white,[\d.]+$", ",".join(re.findall("<td>(.*?)</td>", pca)[-2:]))
    assert "Toy: of 360 pictures of Digits 8×8, one is worst. Size: of 360 codes." in words(app)
    (one,), _ = chosen.compared([Store.default().find(run.id)])
    file = compare_table.table_file(DATASETS["digits"], [compare_table.measured(one)])
    head, row = csv.reader(io.StringIO(file.make().decode(), newline=""))
    assert head[-2:] == ["largest error", "size"]
    assert [float(text) for text in row[-2:]] == pytest.approx([wanted, size], rel=1e-5)


# --- every line -------------------------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_lines_and_of_no_loss_term():
    assert all(line.name == name and re.fullmatch("[a-z0-9_]+", name) for name, line in METRICS.items())
    for model in MODELS:
        terms = build(model, (1, 8, 8), {}).losses(torch.rand(4, 1, 8, 8))
        assert not METRICS.keys() & {"loss", *terms}, model


@pytest.mark.parametrize("name", [name for name, line in METRICS.items() if line.better])
def test_what_is_better_goes_the_way_the_line_says(name, split):
    """A perfect copy against the mean picture; pixels against chance, half of it silent; little against much."""
    chance = torch.Generator().manual_seed(0)

    def silent(x: torch.Tensor) -> torch.Tensor:
        return torch.randn(len(x), 8, generator=chance) * torch.tensor([1.0, 0.0]).repeat(4)

    pca, test = PCA.fit(split.train.images), split.test.images[:]
    good = Subject(test, lambda x: x, lambda x: pca.codes(x, 8), split, latent=2, parameters=3, seconds=1.0)
    mean = split.train.images[:].mean(0, keepdim=True)
    bad = Subject(test, mean.expand_as, silent, split, latent=20, parameters=30, seconds=10.0)
    line = METRICS[name]
    if name in ("bce", "excess_bce"):  # of a copy that is exact it is not infinite, of the mean picture it is
        bad = Subject(test, lambda x: x.clamp(0.2, 0.8), None)
    ours, theirs = line.of(good), line.of(bad)
    assert ours < theirs if line.better == "lower" else ours > theirs


def test_a_subject_computes_what_several_lines_need_once(split):
    model, calls = build("vanilla", (1, 8, 8), {"latent": 4}), []

    def counted(name, function):
        return lambda x: (calls.append((name, len(x))), function(x))[1]

    made = Subject.of_model(model, split.test.images, split)
    subject = Subject(made.images, counted("out", made.rebuild), counted("code", made.encode), split, model)
    found = values(subject, METRICS.values())
    assert sorted(calls) == [("code", 300), ("code", 360), ("out", 360)]
    assert found.keys() == METRICS.keys() - {"seconds"}, "no training, no seconds"
    fresh = {name: line.of(Subject.of_model(model, split.test.images, split)) for name, line in METRICS.items()}
    costs = {line.name for line in of_group("cost")}
    assert {name: fresh[name] for name in found.keys() - costs} == {name: found[name] for name in found.keys() - costs}


def test_errors_that_are_known_are_not_measured_again(split):
    model = build("vanilla", (1, 8, 8), {"latent": 4})
    subject = Subject.of_model(model, split.test.images, errors=torch.full((360,), 6.4))
    assert METRICS["mse"].of(subject) == pytest.approx(0.1) and METRICS["psnr"].of(subject) == pytest.approx(10)
    assert "outputs" not in vars(subject)


def test_what_does_not_exist_is_left_out_and_said(split):
    one_class = Split(*(Images(p.images[:40], torch.zeros(40, dtype=torch.long)) for p in (split.train, split.test)))
    model = build("linear", (1, 8, 8), {"latent": 4})
    found = values(Subject.of_model(model, one_class.test.images, one_class), METRICS.values())
    assert not {"probe_accuracy", "knn_accuracy", "silhouette", "bce", "seconds"} & found.keys()
    assert in_words(METRICS["probe_accuracy"], found) == "one class" and in_words(METRICS["seconds"], found) == "none"
    (_, row) = csv.reader(io.StringIO(as_csv("=data", [("=run", found)]).decode(), newline=""))
    assert row[:2] == ["'=run", "'=data"] and row[-2:] == ["", ""]


def test_pca_and_the_mean_are_measured_as_pca_and_numpy_say(split):
    pca, test = PCA.fit(split.train.images), split.test.images[:]
    found = values(Subject.of_pca(pca, 1000, test), [*of_group("reconstruction", baselines=True), *of_group("cost")])
    assert found["latent"] == 64 and found["parameters"] == 64 * 65 and found["mse"] < 1e-10
    found = values(Subject.of_mean(split.train.images, test), of_group("reconstruction", baselines=True))
    assert found["mse"] == pytest.approx(((split.train.images[:].mean(0) - test) ** 2).mean().item(), rel=1e-5)


def test_outputs_from_anywhere_are_measured_like_those_of_a_model(split):
    model, test = build("vae", (1, 8, 8), {"latent": 4}), split.test.images[:]
    found = compared(test, reconstructions(model, test))
    assert found and found.items() <= evaluate(model, test).items()


def test_pictures_from_all_over_are_few_and_from_beginning_to_end(mnist):
    some = from_all_over(mnist)
    assert len(some.train) == len(some.test) == READ
    assert (
        torch.equal(some.train.images[-1], mnist.train.images[60 * 999])
        and some.test.labels[1] == mnist.test.labels[10]
    )
    assert len(from_all_over(some, 10**6).train) == READ
    assert "of 1,000 test pictures" in " ".join(notes("MNIST", 10_000, some))
