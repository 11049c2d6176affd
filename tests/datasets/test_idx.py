"""MNIST and its like are mapped from their files: once for all processes, and only where the files are whole."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path

import pytest
import torch

from ae_core.datasets import DATASETS, DatasetError
from ae_core.datasets.download import FILES
from ae_core.datasets.idx import read_idx

PIXELS = torch.randint(0, 256, (30, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(30).to(torch.uint8) % 10


def file_of(values: torch.Tensor) -> bytes:
    """The values as MNIST came."""
    head = struct.pack(f">{1 + values.dim()}I", 0x0800 + values.dim(), *values.shape)
    return head + values.numpy().tobytes()


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with thirty pictures for training and as many for testing, where MNIST is looked for."""
    monkeypatch.setenv("AE_DATA", str(tmp_path))
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(file_of(PIXELS if "images" in name else LABELS))
    return folder


def packed(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def is_what_was_written() -> bool:
    split = DATASETS["mnist"].load()
    return all(
        torch.equal(part.images[:, 0], PIXELS.float() / 255) and part.labels.tolist() == LABELS.tolist()
        for part in (split.train, split.test)
    )


def test_pictures_are_read_as_they_were_written(raw):
    assert DATASETS["mnist"].present() and is_what_was_written()


@pytest.mark.parametrize("some", [FILES, FILES[:1]], ids=["all", "one"])
def test_files_that_are_packed_only_are_read_too(raw, some):
    for name in some:
        packed(raw / name)
    assert DATASETS["mnist"].present() and is_what_was_written()
    assert sorted(path.name for path in raw.iterdir()) == sorted(f"{n}.gz" if n in some else n for n in FILES)


def test_half_of_the_files_is_not_the_data_set(raw):
    (raw / FILES[3]).unlink()
    assert not DATASETS["mnist"].present()
    with pytest.raises(DatasetError, match="must be downloaded once"):
        DATASETS["mnist"].load()


def test_pictures_stay_where_their_files_are_taken_away(raw):
    DATASETS["mnist"].load()
    shutil.rmtree(raw)
    assert is_what_was_written()


WRONG = {
    "cut off": (lambda data: data[:-100], r"train-images-idx3-ubyte has 23,436 bytes instead of 23,536"),
    "too long": (lambda data: data + b"..", r"has 23,538 bytes instead of 23,536"),
    "empty": (lambda data: b"", "train-images-idx3-ubyte is empty"),
    "no header": (lambda data: data[:7], "has 7 bytes instead of"),
    "a page of the web": (lambda data: b"<!DOCTYPE html>" + data, "begins with 3c21444f instead of 00000803"),
    "labels": (lambda data: file_of(LABELS), "begins with 00000801 instead of 00000803"),
    "fewer": (lambda data: file_of(PIXELS[:29]), "do not hold 28x28 pictures and a label below 10 of each"),
    "none": (lambda data: file_of(PIXELS[:0]), "do not hold 28x28 pictures"),
    "of another size": (lambda data: file_of(PIXELS[:, :20]), "do not hold 28x28 pictures"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_damaged_file_is_one_sentence_with_its_remedy(raw, wrong):
    damage, told = WRONG[wrong]
    path = raw / FILES[0]
    path.write_bytes(damage(path.read_bytes()))
    remedy = r": they must be the original files; delete the folder MNIST in AE_DATA and download it again\.$"
    with pytest.raises(DatasetError, match=rf"^The files of MNIST cannot be read \(.*{told}.*\){remedy}") as said:
        DATASETS["mnist"].load()
    assert str(raw.parent.parent) not in str(said.value)  # visitors read it, too


def test_labels_without_a_class_are_told(raw):
    (raw / FILES[1]).write_bytes(file_of(LABELS + 1))
    with pytest.raises(DatasetError, match="a label below 10 of each"):
        DATASETS["mnist"].load()


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"no gzip at all"], ids=["cut off", "other"])
def test_a_damaged_packed_file_is_one_sentence_too(raw, damage):
    packed(raw / FILES[0])
    path = raw / f"{FILES[0]}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DatasetError, match=r"cannot be read \(.*download it again\.$"):
        DATASETS["mnist"].load()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what is mapped")
def test_pictures_are_mapped_and_not_copied(tmp_path):
    path = tmp_path / FILES[0]
    path.write_bytes(before := file_of(PIXELS))
    values = read_idx(path, 3)
    assert values.sum() == PIXELS.sum()  # every page was looked at
    mapping = Path("/proc/self/smaps").read_text().split(f" {path}\n")[1]
    numbers = {line.split(":")[0]: int(line.split()[1]) for line in mapping.splitlines()[:20] if line.endswith("kB")}
    assert numbers["Rss"] > 20 and numbers["Anonymous"] == 0
    values.zero_()  # nobody does; it must not reach the file, nor other processes
    assert path.read_bytes() == before
