"""The list of data sets. To add one: one entry in `DATASETS`."""

from __future__ import annotations

from ae_core.datasets.base import Dataset, DatasetError, Images, Split
from ae_core.datasets.digits import DIGITS
from ae_core.datasets.handwriting import FASHION_MNIST, KMNIST, MNIST_DIGITS
from ae_core.datasets.shapes import SHAPES
from ae_core.knobs import did_you_mean

DATASETS: dict[str, Dataset] = {entry.name: entry for entry in (DIGITS, SHAPES, MNIST_DIGITS, FASHION_MNIST, KMNIST)}

__all__ = ["DATASETS", "Dataset", "DatasetError", "Images", "Split", "dataset"]


def dataset(name: str) -> Dataset:
    """The entry of a data set by its name in `DATASETS`; DatasetError where there is none of that name."""
    if name not in DATASETS:
        raise DatasetError(f"data set {name!r}: there is no such data set; {did_you_mean(name, DATASETS)}")
    return DATASETS[name]
