"""Runs and baselines, read once and shared by all visitors; nobody may change what comes from here."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

from ae_core.baselines import PCA
from ae_core.checkpoints import Checkpoint, manifest
from ae_core.datasets import dataset
from ae_core.metrics import reconstructions, squared_errors, ssims
from ae_core.models import Autoencoder
from ae_core.runs import Run
from ae_core.store import Store
from ui import charts


def store() -> Store:
    """The runs folder of this server."""
    return Store.default()


def model(run: Run) -> tuple[Autoencoder, Checkpoint]:
    """The newest weights of a run. RunError where they cannot be opened."""
    entries = manifest(run.folder)
    return _model(run, f"{run.folder}:{entries[-1].sha256 if entries else ''}")


@st.cache_resource(max_entries=32, show_spinner=False)
def _model(_run: Run, version: str) -> tuple[Autoencoder, Checkpoint]:
    return _run.load()


def metrics(run: Run) -> list[dict[str, Any]]:
    """The logged lines of a run, read again only when there are new ones."""
    try:
        found = (run.folder / "metrics.jsonl").stat()
    except OSError:
        return []
    return _metrics(run, f"{run.folder}:{found.st_size}:{found.st_mtime_ns}")


@st.cache_resource(max_entries=128, show_spinner=False)
def _metrics(_run: Run, version: str) -> list[dict[str, Any]]:
    return _run.metrics()


def test_errors(run: Run) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels: as measured at the end of training, else now."""
    network, entry = model(run)
    return _test_errors(run, network, f"{run.folder}:{entry.sha256}", entry.step)


@st.cache_resource(max_entries=64, show_spinner="Measuring every test image …")
def _test_errors(_run: Run, _network: Autoencoder, version: str, step: int) -> np.ndarray:
    kept = _run.errors()
    test = _run.recipe().data.load().test.images
    if kept and kept[0] == step and len(kept[1]) == len(test):
        return kept[1].numpy()
    return squared_errors(test, reconstructions(_network, test)).numpy()


def test_ssim(run: Run) -> float:
    """Structural similarity of a run, mean over the test images of `spread`."""
    network, entry = model(run)
    return _test_ssim(network, run.recipe().dataset, f"{run.folder}:{entry.sha256}")


@st.cache_resource(max_entries=64, show_spinner=False)
def _test_ssim(_network: Autoencoder, dataset_name: str, version: str) -> float:
    images = spread(dataset_name)
    return float(ssims(images, reconstructions(_network, images)).mean())


def spread(dataset_name: str) -> Tensor:
    """About 1000 test images from all over the split: the SSIM of all 10 000 of MNIST would keep the page waiting."""
    images = dataset(dataset_name).load().test.images
    return images[:: max(1, len(images) // 1000)]


@st.cache_resource(max_entries=32, show_spinner=False)
def error_figure(_run: Run, version: str) -> go.Figure:
    """Distribution of the error over the test images, for a run and for PCA; `version` is the checksum of its weights."""
    network, _ = model(_run)
    baseline = pca_errors(_run.recipe().dataset, network.latent)
    return charts.error_distribution(test_errors(_run), baseline, ("autoencoder", "PCA"))


@st.cache_resource(max_entries=8, show_spinner="Computing the principal components …")
def pca(dataset_name: str) -> PCA:
    """All principal components of the training images of a data set."""
    return PCA.fit(dataset(dataset_name).load().train.images)


@st.cache_resource(max_entries=64, show_spinner=False)
def pca_errors(dataset_name: str, latent: int) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels, rebuilt from `latent` principal components.

    With none of them the answer to every picture is the mean of the training pictures.
    """
    test = dataset(dataset_name).load().test.images
    return squared_errors(test, pca(dataset_name).reconstruct(test, latent)).numpy()


@st.cache_resource(max_entries=64, show_spinner=False)
def pca_ssim(dataset_name: str, latent: int) -> float:
    """Structural similarity, mean over the test images of `spread`, rebuilt from `latent` principal components."""
    images = spread(dataset_name)
    return float(ssims(images, pca(dataset_name).reconstruct(images, latent)).mean())
