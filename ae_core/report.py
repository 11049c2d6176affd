"""Everything there is to measure about a finished model, in groups; `python -m ae_core evaluate RUN --full` prints it.

To add a group: a function (model, split, pca) -> {name: value} and a line in `GROUPS`; a new kind of number also gets
its unit in `UNITS`. A group that does not apply to a model answers with nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ae_core.baselines import FILTERS, PCA, Wiener, mean_image, pca_filter
from ae_core.corruption import gaussian
from ae_core.datasets import Split
from ae_core.likelihood import active_units, elbo, kl_per_dimension, log_likelihood
from ae_core.metrics import codes, entropy_floor, evaluate, psnr, reconstructions, squared_errors, ssims
from ae_core.models import Autoencoder, GenerativeAutoencoder
from ae_core.representation import (
    jacobian_norms,
    knn_accuracy,
    probe_accuracy,
    silhouette,
    sparsity,
    trustworthiness,
)

Group = Callable[[Autoencoder, Split, PCA], dict[str, float]]
NOISE = 0.5  # standard deviation of the noise in `denoising`, cut to [0, 1]
LEARNED = 10_000  # training images that classifiers and Wiener gains are fitted on
TUNED = 100  # training images that the strength of a filter is chosen on
DENOISED = 1000  # test images in `denoising`
SAMPLED = 1000  # test images whose log p(x) is estimated
DIFFERENTIATED = 200  # test images whose Jacobian is computed


def reconstruction(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """What `evaluate` says on the test split, and the least cross-entropy there is."""
    return {**evaluate(model, split.test.images), "entropy_floor": entropy_floor(split.test.images)}


def baselines(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """The test split rebuilt as the mean training image, and by PCA (not cut to [0, 1]) from as many numbers as the model has."""
    test = split.test.images
    answers = {
        "mean_image": mean_image(split.train.images).expand_as(test),
        "pca": pca.reconstruct(test, model.latent),
    }
    found: dict[str, float] = {}
    for name, outputs in answers.items():
        sumse = squared_errors(test, outputs).double().mean().item()
        mse = sumse / test[0].numel()
        similar = ssims(test, outputs).double().mean().item()
        found |= {f"{name}_sumse": sumse, f"{name}_mse": mse, f"{name}_psnr": psnr(mse), f"{name}_ssim": similar}
    return found


def denoising(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """PSNR after Gaussian noise of standard deviation 0.5 was added to the first 1000 test images, by method.

    The strength of a filter is the best of its table on 100 training images with noise of their own.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        clean, test = split.train.images[:LEARNED], split.test.images[:DENOISED]
        seen, noisy = gaussian(clean, NOISE), gaussian(test, NOISE)

    def decibels(outputs: Tensor) -> float:
        return psnr((outputs - test).double().square().mean().item())

    found = {"noisy_psnr": decibels(noisy), "model_psnr": decibels(reconstructions(model, noisy))}
    for name, method in {**FILTERS, "pca": pca_filter(pca)}.items():
        strength = method.tuned(clean[:TUNED], seen[:TUNED])
        found[f"{name}_psnr"] = decibels(method.apply(noisy, strength))
    return found | {"wiener_psnr": decibels(Wiener.fit(pca, clean, seen).denoise(noisy))}


def code(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """What the code is like and what it knows about the classes; beside it the PCA code of the same size."""
    train, test = split.train.images[:LEARNED], split.test.images
    ours = codes(model, test)
    quiet = sparsity(ours)._asdict()
    norm = jacobian_norms(model, test[:DIFFERENTIATED]).double().mean().item()
    found = {**quiet, "jacobian_norm": norm, **knowledge(codes(model, train), ours, split)}
    theirs = knowledge(pca.codes(train, model.latent), pca.codes(test, model.latent), split)
    return found | {f"pca_{name}": value for name, value in theirs.items()}


def knowledge(learned: Tensor, judged: Tensor, split: Split) -> dict[str, float]:
    """Read-outs of codes (n, units) of the first training images and of all test images: classes and neighbourhoods."""
    known, asked = split.train.labels[: len(learned)], split.test.labels
    return {
        "probe_accuracy": probe_accuracy(learned, known, judged, asked),
        "knn_accuracy": knn_accuracy(learned, known, judged, asked),
        "silhouette": silhouette(judged, asked),
        "trustworthiness": trustworthiness(split.test.images, judged),
    }


def likelihood(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """For a generative model: ELBO and its parts, log p(x) of the first `SAMPLED` test images with 500 codes each, and
    how many nats (KL) each number of the code holds."""
    if not isinstance(model, GenerativeAutoencoder):
        return {}
    parts, test = elbo(model, split.test.images), split.test.images
    found = log_likelihood(model, test[:SAMPLED])
    return {
        "elbo": parts.elbo, "reconstruction_of_elbo": parts.reconstruction, "kl_of_elbo": parts.kl,
        "log_likelihood": found.mean, "log_likelihood_standard_error": found.standard_error,
        "active_units": float(active_units(model, test)),
        **{f"code_{i + 1}_nats": value for i, value in enumerate(kl_per_dimension(model, test).tolist())},
    }  # fmt: skip


GROUPS: dict[str, Group] = {
    "reconstruction": reconstruction,
    "baselines": baselines,
    "denoising": denoising,
    "code": code,
    "likelihood": likelihood,
}

UNITS = {  # by the end of a name; the first that fits
    "sumse": "squared error, summed over pixels",
    "mse": "squared error per pixel",
    "psnr": "dB",
    "ssim": "-1 to 1",
    "elbo": "nats",
    "log_likelihood": "nats",
    "standard_error": "nats",
    "_nats": "nats",
    "active_units": "numbers of the code",
    "bce": "nats per pixel",
    "entropy_floor": "nats per pixel",
    "mean_activation": "mean |h|",
    "active_share": "share of units, per image",
    "dead_units": "units",
    "jacobian_norm": "squared Frobenius norm",
    "accuracy": "share of test images",
    "silhouette": "-1 to 1",
    "trustworthiness": "0 to 1",
}


def unit(name: str, model: Autoencoder) -> str:
    """The unit of a number of the report; the model's own loss terms are in the unit of its loss."""
    return next((text for end, text in UNITS.items() if name.endswith(end)), f"{model.unit}, per image")


def full_report(model: Autoencoder, split: Split) -> dict[str, dict[str, float]]:
    """Group -> name -> value, on the test split; a few seconds for digits, about half a minute for MNIST."""
    pca = PCA.fit(split.train.images)
    return {name: measure(model, split, pca) for name, measure in GROUPS.items()}


def as_text(report: dict[str, dict[str, float]], model: Autoencoder) -> str:
    """The report as a table for people: a line for each number, with its unit."""
    lines = []
    for group, numbers in report.items():
        lines += [group, *(f"  {name:24}{value:12.5g}  {unit(name, model)}" for name, value in numbers.items())]
    return "\n".join(lines)
