"""Computations too long for a page: named, pure functions of a data set or of a run, asked for with plain arguments.

The engine carries them out in a process of its own (`ae_core.side_process`); what comes out is kept on disk
(`ae_core.kept`). To add one: a function here that takes a store, a `Report` and its arguments, and a line in the table.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ae_core import __version__
from ae_core.baselines import FILTERS, PCA
from ae_core.datasets import Dataset, dataset
from ae_core.layers import representation
from ae_core.metrics import BATCH, codes, reconstructions, squared_errors
from ae_core.models import Autoencoder
from ae_core.neighbour_map import neighbour_map
from ae_core.planes import Plane
from ae_core.restoration import LEVELS, Curve, by_filter, by_model, by_pca, sweep
from ae_core.runs import Run, RunError
from ae_core.store import Store
from ae_core.tiles import tiles

Report = Callable[[float], None]  # is told the share that is done, from 0 to 1; raises Stopped where nobody wants it
Result = dict[str, Tensor]


class Stopped(Exception):
    """Somebody asked the computation to stop."""


class Kind(NamedTuple):
    """One line of the table."""

    function: Callable[..., Result]  # (store, report, **arguments)
    words: str  # what a visitor reads meanwhile
    lasting: bool = False  # seconds long: waits its turn behind others of its sort, never before the short ones


@dataclass(frozen=True)
class Computation:
    """A line of the table with its arguments, in the order of their names: what is asked for, not yet computed."""

    name: str
    arguments: tuple[tuple[str, str | int | float], ...]

    @classmethod
    def of(cls, name: str, **arguments: str | int | float) -> Computation:
        """The computation `name` of COMPUTATIONS with these arguments."""
        return cls(name, tuple(sorted(arguments.items())))

    @property
    def key(self) -> str:
        """What tells it from every other one, in 40 characters; also a file name."""
        text = json.dumps([__version__, self.name, *self.arguments])
        return f"{self.name[:8]}-{hashlib.sha256(text.encode()).hexdigest()[:31]}"

    @property
    def kind(self) -> Kind:
        """Its line of the table."""
        return COMPUTATIONS[self.name]

    def carry_out(self, store: Store, report: Report = lambda share: None) -> Result:
        """Compute it here and now.

        Raises
            RunError, DatasetError: where the run or the pictures are not there.
            Stopped: where `report` raised it.
        """
        return self.kind.function(store, report, **dict(self.arguments))


def of_run(name: str, run: Run, weights: str, **arguments: str | int | float) -> Computation:
    """A computation on a run whose newest weights have the SHA-256 `weights`."""
    return Computation.of(name, run=run.id, weights=weights, **arguments)


def _opened(store: Store, run: str, weights: str) -> tuple[Run, Autoencoder]:
    found = store.find(run)
    model, entry = found.load()
    if entry.sha256 != weights:
        raise RunError(f"{run} was trained further meanwhile: its weights are others now; open the page again.")
    return found, model


def _in_portions(images: Tensor, report: Report, measure: Callable[[Tensor], Tensor]) -> Tensor:
    """What `measure` says of all images, in portions, with a report after each."""
    parts = []
    for batch in images.split(BATCH):
        parts.append(measure(batch))
        report(sum(map(len, parts)) / len(images))
    return torch.cat(parts)


def _pca(store: Store, report: Report, dataset: str) -> Result:
    _entry(dataset).load()
    report(0.3)
    fitted = _fitted(dataset)
    return {"mean": fitted.mean, "components": fitted.components}


@functools.lru_cache(2)
def _fitted(dataset: str) -> PCA:
    """The components of the training pictures; kept for a while, since the curves of all kinds of damage need them."""
    return PCA.fit(_entry(dataset).load().train.images)


def _entry(name: str) -> Dataset:
    """For functions that have an argument called `dataset`."""
    return dataset(name)


def _codes(store: Store, report: Report, run: str, weights: str) -> Result:
    found, model = _opened(store, run, weights)
    test = found.recipe().data.load().test
    return {"codes": _in_portions(test.images, report, lambda x: codes(model, x)), "labels": test.labels}


def _errors(store: Store, report: Report, run: str, weights: str) -> Result:
    found, model = _opened(store, run, weights)
    test = found.recipe().data.load().test
    return {"errors": _in_portions(test.images, report, lambda x: squared_errors(x, reconstructions(model, x)))}


def _neighbour_map(
    store: Store, report: Report, run: str, weights: str, exaggeration: float, layer: str = "", pictures: int = 0
) -> Result:
    """Of the codes of all test pictures, or of what a hidden layer answers for the first `pictures` of them."""
    if layer:
        found, model = _opened(store, run, weights)
        answers = representation(model, found.recipe().data.load().test.images[:pictures], layer)
        return {"points": neighbour_map(answers, exaggeration, report)}
    shipped = store.find(run).codes()
    z = shipped[0] if shipped else _codes(store, lambda share: None, run, weights)["codes"]
    return {"points": neighbour_map(z, exaggeration, report)}


def numbers(values: Tensor) -> str:
    """Numbers as a plain argument, exact; `_tensor` is the way back."""
    return ",".join(float(value).hex() for value in values.flatten())


def _tensor(text: str) -> Tensor:
    return torch.tensor([float.fromhex(part) for part in text.split(",")], dtype=torch.double)


def _tiles(store: Store, report: Report, run: str, weights: str, middle: str, axes: str, corners: str) -> Result:
    _, model = _opened(store, run, weights)
    plane = Plane(_tensor(middle).float(), _tensor(axes).float().reshape(2, -1), ("", ""))
    left, right, bottom, top = _tensor(corners).tolist()
    made = tiles(model, plane, (left, right, bottom, top), report=report)
    return {"pixels": made.pixels, "error": torch.tensor(made.error)}


def _sweep(
    store: Store, report: Report, dataset: str, damage: str, method: str, run: str = "", weights: str = ""
) -> Result:
    """Of one method, a filter, `pca` or the model of a run, against all levels of one kind of damage."""
    if run:
        made = by_model(method, method, _opened(store, run, weights)[1])
    elif method == "pca":
        made = by_pca(_fitted(dataset))
    else:
        made = by_filter(method, method, FILTERS[method])
    curve = sweep(made, _entry(dataset), damage, report)
    return {name: torch.tensor(list(found.values()), dtype=torch.double) for name, found in vars(curve).items()}


def as_curve(result: Result) -> Curve:
    """What `sweep` gives, as it was before it was kept as tensors."""
    return Curve(**{name: dict(zip(LEVELS, values.tolist(), strict=True)) for name, values in result.items()})


COMPUTATIONS: dict[str, Kind] = {
    "pca": Kind(_pca, "Computing the principal components"),
    "codes": Kind(_codes, "Encoding the test pictures"),
    "errors": Kind(_errors, "Measuring every test picture"),
    "tiles": Kind(_tiles, "Decoding the map"),
    "sweep": Kind(_sweep, "Measuring what cleans best"),
    "neighbour_map": Kind(_neighbour_map, "Drawing the map of neighbours", lasting=True),
}
