"""Runs and baselines, read once and shared by all visitors; nobody may change what comes from here.

What takes long is computed by the engine: then these functions raise NotReady, which `computing.when_ready` answers.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ae_core.baselines import PCA
from ae_core.checkpoints import Checkpoint, manifest
from ae_core.computations import Computation, of_run
from ae_core.datasets import dataset
from ae_core.metrics import codes, reconstructions, squared_errors, ssims
from ae_core.models import Autoencoder
from ae_core.runs import Run, RunError, Status
from ae_core.store import Store
from ui import charts
from ui.computing import computed
from ui.remembered import remembered

BY_SIZE = 1000  # test images behind the curve of PCA against the size of the code
CURVE = 40  # points of a small curve; more are not seen
COMPARED = 1000  # training images among which the nearest codes are looked for


def store() -> Store:
    """The runs folder of this server."""
    return Store.default()


def runs_of(dataset_name: str) -> list[Run]:
    """All runs with weights that were trained on a data set, the newest first."""
    found = []
    for run in store().listing():
        try:
            if run.has_weights() and run.recipe().dataset == dataset_name:
                found.append(run)
        except RunError:
            continue  # the page of runs says what is wrong with it
    return found


def version(run: Run) -> str:
    """What tells one state of a run from another: its folder and the checksum of its newest weights."""
    entries = manifest(run.folder)
    return f"{run.folder}:{entries[-1].sha256 if entries else ''}"


def model(run: Run) -> tuple[Autoencoder, Checkpoint]:
    """The newest weights of a run. RunError where they cannot be opened."""
    return _model(run, version(run))


@remembered(32)
def _model(_run: Run, version: str) -> tuple[Autoencoder, Checkpoint]:
    return _run.load()


def metrics(run: Run) -> list[dict[str, Any]]:
    """The logged lines of a run, read again only when there are new ones."""
    try:
        found = (run.folder / "metrics.jsonl").stat()
    except OSError:
        return []
    return _metrics(run, f"{run.folder}:{found.st_size}:{found.st_mtime_ns}")


@remembered(128)
def _metrics(_run: Run, version: str) -> list[dict[str, Any]]:
    return _run.metrics()


def status(run: Run) -> Status:
    """Where a run stands. Its file is read again when it is another one; one that is said to be trained is asked every
    time, because a process ends without a word.
    """
    try:
        found = (run.folder / "status.json").stat()
    except OSError:
        return run.status()
    kept = _status(run.folder, found.st_ino, found.st_size, found.st_mtime_ns)
    return run.status() if kept.state in ("running", "interrupted") else kept


@remembered(1024)  # the list of runs asks for all of them, every second
def _status(folder: Path, inode: int, size: int, written: int) -> Status:
    return Run(folder).status()


def test_curve(run: Run) -> list[float]:
    """The test loss over the training, at most `CURVE` points of it; what is not a number is left out."""
    try:
        found = (run.folder / "metrics.jsonl").stat()
    except OSError:
        return []
    return list(_test_curve(run.folder, found.st_ino, found.st_size, found.st_mtime_ns))


@remembered(1024)
def _test_curve(folder: Path, inode: int, size: int, written: int) -> tuple[float, ...]:
    losses = (sum(line["test"].values()) for line in metrics(Run(folder)) if line.get("test"))
    finite = [loss for loss in losses if math.isfinite(loss)]
    shown = sorted({round(i * (len(finite) - 1) / (CURVE - 1)) for i in range(CURVE)}) if finite else []
    return tuple(float(f"{finite[i]:.4g}") for i in shown)


def test_errors(run: Run) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels: as measured at the end of training, else now."""
    return _test_errors(run, version(run))


@remembered(64)
def _test_errors(_run: Run, version: str) -> np.ndarray:
    kept, (_, entry) = _run.errors(), model(_run)
    if kept and kept[0] == entry.step and len(kept[1]) == len(_run.recipe().data.load().test):
        return kept[1].numpy()
    return computed(of_run("errors", _run, entry.sha256))["errors"].numpy()


def test_ssim(run: Run) -> float:
    """Structural similarity of a run, mean over the test images of `spread`."""
    return _test_ssim(run, version(run))


@remembered(64)
def _test_ssim(_run: Run, version: str) -> float:
    images = spread(_run.recipe().dataset)
    return float(ssims(images, reconstructions(model(_run)[0], images)).mean())


def spread(dataset_name: str) -> Tensor:
    """At most 1000 test images from all over the split: the SSIM of all 10 000 of MNIST would keep the page waiting."""
    images = dataset(dataset_name).load().test.images
    return images[:: math.ceil(len(images) / 1000)]


@remembered(32)
def error_figure(_run: Run, version: str) -> charts.Drawing:
    """Distribution of the error over the test images, for a run and for PCA."""
    network, _ = model(_run)
    baseline = pca_errors(_run.recipe().dataset, network.latent)
    return charts.error_distribution(test_errors(_run), baseline, ("autoencoder", "PCA"))


def pca(dataset_name: str) -> PCA:
    """All principal components of the training images of a data set."""
    found = computed(principal_components(dataset_name))
    return PCA(found["mean"], found["components"])


def principal_components(dataset_name: str) -> Computation:
    """The computation behind `pca`."""
    dataset(dataset_name).load()  # says here and now that the pictures are absent, where they are
    return Computation.of("pca", dataset=dataset_name)


@remembered(16)
def pca_by_size(dataset_name: str) -> np.ndarray:
    """Squared error, mean per pixel, of the first test images (`BY_SIZE` of them) from 0, 1, 2, ... components (rank + 1,)."""
    test = dataset(dataset_name).load().test.images[:BY_SIZE]
    fitted = pca(dataset_name)
    energy = fitted.codes(test, len(fitted.components)).double().square().mean(0)
    whole = (test.flatten(1) - fitted.mean).double().square().sum(1).mean()
    left = whole - energy.cumsum(0)
    return np.concatenate([[whole.item()], left.clamp_min(0).numpy()]) / test[0].numel()


def nearest_codes(run: Run) -> Tensor:
    """Codes (n, latent) of the first training images (`COMPARED` of them)."""
    return _nearest_codes(run, version(run))


@remembered(32, "Encoding training pictures …")
def _nearest_codes(_run: Run, version: str) -> Tensor:
    return codes(model(_run)[0], _run.recipe().data.load().train.images[:COMPARED])


@remembered(64)
def pca_errors(dataset_name: str, latent: int) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels, rebuilt from `latent` principal components.

    With none of them the answer to every picture is the mean of the training pictures.
    """
    test = dataset(dataset_name).load().test.images
    return squared_errors(test, pca(dataset_name).reconstruct(test, latent)).numpy()


@remembered(64)
def pca_ssim(dataset_name: str, latent: int) -> float:
    """Structural similarity, mean over the test images of `spread`, rebuilt from `latent` principal components."""
    images = spread(dataset_name)
    return float(ssims(images, pca(dataset_name).reconstruct(images, latent)).mean())
