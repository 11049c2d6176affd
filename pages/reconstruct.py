"""Reconstruct: what goes in, what comes out, what is lost, and how PCA does with a code of the same size."""

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from ae_core.checkpoints import Checkpoint
from ae_core.datasets import DatasetError
from ae_core.exploration import one_of_each
from ae_core.metrics import psnr, reconstructions
from ae_core.models import Autoencoder
from ae_core.recipe import Recipe
from ae_core.runs import Run, RunError
from ui import answers, cached, charts, elsewhere, export, live
from ui.absent import guarded, what_is_left
from ui.colours import class_colour
from ui.computing import when_ready
from ui.frame import heading, notice, table
from ui.pick import number, pick, pick_run
from ui.pictures import Row, Sheet, grey, sheets, signed
from ui.provenance import provenance, source_words

COUNT = 8
UNDER = "class · squared error"
SECTIONS = {
    "test": "Test pictures", "drawing": "Draw", "upload": "Your pictures", "foreign": "Other data", "sizes": "Code size",
    "path": "Layer by layer",
}  # fmt: skip
CHOICES = {"class": "By class", "worst": "Worst", "random": "Random"}

heading(
    "Reconstruct",
    "Test pictures, which the network has never learned from, go in; what comes out shows what the code could hold.",
)
run = pick_run()


def chosen_images(data: Recipe, errors: np.ndarray) -> tuple[Callable[..., torch.Tensor], dict[str, live.Read]]:
    """Controls for the choice of images.

    Returns how their indices (8,) in the test split come from the places of dials, and those dials.
    """
    labels, classes = data.data.load().test.labels, data.data.classes
    with st.container(horizontal=True, vertical_alignment="top"):
        how = pick("Pictures", CHOICES, "show", widget=st.segmented_control, required=True)
        if how == "worst":
            worst = torch.from_numpy(np.argsort(-errors, kind="stable")[:COUNT].copy())
            return lambda: worst, {}
        if how == "random":
            number("Random draw", 1, 50, "draw")
            return lambda draw: torch.randperm(len(labels), generator=torch.Generator().manual_seed(draw))[:COUNT], {
                "draw": int
            }
        shown = {name: name for name in ("all", *classes)}
        wanted = pick("Class", shown, "class", widget=st.pills, required=True)
        number("Set of eight", 1, 20, "set")
    found = (labels == classes.index(wanted)).nonzero().flatten() if wanted != "all" else None

    def eight(**at: int) -> torch.Tensor:
        part = at["set"]
        if found is None:
            return one_of_each(labels, COUNT * part)[-COUNT:]
        return found[min((part - 1) * COUNT, max(0, len(found) - COUNT)) :][:COUNT]

    return eight, {"set": int}


def pictures(model: Autoencoder, made: Recipe, chosen: torch.Tensor) -> list[Sheet]:
    """Input, output and signed error of the model, and the same for PCA: two sheets."""
    test = made.data.load().test
    x = test.images[chosen]
    y = reconstructions(model, x)
    z = cached.pca(made.dataset).reconstruct(x, model.latent)
    scale = max(0.25, float((y - x).abs().max()), float((z - x).abs().max()))
    legend = f"blue: too dark, red: too bright, ±{scale:.2f}"
    names = [made.data.classes[label] for label in test.labels[chosen].tolist()]
    ours, theirs = ((other - x).square().flatten(1).sum(1).tolist() for other in (y, z))
    seen = ", ".join(names)
    rows = [
        Row("Input", grey(x.numpy()), f"Test pictures of the classes {seen}"),
        Row("Output", grey(y.numpy()), f"Rebuilt by the autoencoder, classes {seen}", f"from {model.latent} numbers"),
        Row("Error", signed((y - x).numpy(), scale), "Signed error of the autoencoder", legend, band=True),
    ]
    components = f"from {min(model.latent, x[0].numel())} components"
    baseline = [
        Row("PCA", grey(z.numpy()), f"Rebuilt by PCA, classes {seen}", components),
        Row("Error of PCA", signed((z - x).numpy(), scale), "Signed error of PCA", "same scale", band=True),
    ]
    colours = [class_colour(label) for label in test.labels[chosen].tolist()]
    return [
        Sheet(rows, labelled(names, ours), UNDER, colours),
        Sheet(baseline, labelled(names, theirs), UNDER, colours),
    ]


def labelled(names: list[str], errors: list[float]) -> list[str]:
    """What stands under each picture: its class and its error."""
    return [f"{name} · {error:.2f}" for name, error in zip(names, errors, strict=True)]


def measures(run: Run, made: Recipe, latent: int) -> str:
    """A table of the error in three measures, for the model, PCA and the mean picture, and below it what they are."""
    pixels, name = int(np.prod(made.data.shape)), made.dataset
    answers = [
        ("Autoencoder", cached.test_errors(run), cached.test_ssim(run)),
        (f"PCA, {min(latent, pixels)} numbers", cached.pca_errors(name, latent), cached.pca_ssim(name, latent)),
        ("Mean picture", cached.pca_errors(name, 0), cached.pca_ssim(name, 0)),
    ]
    rows = [
        (who, f"{found.mean() / pixels:.4f}", f"{psnr(float(found.mean()) / pixels):.1f} dB", f"{ssim:.2f}")
        for who, found, ssim in answers
    ]
    sums = ", ".join(f"{found.mean():.2f}" for _, found, _ in answers)
    count, similar = len(answers[0][1]), len(cached.spread(name))
    fewer = f" (SSIM: {similar:,} of them)" if similar < count else ""
    return table(("", "Error", "PSNR", "SSIM"), rows) + (
        f'<p class="ae-note">Mean over {count:,} test pictures{fewer}. Error: squared, per pixel; summed over the '
        f"{pixels} pixels: {sums}. PSNR: the same in decibels, 3 dB more is half the error. SSIM: likeness of small "
        "windows, 1 is equal. Mean picture: the average of the training pictures, whatever goes in.</p>"
    )


@guarded
def look(run: Run, model: Autoencoder, checkpoint: Checkpoint, errors: np.ndarray) -> None:
    """The part of the page that answers its controls without the rest being drawn again."""
    made = run.recipe()
    chosen, dials = chosen_images(made, errors)
    shown = live.show("reconstruct", lambda **at: pictures(model, made, chosen(**at)), sheets, **dials)
    provenance(run, checkpoint)
    name, words = f"{run.id}-reconstructions", [source_words(run, checkpoint)]
    export.offer(lambda: [export.pictures(name, shown, words), *export.of_run(run)], key="reconstruct")


def test_pictures(run: Run, model: Autoencoder, checkpoint: Checkpoint) -> None:
    """The first section: test pictures, what becomes of them, and the error of all."""
    made = run.recipe()
    errors, baseline = cached.test_errors(run), cached.pca_errors(made.dataset, model.latent)
    st.fragment(when_ready)(look, run, model, checkpoint, errors)
    pixels = int(np.prod(made.data.shape))
    st.header("All test pictures", anchor=False)
    left, right = st.columns([1, 2.2], gap="large")
    with left:
        st.metric(
            "Mean squared error per pixel", f"{errors.mean() / pixels:.4f}",
            f"{100 * (errors.mean() / max(baseline.mean(), 1e-12) - 1):+.0f} % against PCA" if baseline.mean() > 1e-9 else None,
            delta_color="inverse", help="Lower is better.",
        )  # fmt: skip
        st.html(measures(run, made, model.latent))
    with right:
        charts.show(
            cached.error_figure(run, cached.version(run)), key="distribution",
            height=280, alt=f"Distribution of the error of {len(errors)} test pictures for the autoencoder and for PCA",
        )  # fmt: skip
        provenance(run, checkpoint)
    notice(
        "PCA is the best any *linear* code of this size can do, and it takes no training: an autoencoder earns its place "
        "only where it beats it. Look at the worst pictures: they are the rare ways of writing, which the network met "
        "seldom and rebuilds as what it knows better."
    )


section = pick("What to look at", SECTIONS, "section", widget=st.segmented_control, required=True)
try:
    model, checkpoint = cached.model(run)
    data = run.recipe().data
    data.load()
    if section == "test":
        when_ready(test_pictures, run, model, checkpoint)
    elif section == "drawing":
        st.fragment(when_ready)(guarded(answers.of_drawing), run, data)
    elif section == "upload":
        st.fragment(when_ready)(guarded(answers.of_upload), run, data)
    elif section == "foreign":
        when_ready(elsewhere.foreign, run, data)
    elif section == "sizes":
        when_ready(elsewhere.sizes, run, data)
    else:
        st.fragment(guarded(elsewhere.path))(run, data)
except (RunError, DatasetError) as error:
    st.error(str(error))
    what_is_left(run)
    st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")
    st.stop()
