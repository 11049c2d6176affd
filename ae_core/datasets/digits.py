"""1,797 handwritten digits of 8x8 pixels; they come with scikit-learn, so they are always there."""

from __future__ import annotations

import functools

import torch

from ae_core.datasets.base import Dataset, Images, Split
from ae_core.datasets.framing import digits_framing


@functools.cache
def load() -> Split:
    """The digits, four fifths for training, every class in equal share; the same division every time."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    train, test = train_test_split(range(len(data.target)), test_size=360, stratify=data.target, random_state=0)
    images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16  # grey levels 0 to 16
    labels = torch.tensor(data.target, dtype=torch.int64)
    return Split(Images(images[train], labels[train]), Images(images[test], labels[test]))


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
    framing=digits_framing,
)
