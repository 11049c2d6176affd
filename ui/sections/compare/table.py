"""What each of the compared runs reached and what it costs, on screen and as a file: the metrics that have a title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ae_core.datasets import Dataset
from ae_core.looks import comparison
from ae_core.looks.baseline import pca
from ae_core.measures.subject import Subject, from_all_over
from ae_core.measures.table import as_csv, in_words, notes, titled, values
from ui.figures.export import File
from ui.results.asking import ask
from ui.sections.compare.chosen import Compared


class Measured(NamedTuple):
    """One line of the table: numbers by the name of the metric, without those that do not exist."""

    name: str
    numbers: dict[str, float]


def measured(one: Compared) -> Measured:
    """What a run reached and what it costs; the error as recorded at the end of training, else measured now."""
    run, test = one.opened, one.opened.data.load().test.images
    costs = Subject.of_model(run.model, test, seconds=one.run.status().seconds)
    return Measured(one.name, _costs(costs) | ask(comparison.measured, run, _kept()))


def measured_pca(data: Dataset, latent: int) -> Measured:
    """The same for PCA with `latent` components, or as many as there are."""
    costs = Subject.of_pca(ask(pca, data), latent, data.load().test.images)
    return Measured("PCA", _costs(costs) | ask(comparison.pca_measured, data, costs.latent, _kept()))


def _costs(subject: Subject) -> dict[str, float]:
    """What is at hand; and the seconds of a run may change."""
    return values(subject, [line for line in titled() if line.group == "cost"])


def _kept() -> tuple[str, ...]:
    """Names of the metrics that have to be measured."""
    return tuple(line.name for line in titled() if line.group != "cost")


def head_and_rows(lines: Sequence[Measured]) -> tuple[list[str], list[list[str]]]:
    """The table in words: what stands above its columns, and its rows."""
    head = ["", *(metric.title for metric in titled())]
    return head, [[line.name, *(in_words(metric, line.numbers) for metric in titled())] for line in lines]


def words_below(data: Dataset) -> str:
    """What the numbers of the table are."""
    split = data.load()
    told = notes(data.title, len(split.test), from_all_over(split))
    return " ".join([*told, "PCA: as many numbers as the first run."])


def table_file(data: Dataset, lines: Sequence[Measured]) -> File:
    """The table as a file, with the numbers as they were computed."""
    return File("Table (CSV)", f"compare-{data.name}.csv", lambda: as_csv(data.title, lines))
