"""How well an opened run rebuilds pictures: those of its test split, and others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets import Dataset
from ae_core.datasets.choosing import SHOWN, one_of_each
from ae_core.datasets.framing import resized
from ae_core.looks.baseline import judged, pca
from ae_core.looks.look import look, report
from ae_core.measures.metrics import BATCH, reconstructions, squared_errors, ssims
from ae_core.pictures.shaping import turned
from ae_core.pictures.upload import Upload
from ae_core.runs.file_state import until_written
from ae_core.runs.opened import Opened
from ae_core.runs.run import Run

FOREIGN = 500  # pictures of another data set that are tried
TURNED = 32  # pictures of a file that are turned between two reports


@look()
def test_errors(run: Opened) -> np.ndarray:
    """Squared error of every test image (n,), summed over pixels: as measured at the end of training, else now."""
    kept = run.run.errors()
    if kept and kept[0] == run.checkpoint.step and len(kept[1]) == len(run.data.load().test):
        return kept[1].numpy()
    return measured_errors(run)


@look("Measuring every test picture")
def measured_errors(run: Opened) -> np.ndarray:
    """The same, measured now."""
    images, found = run.data.load().test.images, []
    for batch in images.split(BATCH):
        found.append(squared_errors(batch, reconstructions(run.model, batch)))
        report(sum(map(len, found)) / len(images))
    return torch.cat(found).numpy()


@look("Comparing small windows of the pictures")
def likeness(run: Opened) -> float:
    """Structural similarity, mean over the test images of `judged`."""
    images = judged(run.data)
    return float(ssims(images, reconstructions(run.model, images)).mean())


class Kept(NamedTuple):
    """By step (n,), the squared error per pixel (n,) of the fixed test pictures that a training keeps."""

    steps: np.ndarray
    errors: np.ndarray


@look()
def kept_errors(run: Opened) -> Kept:
    """How the fixed test pictures were rebuilt on the way, as far as a training has kept it."""
    return errors_so_far(run.run)


@until_written("run.json", "status.json", "snapshots", most=64)
def errors_so_far(run: Run) -> Kept:
    """The same of a run that may still be trained; nobody may change it."""
    x = fixed(run.recipe().data)
    kept = {step: tensors["reconstructions"] for step, tensors in run.snapshots().items()}
    errors = {step: (y.float() / 255 - x).square().mean().item() for step, y in kept.items() if y.shape == x.shape}
    return Kept(np.array(sorted(errors)), np.array([errors[step] for step in sorted(errors)]))


@look()
def pca_of_fixed(data: Dataset, latent: int) -> float:
    """Squared error per pixel of PCA on the same pictures."""
    x = fixed(data)
    return (pca(data).reconstruct(x, latent) - x).square().mean().item()


def fixed(data: Dataset) -> Tensor:
    """The test pictures (8, channels, height, width) that every training shows and keeps."""
    test = data.load().test
    return test.images[one_of_each(test.labels, SHOWN)]


class Rebuilt(NamedTuple):
    """Pictures (n, channels, height, width), what a run makes of them, and the squared error (n,), summed over
    pixels.
    """

    images: Tensor
    outputs: Tensor
    errors: Tensor


@look("Rebuilding other pictures")
def foreign(run: Opened, other: Dataset) -> Rebuilt:
    """The first test pictures (`FOREIGN`) of another data set, brought to the shape that the run knows."""
    channels, height, width = run.data.shape
    first = other.load().test.images[:FOREIGN].mean(1)
    images = torch.stack([resized(x, height, width).expand(channels, -1, -1) for x in first])
    return _rebuilt(run, images)


@look("Turning the other pictures of the zip", private=True)
def brought(run: Opened, upload: Upload, fit: str, invert: str) -> Rebuilt:
    """All pictures of a file, turned to the shape that the run knows as `ae_core.pictures.shaping.turned` does."""
    images: list[Tensor] = []
    for k, picture in enumerate(upload.pictures):
        if k % TURNED == 0:
            report(k / len(upload.pictures))
        images.append(turned(picture, run.data, fit, invert)[0])
    return _rebuilt(run, torch.cat(images))


def _rebuilt(run: Opened, images: Tensor) -> Rebuilt:
    outputs = reconstructions(run.model, images)
    return Rebuilt(images, outputs, squared_errors(images, outputs))
