"""MNIST and its two look-alikes, mapped from the files in the folder AE_DATA (default: a cache of the user).

Nothing is downloaded by importing, listing or loading; `fetch` does it when somebody asks for it.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ae_core.datasets.base import Dataset, DatasetError, Fetching, Images, Program, Split
from ae_core.datasets.download import FILES, fetch_files
from ae_core.datasets.framing import Framing, fashion_framing, kuzushiji_framing, mnist_framing
from ae_core.datasets.idx import read_idx
from ae_core.pictures.pictures import Pictures
from ae_core.waits import about_to_wait, patient

if TYPE_CHECKING:
    from torchvision.datasets import MNIST


SIDE, NUMBER = 28, 10  # pixels along each side, classes
_ONE_AT_A_TIME = threading.RLock()
# Folders that are complete: every page asks a dozen times. `load` says it where one has gone since.
_FOUND: set[Path] = set()


def data_folder() -> Path:
    """The folder AE_DATA, or `autoencoder-explorer` in the user's cache folder; it may not exist yet."""
    if given := os.environ.get("AE_DATA"):
        return Path(given).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(cache) / "autoencoder-explorer"


def torchvision_class(kind: str) -> type[MNIST]:
    """The torchvision class of a data set, which knows where it is to be had: MNIST, FashionMNIST or KMNIST.

    torchvision's Linux wheel is built for CUDA. Beside a CPU-only torch its native operators do not load, and its
    import fails because `torchvision::nms` is unknown. Naming the operators and importing again is enough for us: we
    use only the data sets, never the operators. The import costs more than a second, hence here and not above.
    """
    with patient(_ONE_AT_A_TIME):
        try:
            from torchvision import datasets
        except RuntimeError:
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
            for operator in ("nms", "qnms"):
                torch.library.define(
                    f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )
            from torchvision import datasets
    return getattr(datasets, kind)


def _present(kind: str) -> bool:
    folder = data_folder() / kind / "raw"
    if folder not in _FOUND and all(any((folder / f"{name}{end}").is_file() for end in ("", ".gz")) for name in FILES):
        _FOUND.add(folder)
    return folder in _FOUND


def _fetch(kind: str) -> Fetching:
    about_to_wait()
    source = torchvision_class(kind)
    return fetch_files(source.mirrors, source.resources, data_folder() / kind / "raw")


def _load(kind: str) -> Split:
    with patient(_ONE_AT_A_TIME):  # two visitors who come together share what is loaded
        return _load_from(kind, str(data_folder()))


@functools.cache
def _load_from(kind: str, folder: str) -> Split:
    if not _present(kind):
        name = re.sub("(?<=[a-z])(?=[A-Z])", "_", kind).lower()  # of its entry
        raise DatasetError(
            f"{kind} is not on this computer: it must be downloaded once, which needs the internet; press Download on "
            f"the Train page, run python -m ae_core download {name}, or set AE_DATA to a folder that has it."
        )
    about_to_wait()
    try:
        return Split(*(_part(Path(folder) / kind / "raw", *names) for names in (FILES[:2], FILES[2:])))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"The files of {kind} cannot be read ({getattr(error, 'strerror', None) or error}): they must be the "
            f"original files; delete the folder {kind} in AE_DATA and download it again."
        ) from error


def _part(folder: Path, pictures: str, labels: str) -> Images:
    """What two files hold. OSError or ValueError where these are not pictures and their labels."""
    images, classes = read_idx(folder / pictures, 3), read_idx(folder / labels, 1).long()
    if tuple(images.shape) != (max(1, len(classes)), SIDE, SIDE) or classes.max() >= NUMBER:
        raise ValueError(
            f"{pictures} and {labels} do not hold {SIDE}x{SIDE} pictures and a label below {NUMBER} of each"
        )
    return Images(Pictures(images.unsqueeze(1)), classes)


DOWNLOADED = """\
parts = [torchvision_class("{kind}")("data", train=part, download=True) for part in (True, False)]
train, test = (part.data.unsqueeze(1).float() / 255 for part in parts)"""


def _dataset(
    kind: str, name: str, title: str, classes: tuple[str, ...], framing: Framing, texts: tuple[str, str, str]
) -> Dataset:
    about, source, licence = texts
    return Dataset(
        name,
        title,
        (1, SIDE, SIDE),
        classes,
        about,
        source,
        licence,
        epochs=5,
        load=functools.partial(_load, kind),
        present=functools.partial(_present, kind),
        fetch=functools.partial(_fetch, kind),
        framing=framing,
        program=Program(DOWNLOADED.format(kind=kind), {"torchvision_class": __name__}),
    )


CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

MNIST_DIGITS = _dataset(
    "MNIST",
    "mnist",
    "MNIST 28×28",
    tuple("0123456789"),
    mnist_framing,
    (
        "70,000 handwritten digits, 28×28 pixels: the classic of the field.",
        "Y. LeCun, C. Cortes and C. Burges (1998), The MNIST database",
        "CC BY-SA 3.0",
    ),
)
FASHION_MNIST = _dataset(
    "FashionMNIST",
    "fashion_mnist",
    "Fashion-MNIST 28×28",
    CLOTHES,
    fashion_framing,
    (
        "70,000 photographs of clothes, 28×28 pixels; harder than digits.",
        "H. Xiao, K. Rasul and R. Vollgraf (2017), arXiv:1708.07747",
        "MIT",
    ),
)
KMNIST = _dataset(
    "KMNIST",
    "kmnist",
    "Kuzushiji-MNIST 28×28",
    KANA,
    kuzushiji_framing,
    (
        ("70,000 characters from old Japanese books, 28×28 pixels; ten classes, many ways to write each."),
        "T. Clanuwat et al. (2018), Deep learning for classical Japanese literature, arXiv:1812.01718",
        "CC BY-SA 4.0",
    ),
)
