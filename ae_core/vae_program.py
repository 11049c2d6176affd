"""The loss of the variational autoencoder as text, for the program that `export` writes; every knob of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ae_core.models.likelihoods import HALF_LOG_TAU, PACE

SURPRISE = {
    "bernoulli": 'F.binary_cross_entropy_with_logits(logits, x, reduction="none")',
    "gaussian": f"0.5 * ((x - logits.sigmoid()) * (-log_s).exp()).square() + log_s + {HALF_LOG_TAU!r}",
}
PARAMETERS = {"gaussian_scalar": ", change", "gaussian_pixel": ", *spread.parameters()"}  # beside those of the networks


def vae_losses(knobs: Mapping[str, Any], decoder: list[str]) -> str:
    """The function `losses(x)`, and before it the lines it needs; `decoder` is the decoder's layers as expressions."""
    kind, many = knobs["likelihood"], knobs["samples"] > 1
    before = {
        "gaussian_scalar": "change = nn.Parameter(torch.zeros(()))  # of the logarithm of the deviation\n\n\n",
        "gaussian_pixel": f"spread = nn.Sequential({', '.join(decoder)})\n\n\n",
    }.get(kind, "")
    body = [*_head(knobs), *(_bound(knobs) if many else _two_terms(knobs))]
    meaning = "The bound of several codes" if many else "Reconstruction and KL divergence"
    title = f'"""{meaning}, summed over pixels and latents, mean over pictures, in nats."""'
    return before + "\n    ".join(["def losses(x):", title, *body])


def _head(knobs: Mapping[str, Any]) -> list[str]:
    drawn = ["x = torch.bernoulli(x)  # black or white, anew every time"] if knobs["binarise"] else []
    return [*drawn, "mean, log_variance = encoder(x).chunk(2, dim=1)"]


def _two_terms(knobs: Mapping[str, Any]) -> list[str]:
    price = f"kl.mean(0).clamp(min={knobs['free_bits']!r}).sum()" if knobs["free_bits"] else "kl.sum(dim=1).mean()"
    price = price if knobs["beta"] == 1 else f"{knobs['beta']!r} * {price}"
    surprise, log_deviation = _surprise(knobs)
    return [
        "z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)",
        "logits = decoder(z)",
        *log_deviation,
        f"surprise = {surprise}",
        "kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)",
        f"return [surprise.sum() / len(x), {price}]",
    ]


def _bound(knobs: Mapping[str, Any]) -> list[str]:
    k = knobs["samples"]
    surprise, log_deviation = _surprise(knobs)
    return [
        f"noise = torch.randn({k}, *mean.shape)",
        "codes = mean + (0.5 * log_variance).exp() * noise",
        "ratio = 0.5 * (noise.square() - codes.square() + log_variance).sum(-1)  # log p(z) - log q(z | x)",
        f"z, x = codes.flatten(0, 1), x.expand({k}, *x.shape).flatten(0, 1)",
        "logits = decoder(z)",
        *log_deviation,
        f"surprise = {surprise}",
        f"weights = ratio - surprise.flatten(1).sum(1).view({k}, -1)",
        f"return [{math.log(k)!r} - weights.logsumexp(0).mean()]",
    ]


def _surprise(knobs: Mapping[str, Any]) -> tuple[str, list[str]]:
    """-log p(x | z) of each pixel as an expression, and the lines before it that make the logarithm of the deviation."""
    kind, start = knobs["likelihood"], f"{math.log(knobs['deviation'])!r}"
    log_deviation = {
        "gaussian": [f"log_s = torch.tensor({start})"],
        "gaussian_scalar": [f"log_s = {start} + {PACE} * change"],
        "gaussian_pixel": [f"log_s = {start} + F.softplus(spread(z))"],
    }
    return SURPRISE["bernoulli" if kind == "bernoulli" else "gaussian"], log_deviation.get(kind, [])
