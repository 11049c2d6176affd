"""The recipes of the runs in `pretrained/`, by folder name: MODEL-DATASET, with -VARIANT where there are several.

The plain names have codes that rebuild well, the `2d` ones codes that can be drawn as a map.
"""

from __future__ import annotations

from typing import Any

from ae_core.published import PUBLISHED
from ae_core.runs.recipe import Recipe, recipe

DIGITS = {"epochs": 600, "batch_size": 64, "schedule": "cosine", "learning_rate": 2e-3}
MNIST = {"epochs": 20, "schedule": "cosine", "learning_rate": 2e-3}
SHAPES = {"epochs": 60, "batch_size": 64, "schedule": "cosine", "learning_rate": 2e-3}
WRITING = {"epochs": 60, "batch_size": 64, "schedule": "one_cycle", "learning_rate": 1e-2, "centred": True}
FLAT = {"latent": 2, "code_activation": "linear", "reconstruction": "bce"}
STRIDED = {"body": "strided", "hidden": (16, 32)}
MAP = (224, 128)  # as wide as it may be for a decoder that goes to the browser in less than half a megabyte
PLAIN = {"hidden": MAP, "activation": "silu", "code_activation": "linear", "reconstruction": "bce"}
VARIATIONAL = {"hidden": MAP, "activation": "silu"}

HINTON = PUBLISHED["hinton-30"].rows[0]

# Folder name -> knobs of the model, plan of the training.
RECIPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "linear-handwriting": ({"latent": 32}, WRITING),
    "linear-handwriting-2d": ({"latent": 2}, WRITING),
    "vanilla-handwriting": ({"latent": 32}, {**WRITING, "learning_rate": 2e-2}),
    "vanilla-handwriting-2d": ({"latent": 2, "activation": "linear", "reconstruction": "bce"}, WRITING),
    "multilayer-handwriting": ({"latent": 32, **PLAIN}, {**WRITING, "learning_rate": 5e-3}),
    "multilayer-handwriting-8d": ({"latent": 8, **PLAIN}, {**WRITING, "learning_rate": 5e-3}),
    "multilayer-handwriting-2d": ({"latent": 2, **PLAIN}, {**WRITING, "epochs": 40, "learning_rate": 5e-3}),
    "convolutional-handwriting": ({"latent": 32, "body": "strided", "hidden": (32, 64)}, {**WRITING, "epochs": 30}),
    "sparse-handwriting": ({"latent": 64, "penalty": "l1", "weight": 0.1}, WRITING),
    "denoising-handwriting": ({"latent": 64, "hidden": (512,), "level": 0.5}, {**WRITING, "learning_rate": 5e-3}),
    "contractive-handwriting": ({"latent": 64, "weight": 0.1}, {**WRITING, "learning_rate": 2e-2}),
    "vae-handwriting": ({"latent": 32, **VARIATIONAL}, WRITING),
    "vae-handwriting-8d": ({"latent": 8, **VARIATIONAL}, WRITING),
    "vae-handwriting-2d": ({"latent": 2, **VARIATIONAL}, {**WRITING, "epochs": 30}),
    "structured_vae-handwriting": ({"latent": 16}, WRITING),
    "linear-digits": ({"latent": 16}, DIGITS),
    "linear-digits-2d": ({"latent": 2}, DIGITS),
    "vanilla-digits": ({"latent": 16}, {"epochs": 600, "batch_size": 64}),
    "vanilla-digits-2d": ({"latent": 2, "activation": "linear", "reconstruction": "bce"}, DIGITS),
    "multilayer-digits": ({"latent": 16, "hidden": (128, 64), "activation": "silu", "code_activation": "linear"}, DIGITS),
    "multilayer-digits-2d": ({"hidden": (128, 64), "activation": "silu", **FLAT}, DIGITS),
    "convolutional-digits": ({"latent": 16, **STRIDED}, {**DIGITS, "epochs": 200}),
    "sparse-digits": ({"latent": 64, "penalty": "l1", "weight": 0.05}, DIGITS),
    "denoising-digits": ({"latent": 32, "hidden": (256,), "level": 0.3}, DIGITS),
    "contractive-digits": ({"latent": 64, "weight": 0.1}, DIGITS),
    "vae-digits": ({"latent": 8, "hidden": (256,)}, DIGITS),
    "vae-digits-2d": ({"latent": 2, "hidden": (128, 64), "activation": "silu"}, DIGITS),
    "structured_vae-digits": ({"latent": 8}, DIGITS),
    "linear-mnist": ({"latent": 32}, MNIST),
    "linear-mnist-2d": ({"latent": 2}, MNIST),
    "vanilla-mnist": ({"latent": 32}, MNIST),
    "vanilla-mnist-2d": ({"latent": 2, "activation": "linear", "reconstruction": "bce"}, MNIST),
    "multilayer-mnist": ({"latent": 32, "hidden": (256, 128), "activation": "silu", "code_activation": "linear"}, MNIST),
    "multilayer-mnist-2d": ({"hidden": MAP, "activation": "silu", **FLAT}, {**MNIST, "epochs": 30}),
    "multilayer-mnist-hinton30": (HINTON.knobs, HINTON.plan),
    "convolutional-mnist": ({"latent": 32, **STRIDED}, {**MNIST, "epochs": 10}),
    "sparse-mnist": ({"latent": 64, "penalty": "l1", "weight": 0.1}, MNIST),
    "denoising-mnist": ({"latent": 64, "hidden": (512,), "level": 0.5}, MNIST),
    "contractive-mnist": ({"latent": 64, "weight": 0.1}, MNIST),
    "vae-mnist": ({"latent": 20, "hidden": (400,)}, MNIST),
    "vae-mnist-2d": ({"latent": 2, "hidden": MAP, "activation": "silu"}, {**MNIST, "epochs": 30}),
    "structured_vae-mnist": ({"latent": 16}, MNIST),
    "linear-shapes": ({"latent": 16}, SHAPES),
    "convolutional-shapes": ({"latent": 16, **STRIDED}, SHAPES),
    "vae-shapes": ({"latent": 8, "hidden": (512, 256), "activation": "silu"}, SHAPES),
}  # fmt: skip


def recipe_of(name: str) -> Recipe:
    """The checked recipe of a pretrained run; seed 0."""
    model, dataset, *_ = name.split("-")
    return recipe(model, dataset, *RECIPES[name])
