"""Everything there is to measure about a finished model, in groups; `python -m ae_core evaluate RUN --full` prints it.

Most of it is lines of the table of metrics: `ae_core.measures.table`. To add a group of another kind: a function
(model, split, pca) -> {name: value} and a line in `GROUPS`; its numbers get their units in `UNITS`. A group that does
not apply to a model answers with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from ae_core.baselines import FILTERS, PCA, Wiener, pca_filter
from ae_core.chance import seeded
from ae_core.corruption import gaussian
from ae_core.datasets import Images, Split
from ae_core.measures.likelihood import active_units, elbo, kl_per_dimension, log_likelihood, remark
from ae_core.measures.metrics import NO_CROSS_ENTROPY, entropy_floor, psnr, reconstructions
from ae_core.measures.subject import Subject
from ae_core.measures.table import METRICS, evaluate, of_group, values
from ae_core.models import Autoencoder, GenerativeAutoencoder
from ae_core.pictures.pictures import Pictures
from ae_core.pictures.pixels import checked_kept

Group = Callable[[Autoencoder, Split, PCA], dict[str, float]]
NOISE = 0.5  # standard deviation of the noise in `denoising`, cut to [0, 1]
LEARNED = 10_000  # training images that classifiers and Wiener gains are fitted on
TUNED = 100  # training images that the strength of a filter is chosen on
DENOISED = 1000  # test images in `denoising`
SAMPLED = 1000  # test images whose log p(x) is estimated


def reconstruction(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """What `evaluate` says on the test split, and the least cross-entropy there is."""
    return {**evaluate(model, split.test.images), "entropy_floor": entropy_floor(split.test.images)}


def baselines(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """The test split rebuilt as the mean training image, and by PCA from as many numbers as the model has; both cut to
    [0, 1].
    """
    test = split.test.images
    answers = {
        "mean_image": Subject.of_mean(split.train.images, test),
        "pca": Subject.of_pca(pca, model.latent, test),
    }
    found = {name: values(answer, of_group("reconstruction", baselines=True)) for name, answer in answers.items()}
    return {f"{name}_{metric}": value for name, numbers in found.items() for metric, value in numbers.items()}


def denoising(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """PSNR after Gaussian noise of standard deviation 0.5 was added to the first 1000 test images, by method.

    The strength of a filter is the best of its table on 100 training images with noise of their own.
    """
    with seeded(0):
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
    test = split.test.images
    read = Split(Images(Pictures(split.train.images[:LEARNED]), split.train.labels[:LEARNED]), split.test)
    ours = values(Subject.of_model(model, test, read), of_group("code"))
    theirs = values(Subject.of_pca(pca, model.latent, test, read), of_group("code", baselines=True))
    return ours | {f"pca_{name}": value for name, value in theirs.items()}


def likelihood(model: Autoencoder, split: Split, pca: PCA) -> dict[str, float]:
    """For a generative model: ELBO and its parts, log p(x) of the first `SAMPLED` test images with 500 codes each, and
    how many nats (KL) each number of the code holds."""
    if not isinstance(model, GenerativeAutoencoder):
        return {}
    test = split.test.images[:]
    parts = elbo(model, test)
    found = log_likelihood(model, test[:SAMPLED])
    return {
        "elbo": parts.elbo,
        "reconstruction_of_elbo": parts.reconstruction,
        "kl_of_elbo": parts.kl,
        "log_likelihood": found.mean,
        "log_likelihood_standard_error": found.standard_error,
        "active_units": float(active_units(model, test)),
        **{f"code_{i + 1}_nats": value for i, value in enumerate(kl_per_dimension(model, test).tolist())},
    }


GROUPS: dict[str, Group] = {
    "reconstruction": reconstruction,
    "baselines": baselines,
    "denoising": denoising,
    "code": code,
    "likelihood": likelihood,
}

UNITS = {  # of what is no line of the table of metrics; by the name or its last words
    "elbo": "nats",
    "log_likelihood": "nats",
    "standard_error": "nats",
    "nats": "nats",
    "active_units": "numbers of the code",
    "entropy_floor": "nats per pixel",
}


def unit(name: str, model: Autoencoder) -> str:
    """The unit of a number of the report; the model's own loss terms are in the unit of its loss."""
    units = {line.name: line.unit for line in METRICS.values()} | UNITS
    return next((text for end, text in units.items() if f"_{name}".endswith(f"_{end}")), f"{model.unit}, per image")


def full_report(model: Autoencoder, split: Split) -> dict[str, dict[str, float]]:
    """Group -> name -> value, on the test split; a few seconds for digits, about half a minute for MNIST."""
    for name, part in (("train images", split.train), ("test images", split.test)):
        checked_kept(part.images, model, name=name)
    pca = PCA.fit(split.train.images)
    return {name: measure(model, split, pca) for name, measure in GROUPS.items()}


def remarks(model: Autoencoder, split: Split, reconstruction: Mapping[str, float]) -> list[str]:
    """Sentences without which a number of the report, or one that is missing in this group of it, would mislead."""
    found = [] if "bce" in reconstruction else [NO_CROSS_ENTROPY]
    return [*found, *([remark(model, split.test.images[:])] if isinstance(model, GenerativeAutoencoder) else [])]


def as_text(report: dict[str, dict[str, float]], model: Autoencoder) -> str:
    """The report as a table for people: a line for each number, with its unit."""
    lines = []
    for group, numbers in report.items():
        lines += [group, *(f"  {name:24}{value:12.5g}  {unit(name, model)}" for name, value in numbers.items())]
    return "\n".join(lines)
