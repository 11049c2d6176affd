"""Pictures that somebody brought along, kept as data sets until somebody deletes them.

    <runs folder>/.pictures/own-28-grey-3-3f9a.../      side, grey or colour, classes, checksum
        pictures.safetensors   images (n, channels, side, side) uint8, labels (n,) int64, for_test (n,) bool
        set.json               format, checksum, how many pictures, how many of them for testing, names of the classes

The name is made of shape, number of classes and checksum, so it says all that a recipe has to record: the same
pictures in the same folders brought along again are the same data set, and a name whose pictures were deleted is still
a data set, one that is absent. The folder lies among the runs because every process that trains can read there.

A picture is for testing where the archive said so; where it said nothing, every fifth is. In format 1, which is read
but not written any more, there is no for_test, every fifth in order is for testing, and classes have no names.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import Tensor

from ae_core import records
from ae_core.datasets.base import Dataset, DatasetError, Images, Program, Split
from ae_core.durable import Damaged, remove_half_made, sync_folder, unwritable, write_bytes, write_json
from ae_core.pictures.names import plain
from ae_core.pictures.pictures import Pictures
from ae_core.places import runs_folder
from ae_core.waits import about_to_wait, patient

FORMATS = (1, 2)  # that are read; the last is written
NAME = re.compile(r"own-([89]|[1-5][0-9]|6[0-4])-(grey|colour)-([1-9][0-9]?|1[0-9]{2}|200)-[0-9a-f]{16}")
LEAST = 40  # pictures of a set: eight of them are for testing, as many as pages show at once
MOST_SETS, MOST_BYTES = 20, 200_000_000
EVERY = 5  # one picture of so many is for testing
STEPS, MOST_EPOCHS = (
    3000,
    500,
)  # steps of 128 pictures show the idea; more passes learn few pictures by heart (docs/lengths.md)
PICTURES, RECORD = "pictures.safetensors", "set.json"
_writing = threading.Lock()

__all__ = ["LEAST", "keep", "load_file", "own_entries", "own_entry"]


def own_folder() -> Path:
    """Where own pictures are kept; it may not exist yet."""
    return runs_folder() / ".pictures"


def own_entries() -> dict[str, Dataset]:
    """The data sets of own pictures that are here, by name, the newest first."""
    try:
        found = [path for path in own_folder().iterdir() if NAME.fullmatch(path.name) and (path / RECORD).is_file()]
        found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    except OSError:
        return {}
    return {path.name: _entry(path.name) for path in found}


def own_entry(name: str) -> Dataset | None:
    """The data set of that name, also where its pictures are no longer here; None where it is no such name."""
    return _entry(name) if NAME.fullmatch(name) else None


def _entry(name: str) -> Dataset:
    _, size, colour, number, digest = name.split("-")
    record = _record(name)
    side, pictures, test = int(size), record.get("pictures", 0), record.get("test", 0)
    classes = _names(record.get("classes"), int(number))
    kind = f"{side}×{side} pixels, {'in colour' if colour == 'colour' else 'grey'}"
    return Dataset(
        name=name,
        title=f"Own pictures {side}×{side} · {digest[:4]}",
        shape=(3 if colour == "colour" else 1, side, side),
        classes=classes,
        about=f"{pictures:,} pictures that somebody brought along, {kind}. {test:,} of them are for testing."
        + (f" They are of {len(classes)} classes." if len(classes) > 1 else ""),
        source="brought along by somebody",
        licence="as those who brought them have it",
        epochs=_epochs(pictures - test),
        load=functools.partial(_load, name),
        present=functools.partial(_present, name),
        program=Program(READ.format(name=name), {"load_file": __name__}),
        packed=functools.partial(_packed, name),
        remove=functools.partial(_remove, name),
    )


READ = """\
pictures = load_file("{name}.safetensors")  # exported beside this program
images = pictures["images"].float() / 255
for_test = pictures.get("for_test", torch.arange(len(images)) % 5 == 4)  # as kept, or every fifth
train, test = images[~for_test], images[for_test]"""


def _epochs(pictures: int) -> int:
    """Passes that are about `STEPS` steps: 1, 2 or 5 times a power of ten."""
    wanted = STEPS / max(1, -(-pictures // 128))
    return max(1, *(m * 10**k for m in (1, 2, 5) for k in range(4) if m * 10**k <= min(wanted, MOST_EPOCHS)))


def _record(name: str) -> dict[str, Any]:
    """What set.json says where it is whole, else nothing."""
    with contextlib.suppress(OSError, Damaged):
        match records.read(own_folder() / name / RECORD, records.OWN_SET):
            case {"format": 1, "pictures": n} as record if n >= LEAST:
                return record | {"test": n // EVERY}
            case {"format": 2, "pictures": n, "test": test} as record if n >= LEAST and 0 < test < n:
                return record
    return {}


def _names(recorded: Any, number: int) -> tuple[str, ...]:
    """The names of the classes as recorded, where they are such; else their numbers."""
    told = recorded if isinstance(recorded, list) and len(recorded) == number > 1 else [None]
    if all(isinstance(name, str) and plain(name) for name in told) and len(set(told)) == number:
        return tuple(told)
    return tuple(str(k + 1) for k in range(number)) if number > 1 else ("picture",)


def _present(name: str) -> bool:
    return bool(_record(name)) and (own_folder() / name / PICTURES).is_file()


def _packed(name: str) -> bytes:
    """The file of pictures. DatasetError where it is not here or not what its name says."""
    try:
        data = (own_folder() / name / PICTURES).read_bytes()
    except OSError as error:
        raise DatasetError(
            f"The own pictures {name} are no longer here: they were deleted; bring the same zip along again, turned to "
            "the same shape."
        ) from error
    if not name.endswith(hashlib.sha256(data).hexdigest()[:16]):
        raise DatasetError(
            f"The own pictures {name} are damaged: their checksum differs; delete them and import them again."
        )
    return data


def _load(name: str) -> Split:
    try:
        version = (own_folder() / name / PICTURES).stat().st_mtime_ns
    except OSError:
        version = 0
    return _read(str(own_folder()), name, version)


@functools.lru_cache(maxsize=4)
def _read(folder: str, name: str, version: int) -> Split:
    about_to_wait()
    try:
        tensors = load(_packed(name))
        images, labels = tensors["images"], tensors["labels"].long()
        for_test = tensors.get("for_test", torch.arange(len(images)) % EVERY == EVERY - 1)
    except (SafetensorError, KeyError) as error:
        raise DatasetError(
            f"The own pictures {name} cannot be read: they are damaged; delete them and import them again."
        ) from error
    return Split(*(Images(Pictures(images[part]), labels[part]) for part in (~for_test, for_test)))


def keep(images: Tensor, labels: Tensor, for_test: Tensor, classes: Sequence[str] = ()) -> Dataset:
    """Keep arranged pictures as a data set, unless it is there already.

    They are (n, channels, side, side) uint8, with classes (n,) int64, whether they are for testing (n,) bool, and the
    names of the classes, none where there is but one.

    Raises
        DatasetError: where there is no room for more, or the folder cannot be written.
    """
    data = save(
        {"images": images.contiguous(), "labels": labels, "for_test": for_test},
        {"classes": json.dumps(list(classes), allow_nan=False)},
    )
    digest = hashlib.sha256(data).hexdigest()
    colour = "grey" if images.shape[1] == 1 else "colour"
    name = f"own-{images.shape[2]}-{colour}-{max(1, len(classes))}-{digest[:16]}"
    record = {
        "format": FORMATS[-1],
        "sha256": digest,
        "pictures": len(images),
        "test": int(for_test.sum()),
        "classes": list(classes),
        "created": time.time(),
    }
    with patient(_writing):
        if not _whole(name):
            _require_room(len(data))
            _write(name, data, record)
    return _entry(name)


def _whole(name: str) -> bool:
    try:
        return _present(name) and bool(_packed(name))
    except DatasetError:
        return False


def _require_room(size: int) -> None:
    used = [(folder / PICTURES).stat().st_size for folder in map(own_folder().joinpath, own_entries())]
    if len(used) >= MOST_SETS or sum(used) + size > MOST_BYTES:
        raise DatasetError(
            f"There is no room for more own pictures: at most {MOST_SETS} data sets and {MOST_BYTES // 10**6} MB are "
            "kept; delete one first."
        )


def _write(name: str, data: bytes, record: dict[str, Any]) -> None:
    """Make the folder of a data set, whole or not at all."""
    folder = own_folder()
    aside = folder / f".{secrets.token_hex(8)}.part"
    try:
        aside.mkdir(parents=True)
        write_bytes(aside / PICTURES, data)
        write_json(aside / RECORD, record)
        if (folder / name).exists():  # damaged, or it would not be written
            _remove(name)
        os.replace(aside, folder / name)
        sync_folder(folder)
    except OSError as error:
        raise DatasetError(
            f"{unwritable(str(folder), error)}, or set AE_RUNS to another folder: own pictures are kept there."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        remove_half_made(folder)


def _remove(name: str) -> None:
    """Delete the pictures for good, from memory too; nothing where they are gone already."""
    about_to_wait()
    _read.cache_clear()
    away = own_folder() / f".{secrets.token_hex(8)}.part"
    with contextlib.suppress(FileNotFoundError):
        os.replace(own_folder() / name, away)
        shutil.rmtree(away, ignore_errors=True)
