"""Records of which every field may be anything: one of them costs one row and one sentence, and hides nothing else."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import re
import shutil
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from app_page import listed, open_page, words
from safetensors.torch import save_file
from small_runs import small_recipe

from ae_core import records
from ae_core.datasets import own
from ae_core.durable import Damaged
from ae_core.runs.claim import Claim, owner_of
from ae_core.runs.run import Run, RunError, Status
from ui.plain import plain
from ui.sections.runs import rows

ODD = {
    "null": None, "list": ["done"], "object": {"x": 1}, "huge": 10**400, "negative": -1, "NaN": math.nan,
    "Infinity": math.inf, "bool": True, "text": "../../x", "long text": "x" * 100_000, "deep": [[[[[[[[{}]]]]]]]],
    "whole as a fraction": 3.0, "number": 0.5,
}  # fmt: skip
FILES = ("run.json", "status.json", "manifest.json", "metrics.jsonl")
odd = pytest.mark.parametrize("value", ODD.values(), ids=ODD)


def places(record: Any, before: tuple = ()) -> Iterator[tuple]:
    """The way to every field of a record, and to everything in it."""
    for name in record if isinstance(record, dict) else range(len(record)) if isinstance(record, list) else ():
        yield (*before, name)
        yield from places(record[name], (*before, name))


def changed(record: Any, place: tuple, value: Any) -> Any:
    """A copy of a record in which one field is something else."""
    made = copy.deepcopy(record)
    inner = made
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return made


@pytest.fixture
def run(run_of) -> Run:
    return run_of("vae", latent=2)


def content(run: Run, name: str) -> Any:
    """What a file of a run says; of the log the last line."""
    return json.loads(
        (run.folder / name).read_text().splitlines()[-1] if name.endswith("l") else (run.folder / name).read_text()
    )


def put(run: Run, name: str, record: Any) -> None:
    """Write a record as it is; one of the log takes the place of the last line."""
    path = run.folder / name
    text = json.dumps(record)
    if name.endswith("l"):
        text = "\n".join([*path.read_text().splitlines()[:-1], text]) + "\n"
    path.write_text(text)


def ask_everything(run: Run) -> list[str]:
    """All that pages ask of a run; the sentences of what is refused. Anything but a RunError fails the test."""
    said = [run.damage(), run.log()[1]]
    run.status()
    for question in (run.recipe, run.load, run.record):
        try:
            question()
        except RunError as error:
            said.append(str(error))
    run.live(), run.errors(), run.codes(), run.snapshots(), run.metrics()
    row = rows.row(run)
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    said.append(row["sentence"])
    return [sentence for sentence in said if sentence]


@odd
@pytest.mark.parametrize("name", FILES)
def test_whatever_a_field_holds_nothing_but_a_sentence_comes_of_it(name, value, run):
    whole = content(run, name)
    assert ask_everything(run) == []
    for place in places(whole):
        put(run, name, changed(whole, place, value))
        for sentence in ask_everything(run):
            assert len(sentence) < 500 and "\n" not in sentence and sentence.endswith("."), (place, sentence)
            assert "Traceback" not in sentence and "x" * 100 not in sentence


@odd
def test_a_status_holds_what_its_class_says_or_is_refused(value, run):
    """Held against the annotations of the class, which the schema was not made from."""
    whole, kinds = content(run, "status.json"), typing.get_type_hints(Status)
    plain = {"int": int, "float": (int, float), "str": str}
    for name in whole:
        put(run, "status.json", changed(whole, (name,), value))
        status = run.status()
        if "status.json" in (status.error or ""):
            assert status.state == "failed" and re.search(rf"damaged, {name}\b|not a JSON record", status.error)
            continue
        found, kind = getattr(status, name), getattr(kinds[name], "__name__", "")
        assert found == value
        if kind in plain:
            assert isinstance(found, plain[kind]) and not isinstance(found, bool)
            assert kind == "str" or 0 <= found < 1e300


DAMAGED = {
    "status.json": [("seconds", None), ("state", ["done"]), ("test", {"x": 1}), ("error", 7), ("step", True)],
    "manifest.json": [("checkpoints", [{"step": 1}]), ("checkpoints", None)],
    "run.json": [("recipe", {"model": "vae"}), ("created", "today"), ("versions", [])],
    "metrics.jsonl": [("test", [1, 2]), ("step", [1]), ("train", {"kl": None})],
}
CASES = [(name, field, value) for name, found in DAMAGED.items() for field, value in found]


def test_the_page_of_runs_shows_all_other_rows_beside_damaged_ones_each_with_its_sentence(run, store):
    others = [store.create(small_recipe(seed=seed), origin="app") for seed in range(3)]
    broken = []
    for i, (name, field, value) in enumerate(CASES):
        broken.append(Run(shutil.copytree(run.folder, store.root / f"vae-digits-{i:020}")))
        put(broken[-1], name, changed(content(run, name), (field,), value))
    app = open_page("runs")
    assert not app.exception and not app.error
    shown = {row["id"]: row for row in listed(app)}
    for other in (run, *others):
        assert shown[other.id]["sentence"] == "" and shown[other.id]["title"]
    for one, (name, field, _) in zip(broken, CASES, strict=True):
        assert f"{name}" in shown[one.id]["sentence"] and field in shown[one.id]["sentence"]
        assert "delete" in shown[one.id]["can"] and "watch" in shown[one.id]["can"]


@pytest.mark.parametrize(("name", "field", "value"), CASES, ids=str)
def test_every_page_of_a_damaged_run_says_the_same_sentence(name, field, value, run, store):
    one = Run(shutil.copytree(run.folder, store.root / f"vae-digits-{7:020}"))
    put(one, name, changed(content(run, name), (field,), value))
    sentence = rows.row(one)["sentence"]
    for page, key in (
        ("train", "run"),
        ("reconstruct", "run"),
        ("latent", "run"),
        ("generate", "run"),
        ("compare", "runs"),
    ):
        app = open_page(page, **{key: one.id})
        assert not app.exception, page
        said = [element.value for element in (*app.error, *app.warning, *app.info)]
        assert len([text for text in said if plain(sentence) in text]) == 1, f"{page}: {said}"


RECORDS = ("status.json", "run.json", "manifest.json", "metrics.jsonl")
MADE = {"folder": Path.mkdir, "pipe": os.mkfifo} if hasattr(os, "mkfifo") else {"folder": Path.mkdir}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("name", RECORDS)
def test_a_folder_or_a_pipe_in_place_of_a_record_costs_one_row(kind, name, run, store):
    one = Run(shutil.copytree(run.folder, store.root / f"vae-digits-{7:020}"))
    (one.folder / name).unlink()
    MADE[kind](one.folder / name)
    app = open_page("runs")
    shown = {row["id"]: row for row in listed(app)}
    assert (
        not app.exception
        and shown[run.id]["sentence"] == ""
        and name in shown[one.id]["sentence"] + shown[one.id]["why"]
    )
    for page in ("train", "reconstruct"):
        assert not open_page(page, run=one.id).exception, page


def test_half_a_sign_in_a_record_and_a_name_that_is_no_text_harm_nobody(run, store):
    one = Run(shutil.copytree(run.folder, store.root / f"vae-digits-{7:020}"))
    put(one, "status.json", content(run, "status.json") | {"state": "failed", "error": "a\ud83d b"})
    with contextlib.suppress(OSError):  # there are disks that take no such name
        shutil.copytree(run.folder, store.root / os.fsdecode(b"vae-d\xff\xfe"))
    for page in ("runs", "train", "reconstruct", "denoise", "latent", "generate", "compare"):
        app = open_page(page, run=one.id)
        assert not app.exception, page
    assert "status.json" in rows.row(one)["sentence"]


@pytest.mark.parametrize("n", [0, 4, 9])
def test_another_number_of_live_pictures_is_as_good_as_none(n, run, store):
    one = Run(shutil.copytree(run.folder, store.root / f"vae-digits-{7:020}"))
    pictures = torch.zeros((n, 1, 8, 8), dtype=torch.uint8)
    save_file({"step": torch.tensor(1), "reconstructions": pictures}, one.folder / "live.safetensors")
    app = open_page("train", run=one.id)
    assert not app.exception and "rebuilt after step" not in words(app)


def test_one_damaged_run_is_left_out_of_what_others_are_compared_with(run, store):
    one = Run(shutil.copytree(run.folder, store.root / f"vae-digits-{7:020}"))
    put(one, "status.json", changed(content(run, "status.json"), ("test",), {"x": 1}))
    for page in ("reconstruct", "denoise", "compare"):
        app = open_page(page)
        assert not app.exception and one.id not in words(app), page


# --- records outside of runs ------------------------------------------------------------------------------------------


@odd
def test_a_claim_may_be_anything(value, store):
    run = store.create(small_recipe(), origin="test")
    claim = Claim(run.folder)
    whole = content(run, "claim.json")
    for place in places(whole):
        put(run, "claim.json", changed(whole, place, value))
        elsewhere = place[0] == "host" and isinstance(value, str)  # another machine, which was heard of just now
        assert owner_of(run.folder) is None or place[0] == "token" or value == whole[place[0]] or elsewhere
    claim.path.unlink()
    Claim(run.folder).release()


@odd
def test_the_record_of_own_pictures_may_be_anything(value, tmp_path):
    name = "own-8-grey-1-" + "0" * 16
    whole = {"format": own.FORMATS[-1], "sha256": "0" * 64, "pictures": 50, "test": 10, "created": 1.0}
    folder = own.own_folder() / name
    folder.mkdir(parents=True)
    (folder / own.PICTURES).write_bytes(b"")
    for place in places(whole):
        (folder / own.RECORD).write_text(json.dumps(changed(whole, place, value)))
        entry = own.own_entries()[name]
        assert isinstance(entry.about, str) and entry.epochs >= 1
        assert not entry.present() or place[0] in ("sha256", "created") or value == whole[place[0]]


@odd
def test_progress_is_a_share_and_seconds_or_is_refused(value, tmp_path):
    for name in ("share", "seconds"):
        (tmp_path / "x").write_text(json.dumps({"share": 0.1, "seconds": 2.0, name: value}))
        try:
            found = records.read(tmp_path / "x", records.PROGRESS)[name]
        except Damaged as error:
            assert name in str(error) or "not a JSON record" in str(error)
        else:
            assert type(found) in (int, float) and math.isfinite(found) and found >= 0


def test_a_sentence_says_where_what_and_which_rule(tmp_path):
    (tmp_path / "status.json").write_text('{"state": "done", "seconds": null}')
    with pytest.raises(Damaged) as error:
        records.read(tmp_path / "status.json", records.STATUS)
    assert str(error.value) == (
        f"{tmp_path.name}/status.json is damaged, seconds is null: must be a number of seconds from 0; "
        "restore it or delete the run."
    )


def test_every_shipped_record_is_as_its_schema_has_it():
    for folder in sorted(Path("pretrained").iterdir()):
        run = Run(folder, pretrained=True)
        assert run.damage() == run.log()[1] == ""
