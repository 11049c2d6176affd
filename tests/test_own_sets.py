"""A zip as a data set: divided by a fixed rule, kept whole or not at all, found by every process, and deleted."""

from __future__ import annotations

import io
import os
import random
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from fresh_python import ROOT, answer_of, finished
from PIL import Image
from streamlit.testing.v1 import AppTest

from ae_core.datasets import DatasetError, dataset, datasets, own
from ae_core.execution import execute
from ae_core.knobs import KnobError
from ae_core.own_pictures import SENTENCES, PictureError, read_upload
from ae_core.picture_sets import Import, Turning, classes
from ae_core.recipe import recipe
from ae_core.runs import Run
from ae_core.store import Store

Files = list[tuple[str, bytes]]


def picture(k: int, size: tuple[int, int] = (40, 30)) -> bytes:
    """A PNG that no other number gives."""
    file = io.BytesIO()
    noise = np.random.default_rng(k).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def files(n: int = 60, folders: Sequence[str] = ("b", "a", "c")) -> Files:
    return [(f"{folders[k % len(folders)]}/{k}.png", picture(k)) for k in range(n)]


def zipped(inside: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in inside:
            archive.writestr(name, data)
    return file.getvalue()


def imported(inside: Files | None = None, **knobs: object) -> own.Dataset:
    return Import(read_upload(zipped(inside or files())), Turning(**{"side": 8, **knobs})).keep()


def left_over() -> list[Path]:
    """Everything in the folder of own pictures that is no whole data set."""
    return [path for path in own.own_folder().glob("*") if path.name not in datasets()]


# --- what becomes of a zip --------------------------------------------------------------------------------------------


def test_every_picture_is_in_one_of_the_parts_turned_as_asked():
    entry = imported(side=10, colour=True)
    split = entry.load()
    assert entry.shape == (3, 10, 10) and (len(split.train), len(split.test)) == (48, 12)
    middle = Image.open(io.BytesIO(picture(7))).crop((5, 0, 35, 30))
    area = np.asarray(middle).reshape(10, 3, 10, 3, 3).mean((1, 3)).transpose(2, 0, 1) / 255
    everything = torch.cat([split.train.images, split.test.images]).numpy()
    assert np.abs(everything - area).max(axis=(1, 2, 3)).min() < 0.01


def test_negative_and_bars_are_other_data_sets():
    names = {
        imported(**knobs).name for knobs in ({}, {"negative": True}, {"cut": "whole"}, {"colour": True}, {"side": 9})
    }
    assert len(names) == 5 and names <= datasets().keys()
    plain, negative = imported().load().train.images.mean(), imported(negative=True).load().train.images.mean()
    assert float(plain + negative) == pytest.approx(1, abs=0.02)


def test_the_same_pictures_are_the_same_data_set_in_any_order_and_under_any_names():
    first = imported()
    mixed = [(f"{name[0]}x/{k}", data) for k, (name, data) in enumerate(files())]
    random.Random(0).shuffle(mixed)
    again = imported(mixed)
    assert again.name == first.name and len([name for name in datasets() if name.startswith("own")]) == 1
    assert torch.equal(again.load().test.images, first.load().test.images)


def test_every_class_has_its_share_of_both_parts_and_both_are_mixed():
    split = imported().load()
    assert split.test.labels.bincount().tolist() == [4, 4, 4] and split.train.labels.bincount().tolist() == [16, 16, 16]
    assert (split.train.labels.diff() != 0).sum() > 10 and (split.test.labels.diff() != 0).sum() > 3


def test_a_picture_that_is_there_twice_is_kept_once():
    split = imported([*files(), *[(f"copy/{name}", data) for name, data in files(30)]]).load()
    assert len(split.train) + len(split.test) == 60


def test_folders_are_classes_only_where_they_are_simple():
    assert classes([3, 3, 3, 3, 3, 1, 1, 1, 1, 1]) == [1] * 5 + [0] * 5
    assert set(classes([0] * 10)) == {0}
    assert set(classes([0] * 10 + [1] * 4)) == {0}, "four pictures are no class"
    assert set(classes(list(range(11)) * 5)) == {0}, "eleven folders are no ten classes"
    assert set(classes(list(range(10)) * 5)) == set(range(10))
    assert imported().classes == ("1", "2", "3") and imported(files(folders=("a",))).classes == ("picture",)


def test_no_name_of_the_zip_is_kept_anywhere(tmp_path):
    entry = imported(files(folders=("../../secret", "/etc/secret", "C:\\secret")))
    shown = f"{entry.name} {entry.title} {entry.about} {entry.source} {entry.classes}"
    assert "secret" not in shown and len(entry.classes) == 3
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written and all(b"secret" not in path.read_bytes() and "secret" not in path.name for path in written)
    assert {path.parent for path in written} == {own.own_folder() / entry.name}


@pytest.mark.parametrize("side", [7, 65, 8.5, "8"])
def test_a_side_that_no_model_takes_is_refused(side):
    with pytest.raises(KnobError, match=r"^side = "):
        Turning(side=side)


# --- what is refused, with one sentence and nothing left behind -------------------------------------------------------


def locked(data: bytes) -> bytes:
    """The same zip, every file marked as encrypted."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = changed.find(mark, at + 1)
    return bytes(changed)


REFUSED = {
    "bomb": (lambda: deflated([(f"{k}.png", bytes(19_000_000)) for k in range(12)]), SENTENCES["inflated"]),
    "encrypted": (lambda: locked(zipped(files(41))), SENTENCES["locked"]),
    "truncated": (lambda: zipped(files(41))[:-200], SENTENCES["broken"]),
    "100 000 entries": (lambda: zipped([(str(k), b"") for k in range(100_000)]), SENTENCES["entries"]),
    "no pictures": (lambda: zipped([(f"{k}.png", b"text") for k in range(50)]), SENTENCES["empty"]),
    "no zip": (lambda: b"hello", SENTENCES["type"]),
    "one picture in a zip": (lambda: zipped(files(1)), "1 different picture: a data set must have at least 40"),
    "too few": (lambda: zipped(files(39)), "39 different pictures: a data set must have at least 40"),
    "too few that differ": (lambda: zipped(files(39) * 2), "39 different pictures: a data set must have"),
    "one picture": (lambda: picture(0), "This is one picture: a data set must have at least 40; put them into a zip."),
}


def deflated(inside: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in inside:
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_data_set_gets_a_sentence_and_leaves_nothing(name):
    make, sentence = REFUSED[name]
    with pytest.raises((PictureError, DatasetError)) as caught:
        Import(read_upload(make()), Turning()).keep()
    assert str(caught.value).startswith(sentence) and "\n" not in str(caught.value)
    assert not own.own_folder().exists()


def test_what_is_mixed_with_pictures_is_left_out():
    mixed = [*files(), ("notes.txt", b"text"), ("lies.png", b"GIF89a"), ("a/deep/in.zip", zipped(files(1)))]
    upload = read_upload(zipped(mixed))
    assert upload.skipped == 3 and Import(upload, Turning(side=8)).keep().name == imported().name


def test_there_is_room_for_so_many_sets_and_so_many_bytes(monkeypatch):
    kept = [imported(side=side).name for side in (8, 9)]
    monkeypatch.setattr(own, "MOST_SETS", 2)
    with pytest.raises(
        DatasetError, match=r"^There is no room .* at most 2 data sets and 200 MB are kept; delete one first"
    ):
        imported(side=10)
    assert imported(side=9).name == kept[1], "what is there already needs no room"
    monkeypatch.setattr(own, "MOST_SETS", 20)
    monkeypatch.setattr(own, "MOST_BYTES", 20_000)
    with pytest.raises(DatasetError, match="There is no room"):
        imported(side=20)
    assert not left_over()
    monkeypatch.setattr(own, "MOST_BYTES", 10**8)
    dataset(kept[0]).remove()
    assert imported(side=20).present()


KILLED = """
import os, pathlib, sys
from ae_core.datasets import own
from ae_core.own_pictures import read_upload
from ae_core.picture_sets import Import, Turning
setattr(own, sys.argv[2], lambda *arguments: os._exit(9))
Import(read_upload(pathlib.Path(sys.argv[1]).read_bytes()), Turning(side=8)).keep()
"""


@pytest.mark.parametrize("where", ["write_bytes", "write_json"])
def test_killed_half_way_there_is_no_half_data_set_and_the_rest_is_swept_away(where, tmp_path):
    (tmp_path / "p.zip").write_bytes(zipped(files()))
    assert finished("-c", KILLED, str(tmp_path / "p.zip"), where).returncode == 9
    assert not own.own_entries() and len(left_over()) == 1
    imported()
    assert len(left_over()) == 1, "another process may still be at work there"
    long_ago = time.time() - 2 * own.HALF_MADE_S
    os.utime(left_over()[0], (long_ago, long_ago))
    imported(side=9)
    assert not left_over() and len(own.own_entries()) == 2


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AE_RUNS", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match=r"cannot be written .*set AE_RUNS"):
        imported()


def test_a_damaged_set_is_a_sentence_and_importing_it_again_mends_it():
    entry = imported()
    path = own.own_folder() / entry.name / own.PICTURES
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DatasetError, match=r"are damaged: their checksum differs; delete them and import them again"):
        dataset(entry.name).load()
    assert imported().name == entry.name and len(dataset(entry.name).load().train) == 48
    (path.parent / own.RECORD).write_text("{")
    assert not dataset(entry.name).present()
    assert imported().present() and not left_over()


@pytest.mark.parametrize("name", ["own", "own-28-grey-1-xyz", "own-7-grey-1-" + "0" * 16, "own-65-grey-1-" + "0" * 16,
    "own-28-grey-11-" + "0" * 16, "../own-28-grey-1-" + "0" * 16, "own-28-grey-1-" + "0" * 16 + "/.."])  # fmt: skip
def test_a_name_that_no_pictures_could_have_is_unknown(name):
    with pytest.raises(DatasetError, match="there is no such data set"):
        dataset(name)


# --- runs on it -------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(store: Store) -> Run:
    """A finished run on own pictures in colour."""
    entry = imported(colour=True)
    run = store.create(recipe("vae", entry.name, {"latent": 4, "hidden": [16]}, {"epochs": 3}), origin="app")
    assert execute(run).state == "done"
    return run


def test_another_process_trains_on_it_and_measures_it(store):
    entry = imported()
    made = recipe("vanilla", entry.name, {"latent": 4}, {"epochs": 2})
    run = store.create(made, origin="app")
    answer_of(f"from ae_core.execution import execute_by_id; execute_by_id({str(store.root)!r}, {run.id!r})")
    assert run.status().state == "done", run.status().error
    said = finished("-m", "ae_core", "evaluate", run.id, "--json")
    assert said.returncode == 0 and f'"dataset": "{entry.name}"' in said.stdout


def test_the_program_of_a_run_trains_the_same_from_the_exported_pictures(run, tmp_path):
    from test_script import loss_alone

    made = run.recipe()
    (tmp_path / f"{made.dataset}.safetensors").write_bytes(made.data.packed())
    assert loss_alone(made, tmp_path) == pytest.approx(run.status().test["loss"], rel=1e-6, abs=0)


def test_a_run_whose_pictures_were_deleted_opens_says_so_and_keeps_its_codes(run, store):
    made = run.recipe()
    wanted = run.load()[0].encode(made.data.load().test.images)
    made.data.remove()
    assert made.dataset not in datasets() and not made.data.present() and run.recipe() == made
    with pytest.raises(DatasetError, match=r"no longer here: they were deleted; bring the same zip along again"):
        made.data.load()
    codes, labels = run.codes()
    torch.testing.assert_close(codes, wanted)
    assert labels.bincount().tolist() == [4, 4, 4]
    again = store.create(made, origin="app")
    assert "they were deleted" in execute(again).error
    imported(colour=True)
    assert execute(again).state == "done" and again.status().test == run.status().test


def test_a_run_that_goes_on_drops_the_codes_of_its_old_weights(store, look_always):
    from small_runs import stop_at

    entry = imported()
    run = store.create(recipe("vanilla", entry.name, {"latent": 4}, {"epochs": 5}), origin="app")
    execute(run, stop_at(run, 2))
    early = run.codes()[0]
    run.clear_stop()
    seen = []
    execute(run, lambda step: seen.append(run.codes()))
    assert seen and seen == [None] * len(seen) and not torch.equal(run.codes()[0], early)


# --- pages ------------------------------------------------------------------------------------------------------------


def open_page(name: str, **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return " ".join(str(e.value) for e in [*app.error, *app.info, *app.warning, *app.get("toast")])


SMALLEST = {"grey, one class": (False, ("a",)), "colour, eight classes": (True, "abcdefgh")}
VISITS = [
    ("train", {}), *(("reconstruct", {"section": s}) for s in ("test", "drawing", "upload", "foreign", "sizes", "path")),
    *(("generate", {"section": s}) for s in ("samples", "manifold", "numbers", "between", "arithmetic", "prior")),
    *(("latent", {"map": kind}) for kind in ("pca", "dims", "three")), ("denoise", {}), ("compare", {}),
]  # fmt: skip


@pytest.mark.parametrize("kind", SMALLEST)
def test_every_page_shows_the_smallest_set_and_says_when_it_is_gone(kind, store):
    colour, folders = SMALLEST[kind]
    entry = imported(files(40, folders), colour=colour)
    made = recipe("convolutional", entry.name, {"latent": 16, "hidden": [4]}, {"epochs": 1})
    run = store.create(made, origin="app")
    assert execute(run).state == "done", run.status().error
    for name, more in VISITS:
        app = open_page(name, run=run.id, runs=run.id, **more)
        assert not app.error and "no longer here" not in said(app), (name, more, said(app))
    entry.remove()
    for name, more in VISITS:
        app = open_page(name, run=run.id, runs=run.id, **more)
        assert "they were deleted" in said(app), (name, more, said(app))


def test_a_zip_is_kept_chosen_and_deleted_on_the_train_page():
    app = open_page("train")
    app.file_uploader(key="own_zip").upload("p.zip", zipped([*files(), ("x.txt", b"")]), "application/zip").run()
    app.number_input(key="side").set_value(16).run()
    shown = " ".join(getattr(element.proto, "body", "") for element in app.get("html"))
    assert "60 pictures in 3 folders; 1 other files are left out" in shown
    app.button(key="own_keep").click().run()
    assert not app.exception and not app.error
    (name,) = own.own_entries()
    assert name.startswith("own-16-grey-3-") and app.selectbox(key="dataset").value == name
    app.button(key="own_delete_yes").click().run()
    assert not app.exception and not own.own_entries() and app.selectbox(key="dataset").value == "digits"


def test_a_zip_that_is_no_data_set_gets_its_sentence_on_the_train_page():
    app = open_page("train")
    app.file_uploader(key="own_zip").upload("p.zip", zipped(files(3)), "application/zip").run()
    app.button(key="own_keep").click().run()
    assert "3 different pictures: a data set must have at least 40" in app.error[0].value and not app.exception
    app.file_uploader(key="own_zip").upload("p.zip", b"PK\x05\x06 nothing", "application/zip").run()
    assert [error.value for error in app.error] == [SENTENCES["broken"]]


# --- command line -----------------------------------------------------------------------------------------------------


def test_the_command_line_imports_lists_trains_and_deletes(command, tmp_path):
    (tmp_path / "p.zip").write_bytes(zipped([*files(), ("x.txt", b"")]))
    status, out, err = command("import-pictures", str(tmp_path / "p.zip"), "--side", "8", "--colour", "true")
    assert (status, err) == (0, "")
    name = out.split(":")[0]
    assert name.startswith("own-8-colour-3-") and "48 pictures to learn from, 12 to test on." in out
    assert "\n1 files of the zip were left out" in out and name in command("list")[1]
    status, out, _ = command("train", "vanilla", "--dataset", name, "--epochs", "1", "--json")
    assert status == 0 and f'"dataset": "{name}"' in out
    assert command("delete-pictures", name) == (0, f"{name} is deleted.\n", "")
    assert not own.own_entries() and not left_over()
    for wrong in (["delete-pictures", name], ["delete-pictures", "digits"], ["train", "vanilla", "--dataset", name],
                  ["import-pictures", str(tmp_path)], ["import-pictures", str(tmp_path / "p.zip"), "--side", "7"]):  # fmt: skip
        status, out, err = command(*wrong)
        assert (status, out, err.count("\n")) == (2, "", 1), (wrong, err)
