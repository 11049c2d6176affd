"""The command line: one JSON line where it went well, one sentence where it did not."""

from __future__ import annotations

import dataclasses
import errno
import json
import re

import pytest
from fresh_python import finished
from small_runs import small_recipe

from ae_core.datasets import DATASETS
from ae_core.measures.report import GROUPS
from ae_core.models import MODELS
from ae_core.runs.execution import execute
from ae_core.runs.recipe import follow_the_pictures, starting_latent, starting_recipe
from ae_core.runs.store import EXAMPLE, Store

KEYS = ["run", "model", "dataset", "epochs", "seconds", "seconds_per_epoch", "train", "test"]
DIGITS = ("--dataset", "digits")
SHORT = ["train", "vanilla", *DIGITS, "--epochs", "2", "--latent", "8"]


def test_list_names_every_model_data_set_and_run(command, store):
    run = store.create(small_recipe(), origin="test")
    status, out, err = command("list")
    assert (status, err) == (0, "")
    assert all(name in out for name in (*MODELS, *DATASETS))
    assert re.search(rf"^  {run.id} +waiting$", out, re.M)
    assert "knobs: latent, activation, tied, reconstruction" in out


def test_list_says_which_data_sets_are_not_here(command, tmp_path, monkeypatch):
    monkeypatch.setenv("AE_DATA", str(tmp_path))
    _, out, _ = command("list")
    assert out.count("Not here yet: download it first.") == 3


MORE_TERMS = {"vae": ["kl"], "structured_vae": ["kl"], "sparse": ["sparsity"], "contractive": ["contraction"]}


@pytest.mark.parametrize("model", MODELS)
def test_train_prints_one_json_line_with_every_number(model, command, store):
    status, out, _ = command(
        "train", model, "--dataset", "digits", "--epochs", "2", "--latent", "16", "--seed", "3", "--json"
    )
    assert status == 0 and out.count("\n") == 1
    record = json.loads(out)
    assert list(record) == KEYS
    assert (record["model"], record["dataset"], record["epochs"]) == (model, "digits", 2)
    assert record["seconds"] > 0 and record["seconds_per_epoch"] == pytest.approx(record["seconds"] / 2, abs=1e-3)
    terms = ["reconstruction", *MORE_TERMS.get(model, [])]
    for part in ("train", "test"):
        coins = [] if model == "linear" else ["bce", "excess_bce"]  # it answers exactly 0 and 1: infinite
        assert list(record[part]) == ["mse", "sumse", "psnr", "ssim", *coins, *terms, "loss"]
        assert record[part]["sumse"] == pytest.approx(64 * record[part]["mse"])
    run = store.find(record["run"])
    assert run.status().state == "done" and run.status().test == record["test"]
    assert run.record()["origin"] == "command line" and run.recipe().plan["seed"] == 3


def test_knobs_are_read_with_dashes_and_with_underscores(command, store):
    for name in ("--batch-size", "--batch_size"):
        assert command(*SHORT, name, "64", "--learning-rate", "0.01")[0] == 0
    assert all(run.recipe().plan["batch_size"] == 64 for run in store.listing())
    assert command("train", "multilayer", "--epochs", "1", "--hidden", "16,8")[0] == 0
    assert (16, 8) in [run.recipe().knobs.get("hidden") for run in store.listing()]


def test_without_json_the_numbers_stand_in_lines_for_people(command):
    status, out, _ = command(*SHORT)
    assert status == 0
    assert re.search(r"^vanilla-digits-\w+: 2 epochs in \d+\.\d s$", out, re.M)
    assert re.search(r"^  test mse +0\.\d{5}$", out, re.M)


def test_an_infinite_cross_entropy_is_a_sentence_and_no_number(command):
    status, out, _ = command("train", "linear", "--dataset", "digits", "--latent", "8", "--epochs", "2")
    assert status == 0 and "bce" not in out and out.count("No cross-entropy: ") == 1
    run = out.split(":")[0]
    _, full, _ = command("evaluate", run, "--full")
    assert "bce" not in full and full.count("No cross-entropy: ") == 1
    assert "No cross-entropy" not in command(*SHORT)[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [((), "not of a probability: these pixels are grey"), (("--binarise", "true"), "logarithms of a probability"),
     (("--likelihood", "gaussian"), "logarithms of a density")],
    ids=str,
)  # fmt: skip
def test_the_full_report_says_what_kind_of_number_a_likelihood_is(command, options, words):
    run = json.loads(command("train", "vae", *DIGITS, "--latent", "2", "--epochs", "1", *options, "--json")[1])["run"]
    assert words in command("evaluate", run, "--full")[1]
    assert any(words in text for text in json.loads(command("evaluate", run, "--full", "--json")[1])["remarks"])


def test_without_options_it_starts_from_what_the_pictures_need_as_the_page_does(command, store, monkeypatch):
    entry = dataclasses.replace(DATASETS["digits"], name="few", epochs=3)
    monkeypatch.setitem(DATASETS, "few", entry)
    assert command("train", "vanilla", "--dataset", "few", "--json")[0] == 0
    (run,) = store.listing()
    assert run.recipe().plan["epochs"] == 3
    assert run.recipe().knobs["latent"] == starting_latent(MODELS["vanilla"], entry) == 16
    _, helped, _ = command("train", "vanilla", "--help")
    follow = follow_the_pictures("vanilla")
    assert {"latent", "epochs"} <= follow
    assert " ".join(helped.split()).count("(default what the data set needs)") == len(follow)


def test_the_first_data_set_is_the_one_that_pages_begin_with(command, store):
    assert command("train", "linear", "--epochs", "1", "--json")[0] == 0
    (run,) = store.listing()
    assert run.recipe().dataset == "handwriting" == Store.default().find(EXAMPLE).recipe().dataset


def test_evaluate_measures_again_what_training_measured(command):
    trained = json.loads(command(*SHORT, "--json")[1])
    status, out, err = command("evaluate", trained["run"], "--json")
    assert (status, err) == (0, "") and json.loads(out) == trained


def test_evaluate_in_full_prints_every_group(command):
    trained = json.loads(command(*SHORT, "--json")[1])
    status, out, err = command("evaluate", trained["run"], "--full", "--json")
    record = json.loads(out)
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert (record["run"], record["model"], record["dataset"]) == (trained["run"], "vanilla", "digits")
    assert list(record["report"]) == list(GROUPS)
    assert trained["test"].items() <= record["report"]["reconstruction"].items()
    status, out, err = command("evaluate", trained["run"], "--full")
    assert (status, err) == (0, "") and out.startswith(f"{trained['run']}, on the test pictures\n")
    assert re.search(rf"^  psnr +{trained['test']['psnr']:.5g}  dB$", out, re.M)


def test_download_of_what_is_here_says_so(command):
    assert command("download", "digits") == (0, "digits is already here.\n", "")


BAD_INPUT = {
    "no command": [],
    "unknown command": ["frobnicate"],
    "no model": ["train"],
    "unknown model": ["train", "vanila"],
    "unknown option": ["train", "vanilla", "--nonsense"],
    "option without value": ["train", "vanilla", "--epochs"],
    "a knob of another model": ["train", "vanilla", "--hidden", "8"],
    "epochs 0": ["train", "vanilla", "--epochs", "0"],
    "epochs no number": ["train", "vanilla", "--epochs", "x"],
    "epochs negative": ["train", "vanilla", "--epochs=-1"],
    "epochs astronomic": ["train", "vanilla", "--epochs", "9" * 400],
    "epochs empty": ["train", "vanilla", "--epochs", ""],
    "rate nan": ["train", "vanilla", "--learning-rate", "nan"],
    "rate inf": ["train", "vanilla", "--learning-rate", "1e999"],
    "latent not a multiple": ["train", "convolutional", "--body", "pooled", "--latent", "20"],
    "five layers": ["train", "multilayer", "--hidden", "9,9,9,9,9"],
    "layers no numbers": ["train", "multilayer", "--hidden", "9;9"],
    "unknown choice": ["train", "vanilla", "--activation", "gelu"],
    "a knob without effect": ["train", "vae", "--deviation", "0.5"],
    "a plan without effect": ["train", "vae", "--weight-decay", "0.5"],
    "too many parameters": ["train", "multilayer", "--hidden", "2048,2048,2048,2048", "--dataset", "mnist"],
    "unknown data set": ["train", "vanilla", "--dataset", "digit"],
    "absent data set": ["train", "vanilla", "--dataset", "fashion_mnist"],
    "unknown run": ["evaluate", "zzz"],
    "a path for a run": ["evaluate", "../../etc"],
    "NUL in a run": ["evaluate", "x\x00y"],
    "newline in a run": ["evaluate", "x\ny"],
    "unknown download": ["download", "nope"],
}


def test_a_device_that_is_not_there_is_one_sentence_and_leaves_no_run(command, store, monkeypatch):
    monkeypatch.setenv("AE_DEVICE", "abacus")
    status, out, err = command(*SHORT)
    assert (status, out) == (2, "") and re.fullmatch(r"AE_DEVICE = 'abacus': [^\n]+ auto, [^\n]+\.\n", err)
    assert store.listing() == []


@pytest.mark.parametrize("arguments", BAD_INPUT.values(), ids=list(BAD_INPUT))
def test_bad_input_is_one_sentence_and_exit_status_two(arguments, command, store, tmp_path, monkeypatch):
    monkeypatch.setenv("AE_DATA", str(tmp_path / "nothing"))
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"[^\n]{20,}[.?]\n", err) and "Traceback" not in err
    assert store.listing() == [], "nothing may be left of a mistake"


def test_a_runs_folder_that_cannot_be_written_is_one_sentence(command, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("AE_RUNS", str(tmp_path / "taken"))
    status, out, err = command(*SHORT)
    assert (status, out) == (2, "")
    assert re.fullmatch(
        r"[^\n]* cannot be written [^\n]*move away what is in its place, or set AE_RUNS to another folder: runs are kept there\.\n",
        err,
    )


def test_a_training_that_fails_ends_with_its_reason(command, monkeypatch, store):
    def refused(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ae_core.runs.checkpoints.write_bytes", refused)
    status, out, err = command(*SHORT, "--json")
    assert (status, out) == (2, "")
    assert "free some space, then resume." in err.splitlines()[-1]
    assert store.listing()[0].status().state == "failed"


def test_a_run_that_is_being_trained_elsewhere_is_measured_as_it_stands(command, store):
    from ae_core.runs.claim import Claim

    run = store.create(small_recipe(), origin="test")
    execute(run)
    Claim(run.folder)
    assert command("evaluate", run.id)[0] == 0


def test_as_a_process_it_prints_json_alone_and_trains_as_here(store):
    done = finished("-m", "ae_core", "train", "vanilla", *DIGITS, "--latent", "8", "--epochs", "3", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    here = store.create(starting_recipe("vanilla", "digits", {"latent": 8}, {"epochs": 3}), origin="test")
    assert execute(here).test == record["test"]


def test_as_a_process_a_mistake_is_one_sentence_and_exit_status_two():
    done = finished("-m", "ae_core", "train", "vanilla", "--latent", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "latent = 0: must be a whole number from 1 to 1024; the default is 64.\n"


@pytest.mark.slow
def test_as_a_process_help_names_every_command():
    done = finished("-m", "ae_core", "--help")
    assert done.returncode == 0 and all(word in done.stdout for word in ("list", "train", "evaluate", "download"))


def test_the_default_store_is_used(command):
    command(*SHORT)
    assert [run.recipe().knobs["latent"] for run in Store.default().listing() if not run.pretrained] == [8]
