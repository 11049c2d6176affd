"""The codes of the test pictures of an opened run, and what its hidden layers answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ae_core.datasets import DatasetError
from ae_core.looks.look import look, report
from ae_core.measures.metrics import BATCH
from ae_core.measures.metrics import codes as encode
from ae_core.models.base import GenerativeAutoencoder
from ae_core.runs.opened import Opened
from ae_core.space.layers import layer_names, representation
from ae_core.space.sampling import aggregate_posterior, kl_by_dimension

ASKED = 1000  # pictures shown to a hidden layer
TOLD = 2000  # pictures whose posteriors are looked at
COMPARED = 1000  # training pictures among which the nearest codes are looked for


class Codes(NamedTuple):
    """Codes of the test pictures (n, latent), and their classes (n,) uint8."""

    codes: Tensor
    labels: np.ndarray


@look()
def codes(run: Opened) -> Codes:
    """Codes of the test pictures: those that came with the run, else encoded now. DatasetError where neither they nor
    the pictures are here.
    """
    shipped = run.run.codes()
    if shipped and shipped[0].shape[1:] == (run.model.latent,) and len(shipped[0]) == len(shipped[1]):
        return Codes(shipped[0], _classes(shipped[1]))
    run.data.load()  # says here and now that the pictures are absent, where they are
    return encoded(run)


@look()
def reach(run: Opened) -> tuple[float, float]:
    """The lowest and the highest number in the codes of the test pictures, all numbers on one scale with zero on it;
    the outermost half per cent of each side is left out, and a tenth added.
    """
    low, high = torch.quantile(codes(run).codes.double(), torch.tensor([0.005, 0.995], dtype=torch.double)).tolist()
    return min(0.0, 1.1 * low), max(0.0, 1.1 * high)


@look("Encoding the test pictures")
def encoded(run: Opened) -> Codes:
    """Codes of the test pictures, encoded now."""
    test, found = run.data.load().test, []
    for batch in test.images.split(BATCH):
        found.append(encode(run.model, batch))
        report(sum(map(len, found)) / len(test.images))
    return Codes(torch.cat(found), _classes(test.labels))


def _classes(labels: Tensor) -> np.ndarray:
    return labels.numpy().astype(np.uint8)


@look()
def layers(run: Opened) -> list[str]:
    """Names of the layers that can be mapped, with their sizes; the code is one."""
    return layer_names(run.model)


@look("Asking the layer")
def answers(run: Opened, layer: str) -> Codes:
    """What a hidden layer answers for the first test pictures (`ASKED`)."""
    test = run.data.load().test
    return Codes(representation(run.model, test.images[:ASKED], layer), _classes(test.labels[:ASKED]))


@look()
def weight(run: Opened) -> np.ndarray:
    """KL in nats of each number of the code (latent,), mean over test pictures; without a posterior, its variance."""
    if isinstance(run.model, GenerativeAutoencoder):
        try:
            return kl_by_dimension(run.model, run.data.load().test.images[:TOLD]).numpy()
        except DatasetError:
            pass
    return codes(run).codes.var(dim=0).numpy()


@look()
def order(run: Opened) -> list[int]:
    """Numbers of the code, the most telling first: by their KL for a generative model, else by their variance."""
    return [int(k) for k in np.argsort(-weight(run), kind="stable")]


@look()
def spread_codes(run: Opened) -> np.ndarray:
    """One code (n, latent) of each test picture: drawn from the posterior of a generative model, else the code
    itself.
    """
    if isinstance(run.model, GenerativeAutoencoder):
        images = run.data.load().test.images[:TOLD]
        return aggregate_posterior(run.model, images, torch.Generator().manual_seed(0)).numpy()
    return codes(run).codes.numpy()


@look("Encoding training pictures")
def training_codes(run: Opened) -> Tensor:
    """Codes (n, latent) of the first training pictures (`COMPARED`)."""
    return encode(run.model, run.data.load().train.images[:COMPARED])
