"""What people bring becomes a data set with its classes and its division, and everything left out is counted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from archives import ALONE, DIGITS, JUNK, OTHERS, TEN, TRAIN_TEST, VARIANTS, folders, small
from own_zips import Files, imported, zipped
from PIL import Image
from safetensors.torch import save

from ae_core.datasets import dataset, own
from ae_core.pictures import upload
from ae_core.pictures.names import BEYOND, MOST_CLASSES, NO_CLASS, TEST, plain
from ae_core.pictures.set_import import Kept, Turning, arranged, import_set, outlook
from ae_core.pictures.upload import REASONS, SENTENCES, PictureError, read_file, read_upload
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe


def kept(inside: Files) -> Kept:
    made = import_set(read_upload(zipped(inside)), Turning(side=8))
    assert made.train + made.test == len(made.data.load().train) + len(made.data.load().test)
    assert (len(made.data.load().train), len(made.data.load().test)) == (made.train, made.test)
    for n in (made.train, made.test, *made.left_out.values()):
        assert f"{n:,} " in made.sentence
    return made


# --- classes and parts, and what is left out --------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_classes_parts_and_the_rest(variant):
    inside, classes, parts, left_out = VARIANTS[variant]
    made = kept(inside)
    assert (made.data.classes, (made.train, made.test), dict(made.left_out)) == (tuple(classes), parts, left_out)
    unseen = len(JUNK) * (variant == "junk") + (variant == "a table of labels")
    assert made.train + made.test + sum(made.left_out.values()) == len(inside) - unseen


def test_a_division_that_came_is_kept_picture_by_picture():
    split = kept(TRAIN_TEST).data.load()
    for part, name in ((split.train, "training"), (split.test, "testing")):
        wanted = {
            np.asarray(Image.open(io.BytesIO(data))).tobytes(): path.split("/")[2]
            for path, data in TRAIN_TEST
            if name in path
        }
        got = {
            (image * 255).round().to(torch.uint8).numpy().tobytes(): str(int(label))
            for image, label in zip(part.images, part.labels, strict=True)
        }
        assert got == wanted


def test_what_is_told_before_they_are_kept_is_what_becomes_of_them():
    for inside in (TEN, TRAIN_TEST, [*TEN, *[(f"copy/{name}", data) for name, data in TEN[:7]]]):
        upload = read_upload(zipped(inside))
        assert outlook(upload) == import_set(upload, Turning(side=8)).sentence


@pytest.mark.parametrize("column", ["split", "Usage"])
@pytest.mark.parametrize("called", ["label", "breed"])
def test_a_table_of_labels_may_divide_the_pictures_too(column, called):
    lines = [f"{k}.png,{'ab'[k % 2]},{'test' if k % 5 == 0 or k > 44 else 'train'}" for k in range(60)]
    table = ("labels.csv", "\n".join([f"file,{called},{column}", *lines]).encode())
    made = kept([*folders("img/{k}.png", "a", 62), table])
    assert (made.train, made.test, made.data.classes) == (36, 24, ("a", "b"))
    assert made.left_out == {"in neither part": 2} and "divided as they came" in made.sentence


def test_a_table_may_divide_pictures_whose_folders_are_their_classes():
    names = [name for name, _ in TEN]
    table = "\n".join(["file,split", *(f"{name},{'test' if k % 5 else 'train'}" for k, name in enumerate(names))])
    upload = read_upload(zipped([*TEN, ("split.csv", table.encode())]))
    assert [upload.parts.count(part) for part in (0, TEST)] == [10, 40] and upload.classes == tuple(DIGITS)
    assert not upload.left_out


def test_a_picture_of_both_parts_is_never_learned_from():
    again = [(f"m/testing/0/{k}-copy.png", data) for k, (_, data) in enumerate(TRAIN_TEST[:30])]
    made = kept(TRAIN_TEST + again)
    assert (made.train, made.test, made.left_out) == (50, 80, {"there twice": 30})


def test_of_too_many_pictures_every_class_keeps_its_share_and_a_text_is_no_picture():
    many = folders("d/{c:02}/{k:04}.png", range(7), 300) + [(f"d/{k}.txt", b"text") for k in range(3)]
    made = kept(many)
    assert made.left_out == {"not a picture": 3, "too many": 100} and made.train + made.test == 2000
    counts = made.data.load().train.labels.bincount() + made.data.load().test.labels.bincount()
    assert counts.tolist() == [285, 285, 286, 286, 286, 286, 286]
    assert "100 too many (at most 2,000 are taken, evenly over the classes)" in made.sentence


def test_more_classes_than_allowed_are_left_out_by_name_of_the_reason():
    inside = folders("c{c}/{k}.png", range(MOST_CLASSES), 3) + folders("rare{c}/{k}.png", range(5), 2, first=50)
    made = kept(inside)
    assert len(made.data.classes) == MOST_CLASSES and made.left_out == {"too many classes": 10}
    assert made.data.name.split("-")[3] == "200" and dataset(made.data.name).classes == made.data.classes


def test_too_few_for_one_of_the_parts_is_a_sentence():
    few = folders("train/{c}/{k}.png", "ab", 30) + folders("test/{c}/{k}.png", "ab", 3, first=50)
    with pytest.raises(
        ValueError, match=r"divided into 60 pictures to learn from and 6 to test on: .* at least 32 and 8"
    ):
        kept(few)


def test_pictures_for_testing_without_classes_are_told_as_the_cause():
    without = folders("cats/test/{k}.png", "x", 20, first=50)
    with pytest.raises(
        ValueError, match=r"^20 pictures to test on have no class, .* 60 are there to learn from and 0 to test on"
    ):
        kept(folders("cats/train/{c}/{k}.png", "ab", 30) + without)
    kept(folders("cats/train/{c}/{k}.png", "ab", 30))  # as the sentence says
    table = ("train.csv", "\n".join(["id,label", *(f"{k}.png,{'ab'[k % 2]}" for k in range(60))]).encode())
    with pytest.raises(ValueError, match=r"^20 pictures to test on have no class"):
        kept([*folders("train/{k}.png", "a", 60), *folders("test/{k}.png", "x", 20, first=100), table])


def test_nothing_depends_on_the_order_in_which_pictures_came():
    images = torch.randint(0, 256, (90, 1, 8, 8), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    images[80:] = images[:10]
    labels = [k % 3 if k % 7 else NO_CLASS for k in range(85)] + [BEYOND] * 5
    parts = [TEST if k % 4 == 0 else 0 for k in range(90)]
    digests = [image.numpy().tobytes() for image in images]
    first = arranged(digests, labels, parts)
    mixed = torch.randperm(90, generator=torch.Generator().manual_seed(1))
    again = arranged([digests[k] for k in mixed], [labels[k] for k in mixed], [parts[k] for k in mixed])
    assert torch.equal(images[first.order], images[mixed][again.order])
    assert torch.equal(first.labels, again.labels) and torch.equal(first.for_test, again.for_test)
    assert len(first.order) + len(first.left_out) == 90


# --- names ------------------------------------------------------------------------------------------------------------


def test_names_stay_where_they_are_short_plain_words_and_others_are_numbered():
    told = ["2", "10", "Größe", "あ", "<script>alert(1)<b>", "[x](javascript:1)", "no. 4", "w" * 99]
    made = kept(folders("d/{c}/{k}.png", told, 6))
    assert made.data.classes == ("2", "10", "no. 3", "no. 4.", "Größe", "no. 4", "no. 7", "あ")
    assert all(map(plain, made.data.classes))


def test_utf_8_that_does_not_say_so_is_read_as_it_was_meant():
    data = zipped(folders("{c}/{k}.png", ["BXXr", "Kuh"], 25))
    assert read_upload(data.replace(b"BXXr", "Bär".encode())).classes == ("Bär", "Kuh")


def test_the_pictures_under_other_names_are_another_data_set():
    assert kept(folders("{c}/{k}.png", "ab", 25)).data.name != kept(folders("{c}/{k}.png", "xy", 25)).data.name


@pytest.mark.parametrize(
    "wrong",
    [{"classes": ["<b>", "x"]}, {"classes": ["a", "a"]}, {"classes": ["a\n", "b"]}, {"classes": [1, 2]}, {"classes": "ab"},
     {"classes": [None] * 201}, {"labels": [2]}, {"labels": [-3]}, {"labels": ["0"]}, {"labels": [0, 0]}, {"labels": [True]},
     {"parts": [2]}, {"parts": ["x"]}, {"parts": [[]]}, {"left_out": {"<b>": 1}}, {"left_out": {"too many": -1}},
     {"left_out": {"too many": "9"}}, {"left_out": []}, {"left_out": {"too many": 10**9}}, {"unknown": None},
     {"pictures": [[1, 3, 1]] * 2}, {"error": "row", "numbers": []}, {"error": "row", "numbers": ["<b>", 1, 1]},
     {"error": "values", "numbers": [float("inf")]}, {"error": "row", "numbers": [float("inf")] * 3}],
)  # fmt: skip
def test_names_and_counts_of_the_decoder_are_not_believed(monkeypatch, wrong):
    right = {"pictures": [[1, 3, 1]], "labels": [0], "parts": [0], "classes": ["a", None], "left_out": {}, "unknown": 0,
             "whole_set": True}  # fmt: skip
    monkeypatch.setattr(upload, "_decoded", lambda data: json.dumps(right).encode() + b"\nabc")
    assert read_upload(b"x").classes == ("a", "no. 2")
    monkeypatch.setattr(upload, "_decoded", lambda data: json.dumps(right | wrong).encode() + b"\nabc")
    with pytest.raises(PictureError) as caught:
        read_upload(b"x")
    assert str(caught.value) == SENTENCES["limits"]


def test_every_reason_is_told_in_plain_words():
    for reason, rule in REASONS.items():
        assert reason[0].islower() and not reason.endswith(".") and not rule.endswith(".")


# --- other things -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", OTHERS)
def test_another_thing_gets_one_sentence_with_the_remedy(what):
    data, reason = OTHERS[what]
    with pytest.raises(PictureError) as caught:
        read_upload(data)
    assert str(caught.value) == SENTENCES[reason] and not own.own_folder().exists()


# --- a folder ---------------------------------------------------------------------------------------------------------


def laid_out(folder: Path, inside: Files) -> Path:
    for name, data in inside:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_a_folder_is_what_its_zip_is(tmp_path):
    folder = laid_out(tmp_path / "mine", [*TRAIN_TEST, *JUNK])
    made = import_set(read_file(str(folder)), Turning(side=8))
    assert made.data.name == kept(TRAIN_TEST).data.name and not made.left_out


def test_a_link_is_not_followed_out_of_the_folder_nor_into_another(tmp_path):
    laid_out(tmp_path / "outside", [("secret.png", small(1))])
    folder = laid_out(tmp_path / "mine", [*TEN, (".hidden/x.png", small(2))])
    (folder / "digits/0/out.png").symlink_to(tmp_path / "outside/secret.png")
    (folder / "digits/out").symlink_to(tmp_path / "outside")
    (folder / "digits/round").symlink_to(folder)
    (folder / "digits/0/hidden.png").symlink_to(folder / ".hidden/x.png")
    (folder / "digits/0/nowhere.png").symlink_to(folder / "nothing.png")
    os.mkfifo(folder / "digits/0/pipe.png")
    (folder / "digits/1/twice.png").symlink_to(folder / "digits/0/0.png")
    upload = read_file(str(folder))
    assert len(upload.pictures) == 51 and upload.left_out == {"cannot be read": 6}
    assert import_set(upload, Turning(side=8)).left_out == {"cannot be read": 6, "there twice": 1}


def test_a_folder_that_is_too_much_or_empty_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PictureError, match="holds no picture"):
        read_file(str(tmp_path / "empty"))
    monkeypatch.setattr("ae_core.pictures.folders.ENTRIES", 49)
    with pytest.raises(PictureError, match="This folder holds too much"):
        read_file(str(laid_out(tmp_path / "mine", TEN)))


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_line_prints_what_became_of_everything(command, tmp_path):
    inside = [*TEN, ("digits/preview.png", small(ALONE)), ("digits/readme.txt", b"x"), *JUNK]
    (tmp_path / "d.zip").write_bytes(zipped(inside))
    status, out, err = command("import-pictures", str(tmp_path / "d.zip"), "--side", "16", "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    record = json.loads(out)
    assert list(record) == ["dataset", "train", "test", "classes", "left_out"]
    assert record["dataset"] in own.own_entries() and record["classes"] == DIGITS
    assert (record["train"], record["test"]) == (40, 10)
    assert record["left_out"] == {"not a picture": 1, "without a class": 1}
    status, out, err = command("import-pictures", str(laid_out(tmp_path / "d", inside)), "--side", "16")
    assert (status, err) == (0, "") and out.startswith(
        f"{record['dataset']}: 40 pictures to learn from and 10 to test on, in "
    )
    assert out.endswith(" Left out: 1 not a picture, 1 without a class (beside the folders of the classes, or not in the "
                        "table of labels).\n")  # fmt: skip
    (tmp_path / "one.zip").write_bytes(zipped(folders("{k}.png", "a", 50)))
    assert json.loads(command("import-pictures", str(tmp_path / "one.zip"), "--json")[1])["classes"] == [], "as it says"
    (tmp_path / "n.zip").write_bytes(OTHERS["zip in a zip"][0])
    assert command("import-pictures", str(tmp_path / "n.zip"), "--json") == (2, "", SENTENCES["nested"] + "\n")


# --- kept -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_data_set_that_an_older_program_kept_still_opens_and_trains(store):
    images = torch.randint(0, 256, (50, 1, 8, 8), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    data = save({"images": images, "labels": torch.arange(50) % 2})
    digest = hashlib.sha256(data).hexdigest()
    folder = own.own_folder() / f"own-8-grey-2-{digest[:16]}"
    folder.mkdir(parents=True)
    (folder / own.PICTURES).write_bytes(data)
    record = {"format": 1, "sha256": digest, "pictures": 50, "created": time.time()}
    (folder / own.RECORD).write_text(json.dumps(record))
    (entry,) = own.own_entries().values()
    assert entry.classes == ("1", "2") and entry.present()
    assert torch.equal(entry.load().test.images[:], images[4::5].float() / 255)
    run = store.create(recipe("vanilla", entry.name, {"latent": 4}, {"epochs": 1}), origin="app")
    assert execute(run).state == "done"


@pytest.mark.parametrize(
    "names", [None, "ab", ["a"], ["a", "a"], ["a", "<b>"], ["a", 2], ["a", "b", "c"], {"a": 1, "b": 2}]
)
def test_a_record_with_other_names_than_a_data_set_has_shows_numbers(names):
    entry = imported(folders("{c}/{k}.png", "ab", 25))
    path = own.own_folder() / entry.name / own.RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"classes": names}))
    assert dataset(entry.name).classes == ("1", "2")
