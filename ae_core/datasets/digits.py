"""1,797 handwritten digits of 8x8 pixels; they come with scikit-learn, so they are always there."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from ae_core.datasets.base import Dataset, Images, Program, Split
from ae_core.datasets.framing import digits_framing
from ae_core.pictures.pictures import Pictures

GREYS = 16  # the level that is white
PROGRAM = f"""\
images, _, parts = read()
train, test = (images[part].float() / {GREYS} for part in parts)"""


def read() -> tuple[Tensor, Tensor, list[list[int]]]:
    """Pictures (1797, 1, 8, 8) uint8 of 16 grey levels, their classes (1797,), and which are to learn from and which to
    judge on: four fifths and one fifth, every class in equal share, the same every time.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    parts = train_test_split(range(len(data.target)), test_size=360, stratify=data.target, random_state=0)
    images = torch.tensor(data.images, dtype=torch.uint8).unsqueeze(1)
    return images, torch.tensor(data.target, dtype=torch.int64), parts


@functools.cache
def load() -> Split:
    """The digits."""
    images, labels, parts = read()
    return Split(*(Images(Pictures(images[part], GREYS), labels[part]) for part in parts))


DIGITS = Dataset(
    name="digits",
    title="Digits 8×8",
    shape=(1, 8, 8),
    classes=tuple("0123456789"),
    about="1,797 real handwritten digits of 43 people, 8×8 pixels. Small enough to train in seconds.",
    source="E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI; from scikit-learn",
    licence="CC BY 4.0",
    epochs=600,
    load=load,
    program=Program(PROGRAM, {"read": __name__}),
    framing=digits_framing,
)
