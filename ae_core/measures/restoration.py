"""Methods that clean damaged pictures: what each is worth at every level of damage, and what it makes of its own
output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.baselines import PCA, Filter, pca_filter
from ae_core.corruption import repeatable
from ae_core.datasets import Dataset
from ae_core.datasets.choosing import one_of_each
from ae_core.measures.metrics import psnr, reconstructions
from ae_core.models import Autoencoder

LEVELS = tuple(round(0.1 * i, 1) for i in range(11))
TUNED_ON, JUDGED_ON = 10, 40  # training pictures a strength is chosen on, test pictures a method is judged on
TIMES = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Method:
    """One way to clean pictures (n, channels, height, width); with more than one strength it has to be tuned first."""

    name: str
    title: str
    apply: Callable[[Tensor, float], Tensor]
    strengths: tuple[float, ...] = (0.0,)
    knob: str = ""


def by_model(name: str, title: str, model: Autoencoder) -> Method:
    """Encode and decode: what an autoencoder makes of a damaged picture."""
    return Method(name, title, lambda images, _: reconstructions(model, images))


def by_filter(name: str, title: str, chosen: Filter) -> Method:
    """A filter that has learned nothing but its one strength."""
    return Method(name, title, chosen.apply, chosen.strengths, chosen.knob)


def by_pca(fitted: PCA) -> Method:
    """Keep the first principal components of the damaged picture and drop the rest."""
    return by_filter("pca", "PCA", pca_filter(fitted))


@dataclass(frozen=True)
class Curve:
    """What a method is worth, by level of damage: the strength it is tuned to, and its PSNR in dB."""

    strength: dict[float, float]
    psnr: dict[float, float]


def sweep(method: Method, data: Dataset, kind: str, report: Callable[[float], None] = lambda share: None) -> Curve:
    """The curve of one method against the level of one kind of damage; `report` is told the share done after each
    level.

    The strength is the one with the least squared error on ten training pictures, damaged in the same way; the PSNR is
    that of the mean squared error over forty test pictures, four of each class where there are ten.
    """
    train, judged = data.load().train, _judged(data)
    tuning = train.images[one_of_each(train.labels[:1000], TUNED_ON)]
    curve = Curve({}, {})
    for done, level in enumerate(LEVELS, 1):
        tried = repeatable(tuning, kind, level)
        best = min(method.strengths, key=lambda strength: _error(method, tuning, tried, strength))
        curve.strength[level] = best
        curve.psnr[level] = psnr(_error(method, judged, repeatable(judged, kind, level), best))
        report(done / len(LEVELS))
    return curve


def _judged(data: Dataset) -> Tensor:
    test = data.load().test
    return test.images[one_of_each(test.labels[:1000], JUDGED_ON)]


def _error(method: Method, clean: Tensor, damaged: Tensor, strength: float) -> float:
    return (method.apply(damaged, strength) - clean).square().mean().item()


def damaged_psnr(data: Dataset, kind: str) -> dict[float, float]:
    """PSNR of the damaged pictures themselves at every level: what a method has to beat."""
    clean = _judged(data)
    return {level: psnr((repeatable(clean, kind, level) - clean).square().mean().item()) for level in LEVELS}


def quality(clean: Tensor, output: Tensor) -> float:
    """PSNR in dB of one picture against the clean one."""
    return psnr(torch.nn.functional.mse_loss(output, clean).item())
