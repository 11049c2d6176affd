"""Every metric, one line each: `METRICS`, and what reads it.

To add one: a line. Its group says where it is measured.

    reconstruction   at the end of every training, for the run's record, its card and the command line; and in the full
                     report, for PCA and the mean picture too
    code             in the full report, for PCA too
    cost             on Compare alone

Whatever has a `title` is a column on the Compare page and in the file of that table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Literal

from torch import Tensor

from ae_core.datasets import Split
from ae_core.measures.metrics import entropy_floor, loss_terms, psnr, ssims
from ae_core.measures.representation import (
    jacobian_norms,
    knn_accuracy,
    probe_accuracy,
    silhouette,
    trustworthiness,
)
from ae_core.measures.subject import Subject
from ae_core.models import Autoencoder
from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import checked_pictures
from ae_core.tables import csv_bytes

FINAL_TRAIN = 10_000  # training images behind the final training numbers
DIFFERENTIATED = 200  # test images whose Jacobian is computed
NUMBER_BYTES = 4  # of a float32


@dataclass(frozen=True)
class Metric:
    """One line of the table."""

    name: str  # in records, in the report and on the command line
    group: Literal["reconstruction", "code", "cost"]
    unit: str
    better: Literal["lower", "higher", ""]  # nothing where neither is
    of: Callable[[Subject], float | None]  # a finite number; None where there is none
    title: str = ""  # head of its column on Compare
    column: str = ""  # head of its column in the file of that table, where that is not the name
    form: Callable[[float], str] = "{:.4g}".format  # on screen
    absent: str = "none"  # on screen, where there is no number
    note: str = ""  # sentences below the table on screen; what they may name is said at `notes`
    baselines: bool = True  # whether the report measures PCA, and the mean picture, by it too


def _mean_squared_error(s: Subject) -> float:
    return _summed_squared_error(s) / s.pixels


def _summed_squared_error(s: Subject) -> float:
    return s.errors.double().mean().item()


def _ssim(s: Subject) -> float:
    return ssims(s.images, s.outputs).double().mean().item()


def _excess(s: Subject) -> float | None:
    return None if s.cross_entropy is None else s.cross_entropy - entropy_floor(s.images)


def _jacobian_norm(s: Subject) -> float | None:
    if s.model is None or s.read is None:
        return None
    return jacobian_norms(s.model, s.read.test.images[:DIFFERENTIATED]).double().mean().item()


def _trustworthiness(s: Subject) -> float | None:
    return trustworthiness(s.read.test.images[:], s.codes) if s.read else None


def _of_classes(measure: Callable[[Tensor, Tensor, Tensor, Tensor], float]) -> Callable[[Subject], float | None]:
    """What a classifier reads from the codes; None where there are no classes to tell apart."""

    def measured(s: Subject) -> float | None:
        if s.read is None or len(s.read.train.labels.unique()) < 2:
            return None
        return measure(s.learned_codes, s.read.train.labels, s.codes, s.read.test.labels)

    return measured


def _silhouette(s: Subject) -> float | None:
    found = silhouette(s.codes, s.read.test.labels) if s.read else float("nan")
    return None if isnan(found) else found


_LINES = (
    Metric(
        "mse", "reconstruction", "squared error per pixel", "lower", _mean_squared_error,
        "Error per pixel", "squared error per pixel", "{:.4f}".format,
        note="Error: squared, mean over all {tested:,} test pictures of {data}.",
    ),
    Metric("sumse", "reconstruction", "squared error, summed over pixels", "lower", _summed_squared_error),
    Metric(
        "psnr", "reconstruction", "dB", "higher", lambda s: psnr(_mean_squared_error(s)),
        "PSNR", "PSNR in dB", "{:.1f} dB".format,
    ),
    Metric("ssim", "reconstruction", "-1 to 1", "higher", _ssim),
    Metric("bce", "reconstruction", "nats per pixel", "lower", lambda s: s.cross_entropy, baselines=False),
    Metric("excess_bce", "reconstruction", "nats per pixel", "lower", _excess, baselines=False),
    Metric(
        "latent", "cost", "numbers", "lower", lambda s: s.latent,
        "Numbers in the code", "numbers in the code", "{}".format,
    ),
    Metric(
        "code_bytes", "cost", "bytes", "lower", lambda s: NUMBER_BYTES * s.latent,
        "Bytes of code", "bytes of code as float32", "{:,}".format,
        note="Bytes: each number of the code as float32, 4 bytes.",
    ),
    Metric("parameters", "cost", "numbers", "lower", lambda s: s.parameters, "Parameters", form="{:,}".format),
    Metric(
        "seconds", "cost", "s", "lower", lambda s: s.seconds,
        "Training", "seconds of training", "{:.1f} s".format,
    ),
    Metric("l0", "code", "units not exactly 0, per image", "", lambda s: s.sparsity.l0, baselines=False),
    Metric(
        "hoyer", "code", "0 (all units speak alike) to 1 (one alone)", "", lambda s: s.sparsity.hoyer, baselines=False
    ),
    Metric(
        "dead_units", "code", "units that say the same of every image", "lower", lambda s: s.sparsity.dead_units,
        baselines=False,
    ),
    Metric("jacobian_norm", "code", "squared Frobenius norm", "", _jacobian_norm, baselines=False),
    Metric("trustworthiness", "code", "0 to 1", "higher", _trustworthiness),
    Metric(
        "probe_accuracy", "code", "share of test images", "higher", _of_classes(probe_accuracy),
        "Probe", "probe accuracy", lambda share: f"{100 * share:.1f} %", "one class",
        note="Probe: how many of {asked:,} test pictures a linear classifier names rightly from the code alone, after "
        "learning from {learned:,} training pictures.",
    ),
    Metric("knn_accuracy", "code", "share of test images", "higher", _of_classes(knn_accuracy)),
    Metric("silhouette", "code", "-1 to 1", "higher", _silhouette),
)  # fmt: skip
METRICS: dict[str, Metric] = {line.name: line for line in _LINES}


def values(subject: Subject, lines: Iterable[Metric]) -> dict[str, float]:
    """Name -> value of what these lines measure; those that do not exist are left out."""
    found = ((line.name, line.of(subject)) for line in lines)
    return {name: value for name, value in found if value is not None}


def of_group(group: str, baselines: bool = False) -> list[Metric]:
    """The lines of a group; for `baselines` those by which these are measured too."""
    return [line for line in METRICS.values() if line.group == group and (line.baselines or not baselines)]


def compared(images: Tensor | Pictures, outputs: Tensor) -> dict[str, float]:
    """What `evaluate` says of outputs in [0, 1], wherever they come from; both (n, channels, height, width)."""
    return values(Subject(checked_pictures(images), lambda x: outputs), of_group("reconstruction"))


def evaluate(model: Autoencoder, images: Tensor | Pictures) -> dict[str, float]:
    """Measure a model on images (n, channels, height, width) in [0, 1].

    Returns
        mse: squared error, mean per pixel; sumse: the same summed over pixels, mean over images; psnr: the mse of the
        whole set in dB; ssim: structural similarity, mean over images; bce: cross-entropy in nats, mean per pixel;
        excess_bce: how far the bce lies above the entropy of the images (neither where it is infinite, see
        `NO_CROSS_ENTROPY`); every further line of the group `reconstruction`; every loss term of the model under its
        own name; loss: the sum of those terms.
    """
    images = checked_pictures(images, model)
    terms = loss_terms(model, images)
    found = values(Subject.of_model(model, images), of_group("reconstruction"))
    return {**found, **terms, "loss": sum(terms.values())}


def measure(model: Autoencoder, split: Split) -> tuple[dict[str, float], dict[str, float]]:
    """The numbers of `evaluate` on (at most 10 000) training images and on the whole test split."""
    return evaluate(model, split.train.images[:FINAL_TRAIN]), evaluate(model, split.test.images)


# --- the table of Compare: what has a title ---------------------------------------------------------------------------


def titled() -> list[Metric]:
    """The lines that are columns there."""
    return [line for line in METRICS.values() if line.title]


def in_words(line: Metric, numbers: Mapping[str, float]) -> str:
    """A number as it stands on screen."""
    return line.form(numbers[line.name]) if line.name in numbers else line.absent


def notes(data: str, tested: int, read: Split) -> list[str]:
    """The sentences below the table; they may name the data set, {tested} pictures that were rebuilt, {asked} pictures
    whose codes were read, after learning from {learned} others.
    """
    named = {"data": data, "tested": tested, "asked": len(read.test), "learned": len(read.train)}
    return [line.note.format(**named) for line in titled() if line.note]


def as_csv(data: str, rows: Iterable[tuple[str, Mapping[str, float]]]) -> bytes:
    """The table as a file: by rows a name and numbers by metric, as they were computed, on the data set `data`."""
    columns = titled()
    head = ("run", "data", *(line.column or line.name for line in columns))
    return csv_bytes(head, ((name, data, *(numbers.get(line.name) for line in columns)) for name, numbers in rows))
