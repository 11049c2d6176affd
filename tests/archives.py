"""What people bring: archives of pictures in every layout, and files that are none."""

from __future__ import annotations

import io
import string
import tarfile
from collections.abc import Iterable

import numpy as np
from own_zips import Files, deflated, zipped
from PIL import Image


def small(k: int) -> bytes:
    """A PNG of 8x8 that no other number gives."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(k).integers(0, 256, (8, 8), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def folders(pattern: str, classes: Iterable[object], n: int, first: int = 0) -> Files:
    return [
        (pattern.format(c=c, k=k), small(10_000 * j + k))
        for j, c in enumerate(classes)
        for k in range(first, first + n)
    ]


ALONE = 999_999  # the number of a picture that no folder has
DIGITS = [str(k) for k in range(10)]
TEN = folders("digits/{c}/{k}.png", DIGITS, 5)
JUNK = [(name, b"junk") for name in (
    "__MACOSX/digits/0/._0.png", "digits/.DS_Store", "digits/3/.ipynb_checkpoints/0-checkpoint.png", "digits/Thumbs.db",
    "digits/desktop.ini", "digits/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg", "#recycle/0.png", ".git/HEAD",
)]  # fmt: skip
TRAIN_TEST = folders("m/training/{c}/{k}.png", DIGITS, 8) + folders("m/testing/{c}/{k}.png", DIGITS, 5, first=20)
VARIANTS: dict[str, tuple[Files, list[str], tuple[int, int], dict[str, int]]] = {
    "training and testing": (TRAIN_TEST, DIGITS, (80, 50), {}),
    "separators of another system": ([(name.replace("/", "\\"), data) for name, data in TRAIN_TEST], DIGITS, (80, 50), {}),
    "letters": (folders("asl/{c}/{k}.png", string.ascii_uppercase, 10), [*string.ascii_uppercase], (208, 52), {}),
    "a hundred classes of two": (folders("{c}/{k}.png", range(1, 101), 2), [str(k) for k in range(1, 101)], (160, 40), {}),
    "one beside the folders": ([*TEN, ("digits/preview.png", small(ALONE))], DIGITS, (40, 10), {"without a class": 1}),
    "one alone": ([*folders("{c}/{k}.png", "ab", 30), ("c/1.png", small(ALONE))], ["a", "b"], (48, 12),
                  {"alone in its class": 1}),
    "junk": ([*TEN, *JUNK], DIGITS, (40, 10), {}),
    "text and damage": ([*TEN, ("digits/readme.txt", b"hello"), ("digits/0/x.png", b"\x89PNG\r\n\x1a\n")], DIGITS, (40, 10),
                        {"not a picture": 1, "cannot be read": 1}),
    "copies": ([*TEN, ("digits/copy/0.png", TEN[0][1]), ("digits/copy/1.png", TEN[1][1])], DIGITS, (40, 10),
               {"there twice": 2}),
    "outside of both parts": ([*TRAIN_TEST, ("m/logo.png", small(ALONE)), ("m/extra/0/1.png", small(ALONE + 1))], DIGITS,
                              (80, 50), {"in neither part": 2}),
    "in both parts": ([*TRAIN_TEST, ("m/testing/3/again.png", TRAIN_TEST[0][1])], DIGITS, (79, 51), {"there twice": 1}),
    "one folder": (folders("all/{k}.png", "a", 50), ["picture"], (40, 10), {}),
    "no folder": (folders("{k}.png", "a", 50), ["picture"], (40, 10), {}),
    "a folder for each": (folders("{c}/only.png", range(50), 1), ["picture"], (40, 10), {}),
    "classes of one part": (folders("Train/{c}/{k}.png", "ab", 20) + folders("TEST/{c}/{k}.png", "bcd", 4, first=30), [*"abcd"],
                            (40, 12), {}),
    "validation beside both": (folders("train/{c}/{k}.png", "ab", 20) + folders("val/{c}/{k}.png", "ab", 5, first=30)
                               + folders("test/{c}/{k}.png", "ab", 5, first=40), ["a", "b"], (50, 10), {}),
    "validation instead of testing": (folders("a/Training/{c}/{k}.png", "ab", 20)
                                      + folders("a/validation/{c}/{k}.png", "ab", 5, first=30), ["a", "b"], (40, 10), {}),
    "parts inside of classes": (folders("d/{c}/train/{k}.png", "ab", 20) + folders("d/{c}/test/{k}.png", "ab", 5, first=30),
                                ["a", "b"], (40, 10), {}),
    "vehicles": (folders("v/{c}/{k}.png", ["train", "car", "bus"], 20), ["bus", "car", "train"], (48, 12), {}),
    "two depths": (folders("{c}/{k}.png", ["cat", "dog"], 20) + folders("dog/{c}/{k}.png", ["puppy"], 20, first=30),
                   ["cat", "dog", "puppy"], (48, 12), {}),
    "a table of labels": ([*folders("img/{k}.png", "a", 60), ("labels.csv", "\n".join(f"{k}.png,{'xyz'[k % 3]}" for k in range(50))
                           .encode())], ["x", "y", "z"], (40, 10), {"without a class": 10}),
    "a table whose label is not called so": ([*folders("img/{k}.png", "a", 50), ("labels.csv", b"name,size,kind\n" + b"\n".join(
        b"%d.png,8,%d" % (k, k % 3) for k in range(50)))], ["picture"], (40, 10), {"a table without labels": 1}),
    "a column for each class": ([*folders("img/{k}.png", "a", 50), ("y.csv", b"image,cat,dog\n" + b"\n".join(
        b"%d,%d,%d" % (k, k % 2, 1 - k % 2) for k in range(50)))], ["picture"], (40, 10), {"a table without labels": 1}),
    "a list of pictures": ([*TEN, ("list.txt", b"\n".join(b"%d/%d.png" % (c, k) for c in range(10) for k in range(5)))], DIGITS,
                           (40, 10), {"not a picture": 1}),
    "deeper": (folders("archive/dataset/images/{c}/{k}.png", ["no", "yes"], 25), ["no", "yes"], (40, 10), {}),
    "foreign names": (folders("{c}/{k}.png", ["猫", "犬", "<b>bold"], 20), ["no. 1", "犬", "猫"], (48, 12), {}),
}  # fmt: skip


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a/1.png")
        entry.size = len(small(1))
        archive.addfile(entry, io.BytesIO(small(1)))
    return file.getvalue()


def arrays(save_them: object = np.savez) -> bytes:
    file = io.BytesIO()
    save_them(file, np.zeros((9, 8, 8)))
    return file.getvalue()


OTHERS = {
    "zip in a zip": (deflated([("data/train.zip", zipped(TEN)), ("readme.txt", b"hello")]), "nested"),
    "tar in a zip": (deflated([("data.tar.gz", tarred())]), "nested"),
    "tar.gz": (tarred(), "packed"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "packed"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(99), "packed"),
    "npz": (arrays(), "arrays"),
    "npy": (arrays(np.save), "arrays"),
    "idx": (b"\0\0\x08\x03" + bytes(999), "arrays"),
    "mat": (b"MATLAB 5.0 MAT-file" + bytes(99), "arrays"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "arrays"),
    "texts": (deflated([("a.txt", b"x"), ("b.txt", b"x,y")]), "empty"),
}
