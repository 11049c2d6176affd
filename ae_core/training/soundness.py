"""Whether weights compute anything: all of them may be finite, and what comes out of them infinite or no number.

A training that diverged leaves such weights, and so does a file that somebody changed. Looked at are

    always                     codes of a black and of a grey picture; what the decoder makes of those codes, and of
                               codes drawn from Normal(0, I), before its last bend, which would hide infinity
    with pictures of the set   the same of them, the posterior of a generative model, and every term of the loss

Pictures unlike those that were learned from may drive the variance of a healthy posterior to infinity, so that is asked
of pictures of the set alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ae_core.measures.metrics import loss_terms, measuring
from ae_core.models import Autoencoder, GenerativeAutoencoder
from ae_core.pictures.pictures import Pictures
from ae_core.training.loop import Plan, Step

ASKED = 32  # pictures of a set: a few milliseconds
LARGEST = 1e15  # of a number of a code: squares of it, summed over 10 000 codes of 1024, are still float32


@torch.inference_mode()
def flaw(model: Autoencoder, pictures: Tensor | Pictures | None = None) -> str:
    """What of a model's answers is not a number one can compute with, in words; empty where all is well.

    `pictures` (n, channels, height, width) in [0, 1] are of the set it learned from; at most 32 of them are asked.
    """
    some = None if pictures is None else pictures[:: max(1, len(pictures) // ASKED)][:ASKED]
    with measuring(model) as device:
        found = next(_flaws(model, _plain(model, device)), "")
        if found or some is None:
            return found
        found = next(_flaws(model, some.to(device)), "")
    return found or not_finite(loss_terms(model, some))


def not_finite(numbers: Mapping[str, float]) -> str:
    """The first of the named numbers that is infinite or none, in words; empty where all are finite."""
    return next((f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)), "")


def diverged(found: str, step: Step, plan: Plan) -> str:
    """The sentence about a training that led to such weights, of which `found` says what is wrong."""
    return (
        f"Training diverged by step {step.step} (epoch {step.epoch}): {found} on test pictures, which is no use; try a "
        f"learning rate below {plan.learning_rate:g}."
    )


def _plain(model: Autoencoder, device: torch.device) -> Tensor:
    """A black and a grey picture (2, channels, height, width)."""
    return torch.stack([torch.zeros(model.shape), torch.full(model.shape, 0.5)]).to(device)


def _flaws(model: Autoencoder, x: Tensor) -> Iterator[str]:
    code = model.encode(x)
    if not _usable(code):
        yield f"a number of its codes is {_worst(code)}"
    drawn = torch.randn(4, model.latent, generator=torch.Generator().manual_seed(0)).to(code)
    pixels = model.decoder(torch.cat([code, drawn]))
    if not pixels.isfinite().all():
        yield f"a pixel that it decodes is {_worst(pixels)}"
    if isinstance(model, GenerativeAutoencoder) and len(x) > 2:
        variance = model.posterior(x).log_variance.exp()
        if not _usable(variance):
            yield f"a variance of its codes is {_worst(variance)}"


def _usable(values: Tensor | float) -> bool:
    return bool((torch.as_tensor(values).abs() < LARGEST).all())  # NaN is below nothing


def _worst(values: Tensor) -> str:
    """The value that is no use: one that is not finite, else the largest."""
    flat = values.flatten()
    bad = flat[~flat.isfinite()]
    return f"{(bad[0] if len(bad) else flat[flat.abs().argmax()]).item():g}"
