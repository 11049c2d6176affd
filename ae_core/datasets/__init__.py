"""The list of data sets. To add one: one entry in `DATASETS`. Own pictures are found on disk."""

from __future__ import annotations

import copyreg

from ae_core.datasets.base import Dataset, DatasetError, Images, Split
from ae_core.datasets.digits import DIGITS
from ae_core.datasets.handwriting import HANDWRITING
from ae_core.datasets.mnist import FASHION_MNIST, KMNIST, MNIST_DIGITS
from ae_core.datasets.own import own_entries, own_entry
from ae_core.datasets.shapes import SHAPES
from ae_core.knobs import did_you_mean

DATASETS: dict[str, Dataset] = {
    entry.name: entry for entry in (HANDWRITING, DIGITS, SHAPES, MNIST_DIGITS, FASHION_MNIST, KMNIST)
}

__all__ = ["DATASETS", "Dataset", "DatasetError", "Images", "Split", "dataset", "datasets"]


def datasets() -> dict[str, Dataset]:
    """Every data set there is now, by name: those that come with the program, then own pictures, the newest first."""
    return DATASETS | own_entries()


def dataset(name: str) -> Dataset:
    """The entry of a data set by its name, also of own pictures that were deleted; else DatasetError."""
    found = DATASETS.get(name) or own_entry(name)
    if found is None:
        shown = name if len(name) <= 60 else name[:57] + "..."
        raise DatasetError(f"data set {shown!r}: there is no such data set; {did_you_mean(name, datasets())}")
    return found


# An entry travels as its name: another process has the entry too, and loads the pictures itself.
copyreg.pickle(Dataset, lambda entry: (dataset, (entry.name,)))
