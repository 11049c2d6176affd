"""Several runs on the same pictures: what each makes of them, what it costs, and in which knobs they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from ae_core.checkpoints import Checkpoint
from ae_core.datasets import Dataset, dataset
from ae_core.exploration import SHOWN, one_of_each
from ae_core.knobs import declared
from ae_core.metrics import codes, psnr
from ae_core.models import Autoencoder, model_class
from ae_core.recipe import Recipe, differences
from ae_core.representation import probe_accuracy
from ae_core.runs import ACTIVE, Run, RunError
from ae_core.tables import csv_bytes
from ae_core.training import Plan
from ui import cached, charts
from ui.colours import BASELINE, RUN_COLOURS
from ui.export import File
from ui.pick import short_title
from ui.remembered import remembered

MOST, AT_FIRST = 6, 4
PROBED = 1000  # training pictures the probe learns from, and test pictures it is asked about, from all over the split
NUMBER_BYTES = 4  # of a float32
DASHES = ("solid", "solid", "solid", "dash", "dash", "dash")


class Compared(NamedTuple):
    """A run on the page: what was opened, what it is called, and how its curve is drawn."""

    run: Run
    made: Recipe
    model: Autoencoder
    checkpoint: Checkpoint
    name: str
    colour: str
    dash: str

    @property
    def version(self) -> str:
        """What tells one state of the run from another."""
        return cached.version(self.run)


class Measured(NamedTuple):
    """One line of the table; `seconds` is None for what takes no training."""

    name: str
    latent: int
    error: float  # squared, mean per pixel, over all test pictures
    parameters: int
    seconds: float | None
    probe: float | None  # share of test pictures, from 0 to 1; None where all pictures are of one class

    @property
    def psnr(self) -> float:
        """The error in dB."""
        return psnr(self.error)

    @property
    def code_bytes(self) -> int:
        """Size of a code as float32 numbers."""
        return NUMBER_BYTES * self.latent


def finished(dataset_name: str) -> dict[str, Run]:
    """The runs on a data set that have weights and are no longer being trained, by id, the newest first."""
    return {run.id: run for run in cached.runs_of(dataset_name) if run.status().state not in ACTIVE}


def starting_runs(runs: Sequence[Run]) -> list[str]:
    """Ids to begin with: of the size of code that most kinds of model have, the first run of each kind."""
    by_size: dict[int, dict[str, str]] = {}
    for run in runs:
        made = run.recipe()
        by_size.setdefault(int(made.knobs["latent"]), {}).setdefault(made.model, run.id)
    return list(max(by_size.values(), key=len, default={}).values())[:AT_FIRST]


def opened(runs: Sequence[Run]) -> tuple[list[Compared], list[str]]:
    """The runs with their weights, and a sentence about each that cannot be opened."""
    found, trouble = [], []
    for run, colour, dash in zip(runs, RUN_COLOURS, DASHES, strict=False):
        try:
            model, checkpoint = cached.model(run)
            found.append(Compared(run, run.recipe(), model, checkpoint, short_title(run), colour, dash))
        except RunError as error:
            trouble.append(str(error))
    return found, trouble


def measured(one: Compared) -> Measured:
    """What a run reached and what it costs; the error as recorded at the end of training, else measured now."""
    error = float(cached.test_errors(one.run).mean()) / int(np.prod(one.model.shape))
    parameters = sum(values.numel() for values in one.model.parameters())
    probe = _probe_of_run(one.model, one.made.dataset, one.version)
    return Measured(one.name, one.model.latent, error, parameters, one.run.status().seconds, probe)


def measured_pca(data: Dataset, latent: int) -> Measured:
    """The same for PCA with `latent` components, or as many as there are."""
    pixels = int(np.prod(data.shape))
    size = min(latent, len(cached.pca(data.name).components))
    error = float(cached.pca_errors(data.name, size).mean()) / pixels
    return Measured("PCA", size, error, pixels * (size + 1), None, _probe_of_pca(data.name, size))


@remembered(128, "Asking the codes for the classes …")
def _probe_of_run(_model: Autoencoder, dataset_name: str, version: str) -> float | None:
    return _probe(dataset_name, lambda images: codes(_model, images))


@remembered(64, "Asking the codes for the classes …")
def _probe_of_pca(dataset_name: str, latent: int) -> float | None:
    return _probe(dataset_name, lambda images: cached.pca(dataset_name).codes(images, latent))


def _probe(dataset_name: str, encode: Callable[[Tensor], Tensor]) -> float | None:
    """Accuracy of the probe on fixed pictures from all over the splits; None where there are no classes to tell apart."""
    split, parts = dataset(dataset_name).load(), []
    for part in (split.train, split.test):
        every = max(1, len(part.labels) // PROBED)
        parts += [part.images[::every][:PROBED], part.labels[::every][:PROBED]]
    x, labels, test, test_labels = parts
    return probe_accuracy(encode(x), labels, encode(test), test_labels) if len(labels.unique()) > 1 else None


def table_file(data: Dataset, lines: Sequence[Measured]) -> File:
    """The table as a file, with the numbers as they were computed."""
    head = ("run", "data", "squared error per pixel", "PSNR in dB", "numbers in the code", "bytes of code as float32",
            "parameters", "seconds of training", "probe accuracy")  # fmt: skip
    rows = [
        (line.name, data.title, line.error, line.psnr, line.latent, line.code_bytes, line.parameters, line.seconds, line.probe)
        for line in lines
    ]  # fmt: skip
    return File("Table (CSV)", f"compare-{data.name}.csv", lambda: csv_bytes(head, rows))


# --- curves -----------------------------------------------------------------------------------------------------------


class Curve(NamedTuple):
    """Values of one run over its training."""

    name: str
    epochs: np.ndarray
    values: np.ndarray
    colour: str
    dash: str


def loss_curves(compared: Sequence[Compared]) -> dict[str, list[Curve]]:
    """The test loss (all terms added) by unit of the loss: nats and squared error share no axis."""
    found: dict[str, list[Curve]] = {}
    for one in compared:
        lines = [line for line in cached.metrics(one.run) if line.get("test")]
        epochs = np.array([line["step"] for line in lines]) / _steps_per_epoch(one)
        values = np.array([sum(line["test"].values()) for line in lines])
        found.setdefault(one.made.unit, []).append(Curve(one.name, epochs, values, one.colour, one.dash))
    return found


def error_curves(compared: Sequence[Compared]) -> list[Curve]:
    """The squared error per pixel of the eight fixed test pictures that every training keeps, by epoch."""
    found = []
    for one in compared:
        steps, values = _kept_errors(one.run, one.version)
        found.append(Curve(one.name, steps / _steps_per_epoch(one), values, one.colour, one.dash))
    return found


@remembered(128)
def _kept_errors(_run: Run, version: str) -> tuple[np.ndarray, np.ndarray]:
    test = _run.recipe().data.load().test
    x = test.images[one_of_each(test.labels, SHOWN)]
    kept = {step: tensors["reconstructions"] for step, tensors in _run.snapshots().items()}
    errors = {step: (y.float() / 255 - x).square().mean().item() for step, y in kept.items() if y.shape == x.shape}
    return np.array(sorted(errors)), np.array([errors[step] for step in sorted(errors)])


def _steps_per_epoch(one: Compared) -> float:
    total = one.run.status().total
    return total / one.made.plan["epochs"] if total else 1.0


def figure(curves: Sequence[Curve], title: str, reference: tuple[str, float] | None = None) -> charts.Drawing:
    """The curves on one chart; `reference` (name, value) is a level line, drawn in the colour of the baseline."""
    drawn = [(c.name, c.epochs, c.values, c.colour, c.dash) for c in curves]
    if reference:
        ends = np.array([min(c.epochs.min() for c in curves), max(c.epochs.max() for c in curves)])
        drawn.append((reference[0], ends, np.full(2, reference[1]), BASELINE, "dot"))
    return charts.compared_curves(drawn, title)


def pca_reference(data: Dataset, latent: int) -> float:
    """Squared error per pixel of PCA on the eight fixed test pictures."""
    test = data.load().test
    x = test.images[one_of_each(test.labels, SHOWN)]
    return (cached.pca(data.name).reconstruct(x, latent) - x).square().mean().item()


# --- knobs ------------------------------------------------------------------------------------------------------------


def knob_rows(compared: Sequence[Compared]) -> list[list[str]]:
    """The knobs in which the recipes differ: their label, then the value in each run; a dash where there is no such knob."""
    recipes = [one.made for one in compared]
    labels = {"model": "Model"}
    for owner in (*(model_class(made.model) for made in recipes), Plan):
        labels |= {
            name: knob.knob.label or name.replace("_", " ").capitalize() for name, knob in declared(owner).items()
        }
    different = differences(recipes)
    return [[labels[name], *map(_in_words, values)] for name, values in different.items()]


def _in_words(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
    return str(value)
