"""What to notice, where a sentence that is usually true could contradict the numbers beside it: the numbers
choose it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ae_core.space.sampling import DEAD
from ui.plain import plain

ALIKE = 0.02  # shares that differ by less are called equal
RISEN = 0.05  # of the lowest test loss; less than that is chance
LEARNED_BY_HEART = (
    "When the dotted training curve goes on falling and the solid test curve does not, it has begun to learn the "
    "training pictures by heart. "
)


def of_reconstructions(ours: float, pca: float, mean: float) -> str:
    """About the error of a network beside those of PCA and of the mean picture, all in one unit."""
    if ours > mean * (1 - ALIKE):
        return (
            f"This network is no better than the mean picture ({ours:.4f} against {mean:.4f}): whatever goes in, it "
            "answers with nearly the same. Its code has collapsed, or it has hardly learned yet. Train it for longer, "
            "with a smaller step, or, where the code has a price (beta, weight), with a lower one."
        )
    if ours > pca * (1 + ALIKE):
        return (
            f"PCA, the best any *linear* code of this size can do, is better here ({pca:.4f} against {ours:.4f}), and "
            "it takes no training. A network loses to it where it has learned for too short a time or from too few "
            "pictures, and where its loss asks for more than a small error: a price on the code, or pictures that "
            "were damaged."
        )
    if ours > pca * (1 - ALIKE):
        return (
            "This network is as good as PCA, the best any *linear* code of this size can do, and no better: without a "
            "bend there is nothing more to gain."
        )
    return (
        "PCA is the best any *linear* code of this size can do, and it takes no training: this network has earned its "
        "place, since it beats it. Look at the worst pictures: they are the rare ones, which the network met seldom "
        "and rebuilds as what it knows better."
    )


def of_training(lines: Sequence[Mapping[str, Any]], steps_per_epoch: float) -> str:
    """About the loss curve of a run, from its logged lines."""
    lines = [line for line in lines if line.get("test")]
    losses = np.array([sum(line["test"].values()) for line in lines])
    if len(losses) < 2:
        return (
            "The curves show the loss by epoch: dotted for the batches it learns from, solid for test pictures. "
            + LEARNED_BY_HEART
        )
    lowest, span = int(losses.argmin()), float(losses.max() - losses.min())
    if losses[-1] - losses[lowest] > RISEN * span:
        epoch = lines[lowest]["step"] / steps_per_epoch
        return (
            f"The test loss was lowest after {epoch:.3g} epochs and has risen since. "
            + LEARNED_BY_HEART
            + "Fewer epochs, more pictures or a smaller code help."
        )
    return (
        "The loss falls fast at first, and the outputs turn from grey mist into pictures; after that the network "
        "polishes detail. " + LEARNED_BY_HEART + "A smaller code gives blurrier pictures, whatever the training time."
    )


def of_foreign(own: float, foreign: float) -> str:
    """About the error on pictures of another kind beside that on the network's own."""
    start = "The decoder can only draw what its code can say, so strange pictures come out bent toward familiar ones. "
    if foreign <= own:
        return (
            start
            + "Yet the error of these strange pictures is no larger than that of the network's own: they are simpler,"
            " with less ink or fewer edges. An error tells how unusual a picture is only among pictures that are "
            "equally hard to draw."
        )
    return (
        start
        + "Here the error tells how unusual a picture is: this is how autoencoders find what does not belong. But the"
        " more numbers the code has, the better it rebuilds anything at all, also what it never saw."
    )


def of_dead_code(weight: np.ndarray) -> str:
    """What is to be said first where no number of a code says anything; `weight` (latent,) is their KL or variance."""
    if (weight >= DEAD).any():
        return ""
    return (
        "Every number of this code is **dead**: the pictures do not change it, so the decoder answers every code with "
        "nearly the same picture. The price of the code was too high, or its training too short. "
    )


def of_damage(
    networks: Mapping[str, Mapping[float, float]], others: Mapping[str, Mapping[float, float]], level: float
) -> str:
    """Who cleans best at a level: curves of networks and of other methods by name, dB by level; empty where not
    measured yet.
    """
    ours, theirs = (
        {name: curve[level] for name, curve in group.items() if level in curve} for group in (networks, others)
    )
    if not ours or len(theirs) < len(others):
        return ""
    network, other = max(ours, key=ours.__getitem__), max(theirs, key=theirs.__getitem__)
    if theirs[other] > ours[network]:
        return (
            f"At level {level:g} {plain(other)} ({theirs[other]:.1f} dB) is better than every network here "
            f"({ours[network]:.1f} dB). "
        )
    return (
        f"At level {level:g} {plain(network)} is best ({ours[network]:.1f} dB; {plain(other)}: {theirs[other]:.1f} "
        "dB). "
    )
