"""The list of models. To add one: a file here that holds one class, and one line in `MODELS`."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import torch

from ae_core.knobs import KnobError, checked, did_you_mean
from ae_core.models.base import Autoencoder, GenerativeAutoencoder, Shape
from ae_core.models.contractive import Contractive
from ae_core.models.convolutional import Convolutional
from ae_core.models.denoising import Denoising
from ae_core.models.linear import Linear
from ae_core.models.multilayer import Multilayer
from ae_core.models.sparse import Sparse
from ae_core.models.structured_vae import StructuredVAE
from ae_core.models.vae import VAE
from ae_core.models.vanilla import Vanilla

MODELS: dict[str, type[Autoencoder]] = {
    "linear": Linear,
    "vanilla": Vanilla,
    "multilayer": Multilayer,
    "convolutional": Convolutional,
    "sparse": Sparse,
    "denoising": Denoising,
    "contractive": Contractive,
    "vae": VAE,
    "structured_vae": StructuredVAE,
}
MOST_PARAMETERS = 20_000_000

__all__ = [
    "MODELS",
    "VAE",
    "Autoencoder",
    "Contractive",
    "Convolutional",
    "Denoising",
    "GenerativeAutoencoder",
    "Linear",
    "Multilayer",
    "Sparse",
    "StructuredVAE",
    "Vanilla",
    "build",
    "idea",
    "lesson",
    "model_class",
]


def lesson(name: str) -> str:
    """The text of a model's file: its idea, its loss and its source."""
    return sys.modules[model_class(name).__module__].__doc__ or ""


def idea(name: str) -> str:
    """The first sentence of a model's lesson."""
    return lesson(name).splitlines()[0]


def model_class(name: str) -> type[Autoencoder]:
    """The class of a model by its name in `MODELS`; KnobError where there is none of that name."""
    if name not in MODELS:
        raise KnobError(f"model {name!r}: there is no such model; {did_you_mean(name, MODELS)}")
    return MODELS[name]


def build(name: str, shape: Shape, knobs: Mapping[str, Any]) -> Autoencoder:
    """A new model with fresh weights.

    Raises
        KnobError: for an unknown name, a bad knob, or knobs that add up to more than 20 million parameters; the count
            is made before any memory is taken.
    """
    kind, values = model_class(name), checked(model_class(name), knobs)
    with torch.device("meta"):
        size = sum(math.prod(p.shape) for p in kind(shape, **values).parameters())
    if size > MOST_PARAMETERS:
        raise KnobError(
            f"{name} with these knobs has {size:,} parameters: at most {MOST_PARAMETERS:,} are allowed; "
            "choose a smaller latent or narrower hidden layers."
        )
    return kind(shape, **values)
