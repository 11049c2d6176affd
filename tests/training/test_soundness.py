"""Weights that are finite and compute nothing: found when they are saved and when they are opened, and said."""

from __future__ import annotations

import ast
import json
import math
import re

import pytest
import torch
from house import PROGRAMS, each, syntax
from small_runs import small_recipe, stop_at
from unsound import UNUSABLE, change_weights, say_failed

from ae_core import __main__ as command_line
from ae_core.datasets import DATASETS, Split
from ae_core.durable import json_line
from ae_core.export import ExportError, onnx_parts
from ae_core.measures.report import full_report
from ae_core.models import MODELS, build
from ae_core.published import PUBLISHED, Published, Row
from ae_core.published.measures import jacobian_norm
from ae_core.runs import checkpoints, execution
from ae_core.runs.execution import execute
from ae_core.runs.run import RunError
from ae_core.training.soundness import LARGEST, flaw

LATENT = {"convolutional": 16}
SENTENCE = (
    r"[\w-]+ cannot be used: its weights are finite, but [^\n]+ is [-\w.+]+; [^\n]+ lower learning rate, or restore the"
    r" file\."
)
all_models = pytest.mark.parametrize("name", MODELS)
unusable = pytest.mark.parametrize("change", UNUSABLE.values(), ids=list(UNUSABLE))


def fresh(name, side=8):
    torch.manual_seed(0)
    return build(name, (1, side, side), {"latent": LATENT.get(name, 4)})


@pytest.fixture(scope="module")
def test_images():
    return DATASETS["digits"].load().test.images[:]


# --- what is no use, and what is --------------------------------------------------------------------------------------


@all_models
@unusable
def test_weights_that_answer_with_no_number_are_found_with_pictures_and_without(name, change, test_images):
    model = fresh(name)
    assert flaw(model) == flaw(model, test_images) == ""
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.copy_(change(value + 0.01))
    assert flaw(model, test_images)
    with torch.inference_mode():
        model.eval()
        answers = [
            model.encode(test_images),
            model.decoder(model.encode(test_images)),
            *model.losses(test_images).values(),
        ]
    assert any(not (answer.abs() < LARGEST).all() for answer in answers)  # seen without the rule, too


@all_models
@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_weights_that_are_only_bad_are_not_refused_and_every_measure_of_them_is_a_number(name, factor, run_of):
    run = change_weights(run_of(name, latent=LATENT.get(name, 4)), lambda values: values * factor)
    split = run.recipe().data.load()
    few = Split(*(type(part)(part.images[:40], part.labels[:40]) for part in (split.train, split.test)))
    found = full_report(run.load()[0], few)
    assert all(math.isfinite(value) for group in found.values() for value in group.values())


def test_the_modes_of_layers_and_the_random_state_stay_as_they_were(test_images):
    model = fresh("vae").train()
    before = torch.get_rng_state()
    assert flaw(model, test_images) == "" and model.training and torch.equal(torch.get_rng_state(), before)


# --- when they are saved ----------------------------------------------------------------------------------------------


def explodes(monkeypatch, at):
    """From the step `at` on, all weights of what is trained are 1e20 times too large."""
    made, steps = execution.new_optimiser, []

    def new_optimiser(model, plan):
        optimiser = made(model, plan)
        step = optimiser.step

        def spoiled():
            step()
            steps.append(1)
            if len(steps) >= at:
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter.add_(0.01).mul_(1e20)

        optimiser.step = spoiled
        return optimiser

    monkeypatch.setattr(execution, "new_optimiser", new_optimiser)


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_a_diverged_vae_keeps_no_weights_and_says_why_wherever_it_is_opened(rate, command, store):
    wild = ("--learning-rate", str(rate), "--schedule", "constant", "--centred", "false", "--hidden", "400")
    status, out, err = command("train", "vae", "--dataset", "digits", "--batch-size", "128", *wild, "--json")
    assert (status, out) == (2, "") and f"try a learning rate below {rate:g}." in err.splitlines()[-1]
    (run,) = store.listing()
    assert run.status().state == "failed" and not run.has_weights() and not list(run.folder.glob("weights-*"))
    for arguments in (["--json"], ["--full"], []):
        status, out, err = command("evaluate", run.id, *arguments)
        assert (status, out) == (2, "")
        assert re.fullmatch(rf"{run.id} has no weights, because its training failed\. Training stopped [^\n]+\n", err)


@all_models
def test_weights_spoiled_by_the_very_last_step_are_not_kept(name, store, monkeypatch):
    run = store.create(small_recipe(name, epochs=1, latent=LATENT.get(name, 4)), origin="test")
    explodes(monkeypatch, at=12)
    status = execute(run)
    assert status == run.status() or status.state == run.status().state == "failed"
    assert re.fullmatch(
        r"Training diverged by step 12 \(epoch 1\): [^\n]+; try a learning rate below 0\.001\.", status.error
    )
    assert not run.has_weights() and not status.test


def test_sound_weights_from_before_stay(store, monkeypatch):
    monkeypatch.setattr(execution, "CHECKPOINT_S", -1.0)
    run = store.create(small_recipe(epochs=2), origin="test")
    explodes(monkeypatch, at=9)
    assert execute(run).state == "failed"
    assert run.load()[1].step == 8


def test_a_run_that_is_stopped_with_such_weights_has_failed(store, look_always, monkeypatch):
    run = store.create(small_recipe(), origin="test")
    explodes(monkeypatch, at=9)
    status = execute(run, stop_at(run, 9))
    assert status.state == run.status().state == "failed" and "Training diverged by step 9" in status.error
    assert not run.has_weights()


# --- when they are opened ---------------------------------------------------------------------------------------------


@all_models
@unusable
def test_a_run_with_such_weights_is_refused_in_one_sentence(name, change, run_of):
    run = change_weights(run_of(name, latent=LATENT.get(name, 4)), change)
    assert checkpoints.newest(run.folder), "neither the checksum nor a number that is not finite finds it"
    with pytest.raises(RunError) as told:
        run.load()
    assert re.fullmatch(SENTENCE, str(told.value)) and str(told.value).startswith(run.id)


def test_it_is_found_where_the_pictures_are_not_here(run_of, monkeypatch):
    run = change_weights(run_of("vae"), UNUSABLE["times 1e38"])
    monkeypatch.setattr(type(run.recipe().data), "present", property(lambda entry: lambda: False), raising=False)
    assert not run.recipe().data.present()
    with pytest.raises(RunError, match="cannot be used"):
        run.load()


def test_it_is_not_trained_further(store, look_always):
    run = store.create(small_recipe(), origin="test")
    execute(run, stop_at(run, 10))
    run.clear_stop()
    change_weights(run, UNUSABLE["times 1e20"])
    before = (run.folder / checkpoints.MANIFEST).read_bytes()
    status = execute(run)
    assert status.state == "failed" and re.fullmatch(SENTENCE, status.error)
    assert (run.folder / checkpoints.MANIFEST).read_bytes() == before


# --- every command ----------------------------------------------------------------------------------------------------

OF_ONE = Row("of one", "vanilla", {"latent": 64}, {"epochs": 1}, dataset="digits")
MINE = Published("Mine", "here", "as it is", "squared norm", jacobian_norm, (OF_ONE,))
COMMANDS = {
    "evaluate": ["evaluate", "RUN"],
    "evaluate --json": ["evaluate", "RUN", "--json"],
    "evaluate --full": ["evaluate", "RUN", "--full"],
    "evaluate --full --json": ["evaluate", "RUN", "--full", "--json"],
    "recipe": ["recipe", "mine"],
    "recipe --json": ["recipe", "mine", "--json"],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=list(COMMANDS))
@unusable
def test_a_command_that_needs_the_weights_answers_with_one_sentence_and_status_two(
    change, arguments, command, run_of, monkeypatch
):
    monkeypatch.setitem(PUBLISHED, "mine", MINE)
    run = change_weights(run_of("vanilla"), change)
    status, out, err = command(*(run.id if word == "RUN" else word for word in arguments))
    assert (status, out) == (2, "") and re.search(rf"(^|\n){SENTENCE}\n$", err) and "Traceback" not in err


def test_one_nan_is_refused_and_zeros_are_measured(command, run_of):
    run = change_weights(run_of("vanilla"), lambda values: values * 0)
    status, out, err = command("evaluate", run.id, "--full", "--json")
    assert (status, err) == (0, "") and strict(out)["report"]["reconstruction"]["mse"] > 0
    change_weights(
        run, lambda values: values.flatten().index_fill(0, torch.tensor([0]), math.nan).reshape(values.shape)
    )
    status, out, err = command("evaluate", run.id)
    assert (status, out) == (2, "") and re.fullmatch(rf"{run.id} cannot be opened: [^\n]+ train again\.\n", err)


def test_the_list_goes_on_and_says_what_failed(command, run_of):
    run = say_failed(change_weights(run_of("vanilla"), UNUSABLE["times 1e38"]))
    status, out, err = command("list")
    assert (status, err) == (0, "") and re.search(rf"^  {run.id} +failed$", out, re.M)


def test_an_export_answers_with_the_sentence(run_of, tmp_path):
    run = change_weights(run_of("vanilla"), UNUSABLE["times 1e38"])
    with pytest.raises((RunError, ExportError)) as told:
        onnx_parts(run, tmp_path / "parts")
    assert isinstance(told.value, ExportError) or re.fullmatch(SENTENCE, str(told.value))
    assert not (tmp_path / "parts").exists() or list((tmp_path / "parts").iterdir()) == []


# --- JSON is JSON -----------------------------------------------------------------------------------------------------


def strict(text):
    """What a reader makes of JSON that knows no NaN and no Infinity."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_what_is_infinite_or_no_number_is_null():
    record = {"a": math.nan, "b": [math.inf, 1.5, (-math.inf, "NaN")], "c": {"d": None, "e": 1e308, "f": True}}
    assert strict(json_line(record)) == {
        "a": None,
        "b": [None, 1.5, [None, "NaN"]],
        "c": {"d": None, "e": 1e308, "f": True},
    }
    assert "\n" not in json_line(record)


def test_measures_that_do_not_exist_are_null_on_the_command_line(command, run_of, monkeypatch):
    run = run_of("vanilla")
    found = {"reconstruction": {"bce": 0.5}, "code": {"silhouette": math.nan}}
    monkeypatch.setattr(command_line, "full_report", lambda model, split: found)
    status, out, err = command("evaluate", run.id, "--full", "--json")
    assert (status, err) == (0, "") and strict(out)["report"]["code"] == {"silhouette": None}


@each(PROGRAMS)
def test_nothing_writes_json_that_is_none(path):
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.dumps", "json.dump"):
            assert {k.arg: ast.unparse(k.value) for k in node.keywords}.get("allow_nan") == "False", (
                f"line {node.lineno}"
            )
