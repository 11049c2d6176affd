"""A zip as a data set: divided by a fixed rule, kept whole or not at all, found by every process, and deleted."""

from __future__ import annotations

import io
import os
import random
import time

import numpy as np
import pytest
import torch
from fresh_python import finished
from own_zips import deflated, files, imported, left_over, locked, picture, zipped
from PIL import Image

from ae_core import durable
from ae_core.datasets import DatasetError, dataset, datasets, own
from ae_core.knobs import KnobError
from ae_core.pictures.set_import import Turning, import_set
from ae_core.pictures.upload import SENTENCES, PictureError, read_upload

# --- what becomes of a zip --------------------------------------------------------------------------------------------


def test_every_picture_is_in_one_of_the_parts_turned_as_asked():
    entry = imported(side=10, colour=True)
    split = entry.load()
    assert entry.shape == (3, 10, 10) and (len(split.train), len(split.test)) == (48, 12)
    middle = Image.open(io.BytesIO(picture(7))).crop((5, 0, 35, 30))
    area = np.asarray(middle).reshape(10, 3, 10, 3, 3).mean((1, 3)).transpose(2, 0, 1) / 255
    everything = torch.cat([split.train.images[:], split.test.images[:]]).numpy()
    assert np.abs(everything - area).max(axis=(1, 2, 3)).min() < 0.01


@pytest.mark.parametrize(("pictures", "epochs"), [(32, 500), (160, 500), (960, 200), (1600, 200), (60_000, 5)])
def test_few_pictures_are_not_trained_on_until_they_are_known_by_heart(pictures, epochs):
    """The lengths that docs/lengths.md measured: at most 500 passes, however few pictures there are."""
    assert own._epochs(pictures) == epochs


def test_negative_and_bars_are_other_data_sets():
    names = {
        imported(**knobs).name for knobs in ({}, {"negative": True}, {"cut": "whole"}, {"colour": True}, {"side": 9})
    }
    assert len(names) == 5 and names <= datasets().keys()
    plain, negative = imported().load().train.images[:].mean(), imported(negative=True).load().train.images[:].mean()
    assert float(plain + negative) == pytest.approx(1, abs=0.02)


def test_the_same_pictures_in_the_same_folders_are_the_same_data_set_in_any_order():
    first = imported()
    mixed = [(f"deeper/{name[0]}/{k}", data) for k, (name, data) in enumerate(files())]
    random.Random(0).shuffle(mixed)
    again = imported(mixed)
    assert again.name == first.name and len([name for name in datasets() if name.startswith("own")]) == 1
    assert torch.equal(again.load().test.images[:], first.load().test.images[:])


def test_every_class_has_its_share_of_both_parts_and_both_are_mixed():
    split = imported().load()
    assert split.test.labels.bincount().tolist() == [4, 4, 4] and split.train.labels.bincount().tolist() == [16, 16, 16]
    assert (split.train.labels.diff() != 0).sum() > 10 and (split.test.labels.diff() != 0).sum() > 3


def test_a_picture_that_is_there_twice_is_kept_once():
    split = imported([*files(), *[(f"copy/{name}", data) for name, data in files(30)]]).load()
    assert len(split.train) + len(split.test) == 60


def test_no_name_that_is_not_a_short_plain_word_is_kept_anywhere(tmp_path):
    entry = imported(files(folders=("<b>secret</b>", "secret" * 9, "C:\\se:cret")))
    shown = f"{entry.name} {entry.title} {entry.about} {entry.source} {entry.classes}"
    assert "secret" not in shown and entry.classes == ("no. 1", "no. 2", "no. 3")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written and all(b"cret" not in path.read_bytes() and "cret" not in path.name for path in written)
    assert {path.parent for path in written} == {own.own_folder() / entry.name}


@pytest.mark.parametrize("side", [7, 65, 8.5, "8"])
def test_a_side_that_no_model_takes_is_refused(side):
    with pytest.raises(KnobError, match=r"^side = "):
        Turning(side=side)


# --- what is refused, with one sentence and nothing left behind -------------------------------------------------------


REFUSED = {
    "bomb": (lambda: deflated([(f"{k}.png", b"BM" + bytes(19_000_000)) for k in range(12)]), SENTENCES["inflated"]),
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


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_data_set_gets_a_sentence_and_leaves_nothing(name):
    make, sentence = REFUSED[name]
    with pytest.raises((PictureError, DatasetError)) as caught:
        import_set(read_upload(make()), Turning())
    assert str(caught.value).startswith(sentence) and "\n" not in str(caught.value)
    assert not own.own_folder().exists()


def test_what_is_mixed_with_pictures_is_left_out():
    mixed = [*files(), ("notes.txt", b"text"), ("lies.png", b"GIF89a"), ("a/deep/in.zip", zipped(files(1)))]
    upload = read_upload(zipped(mixed))
    assert sum(upload.left_out.values()) == 3 and import_set(upload, Turning(side=8)).data.name == imported().name


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
from ae_core.pictures.upload import read_upload
from ae_core.pictures.set_import import import_set, Turning
setattr(own, sys.argv[2], lambda *arguments: os._exit(9))
import_set(read_upload(pathlib.Path(sys.argv[1]).read_bytes()), Turning(side=8))
"""


@pytest.mark.parametrize("where", ["write_bytes", "write_json"])
def test_killed_half_way_there_is_no_half_data_set_and_the_rest_is_swept_away(where, tmp_path):
    (tmp_path / "p.zip").write_bytes(zipped(files()))
    assert finished("-c", KILLED, str(tmp_path / "p.zip"), where).returncode == 9
    assert not own.own_entries() and len(left_over()) == 1
    imported()
    assert len(left_over()) == 1, "another process may still be at work there"
    long_ago = time.time() - 2 * durable.HALF_MADE_S
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
    "own-28-grey-201-" + "0" * 16, "own-28-grey-0-" + "0" * 16, "../own-28-grey-1-" + "0" * 16, "own-28-grey-1-" + "0" * 16 + "/.."])  # fmt: skip
def test_a_name_that_no_pictures_could_have_is_unknown(name):
    with pytest.raises(DatasetError, match="there is no such data set"):
        dataset(name)
