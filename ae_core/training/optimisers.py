"""The rules that turn gradients into steps, and how the length of a step changes over a training.

    adam      Kingma and Ba (2015), arXiv:1412.6980
    adamw     Adam with the pull towards zero outside of the gradient; Loshchilov and Hutter (2019), arXiv:1711.05101
    rmsprop   Tieleman and Hinton (2012), Lecture 6.5; its memory is 0.9, as in Keras
    adadelta  Zeiler (2012), arXiv:1212.5701; its natural length of a step is 1

    constant   the same length all the time
    cosine     from the full length down to zero along half a cosine; Loshchilov and Hutter (2017), arXiv:1608.03983
    one_cycle  up from a twenty-fifth over the first three tenths, then down to zero; Smith and Topin (2018),
               arXiv:1708.07120

A schedule is a pure function of the share of the training that lies behind, so an interrupted training goes on exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from torch import nn
from torch.optim import Adadelta, Adam, AdamW, Optimizer, RMSprop

Making = Callable[[Iterable[nn.Parameter], float, float], Optimizer]  # parameters, learning rate, weight decay

# The fused forms do one pass over all parameters.
OPTIMISERS: dict[str, Making] = {
    "adam": lambda parameters, rate, decay: Adam(parameters, lr=rate, fused=True),
    "adamw": lambda parameters, rate, decay: AdamW(parameters, lr=rate, weight_decay=decay, fused=True),
    "rmsprop": lambda parameters, rate, decay: RMSprop(parameters, lr=rate, alpha=0.9, eps=1e-7),
    "adadelta": lambda parameters, rate, decay: Adadelta(parameters, lr=rate, rho=0.95, eps=1e-7),
}
WARM_UP = 0.3  # of a one-cycle training


def constant(share: float) -> float:
    """Full length, whatever share in [0, 1) of the training lies behind."""
    return 1.0


def cosine(share: float) -> float:
    """From 1 at the beginning to 0 at the end."""
    return 0.5 * (1 + math.cos(math.pi * share))


def one_cycle(share: float) -> float:
    """From 1/25 up to 1 at `WARM_UP`, then down to 0, both along half a cosine."""
    if share < WARM_UP:
        return 1 - (1 - 1 / 25) * cosine(share / WARM_UP)
    return cosine((share - WARM_UP) / (1 - WARM_UP))


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
