"""Runs and baselines, read once and shared by all visitors; nobody may change what comes from here."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ae_core.baselines import PCA
from ae_core.checkpoints import Checkpoint, manifest
from ae_core.datasets import dataset
from ae_core.metrics import reconstructions, squared_errors
from ae_core.models import Autoencoder
from ae_core.runs import Run
from ae_core.store import Store


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


@st.cache_resource(max_entries=8, show_spinner="Computing the principal components …")
def pca(dataset_name: str) -> PCA:
    """All principal components of the training images of a data set."""
    return PCA.fit(dataset(dataset_name).load().train.images)


@st.cache_resource(max_entries=64, show_spinner=False)
def pca_errors(dataset_name: str, latent: int) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels, rebuilt from `latent` principal components."""
    test = dataset(dataset_name).load().test.images
    return squared_errors(test, pca(dataset_name).reconstruct(test, latent)).numpy()
