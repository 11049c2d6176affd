"""The recipes of the runs in `pretrained/`, by folder name: MODEL-DATASET, with -VARIANT where there are several.

The plain names have codes that rebuild well, the `2d` ones codes that can be drawn as a map.
"""

from __future__ import annotations

from typing import Any

from ae_core.published import PUBLISHED
from ae_core.recipe import Recipe, recipe

DIGITS = {"epochs": 600, "batch_size": 64, "schedule": "cosine", "learning_rate": 2e-3}
MNIST = {"epochs": 20, "schedule": "cosine", "learning_rate": 2e-3}
SHAPES = {"epochs": 60, "batch_size": 64, "schedule": "cosine", "learning_rate": 2e-3}
FLAT = {"latent": 2, "code_activation": "linear", "reconstruction": "bce"}
STRIDED = {"body": "strided", "hidden": (16, 32)}


def _made(name: str, knobs: dict[str, Any], plan: dict[str, Any]) -> tuple[str, Recipe]:
    model, dataset, *_ = name.split("-")
    return name, recipe(model, dataset, knobs, plan)


RECIPES: dict[str, Recipe] = dict(
    [
        _made("linear-digits", {"latent": 16}, DIGITS),
        _made("linear-digits-2d", {"latent": 2}, DIGITS),
        ("vanilla-digits", recipe("vanilla", "digits", {"latent": 16}, {"epochs": 600, "batch_size": 64})),
        _made("vanilla-digits-2d", {"latent": 2, "activation": "linear", "reconstruction": "bce"}, DIGITS),
        _made("multilayer-digits", {"latent": 16, "hidden": (128, 64), "activation": "silu", "code_activation": "linear"}, DIGITS),
        _made("multilayer-digits-2d", {"hidden": (128, 64), "activation": "silu", **FLAT}, DIGITS),
        _made("convolutional-digits", {"latent": 16, **STRIDED}, {**DIGITS, "epochs": 200}),
        _made("sparse-digits", {"latent": 64, "penalty": "l1", "weight": 0.05}, DIGITS),
        _made("denoising-digits", {"latent": 32, "hidden": (256,), "level": 0.3}, DIGITS),
        _made("contractive-digits", {"latent": 64, "weight": 0.1}, DIGITS),
        _made("vae-digits", {"latent": 8, "hidden": (256,)}, DIGITS),
        _made("vae-digits-2d", {"latent": 2, "hidden": (128, 64), "activation": "silu"}, DIGITS),
        _made("structured_vae-digits", {"latent": 8}, DIGITS),
        _made("linear-mnist", {"latent": 32}, MNIST),
        _made("linear-mnist-2d", {"latent": 2}, MNIST),
        _made("vanilla-mnist", {"latent": 32}, MNIST),
        _made("vanilla-mnist-2d", {"latent": 2, "activation": "linear", "reconstruction": "bce"}, MNIST),
        _made("multilayer-mnist", {"latent": 32, "hidden": (256, 128), "activation": "silu", "code_activation": "linear"}, MNIST),
        _made("multilayer-mnist-2d", {"hidden": (512, 256), "activation": "silu", **FLAT}, {**MNIST, "epochs": 30}),
        ("multilayer-mnist-hinton30", PUBLISHED["hinton-30"].rows[0].recipe()),
        _made("convolutional-mnist", {"latent": 32, **STRIDED}, {**MNIST, "epochs": 10}),
        _made("sparse-mnist", {"latent": 64, "penalty": "l1", "weight": 0.1}, MNIST),
        _made("denoising-mnist", {"latent": 64, "hidden": (512,), "level": 0.5}, MNIST),
        _made("contractive-mnist", {"latent": 64, "weight": 0.1}, MNIST),
        _made("vae-mnist", {"latent": 20, "hidden": (400,)}, MNIST),
        _made("vae-mnist-2d", {"latent": 2, "hidden": (512, 256), "activation": "silu"}, {**MNIST, "epochs": 30}),
        _made("structured_vae-mnist", {"latent": 16}, MNIST),
        _made("linear-shapes", {"latent": 16}, SHAPES),
        _made("convolutional-shapes", {"latent": 16, **STRIDED}, SHAPES),
        _made("vae-shapes", {"latent": 8, "hidden": (512, 256), "activation": "silu"}, SHAPES),
    ]
)  # fmt: skip
