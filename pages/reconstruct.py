"""Reconstruct: what goes in, what comes out, what is lost, and how PCA does with a code of the same size."""

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch
from markupsafe import Markup

from ae_core.datasets import Dataset, DatasetError
from ae_core.datasets.choosing import one_of_each
from ae_core.looks.baseline import judged, pca, pca_errors, pca_likeness, pca_size
from ae_core.looks.errors import likeness, test_errors
from ae_core.measures.metrics import psnr, reconstructions, squared_errors
from ae_core.runs.opened import Opened, opened
from ae_core.runs.run import RunError
from ui.colours import class_colour
from ui.controls import live
from ui.controls.pick import number, pick
from ui.controls.pick_run import pick_run
from ui.figures import charts, export, noticing
from ui.figures.frame import heading, notice, small, table
from ui.figures.pictures import Row, Sheet, grey, sheets, signed
from ui.figures.provenance import provenance, source_words
from ui.results.absent_pictures import explain, guarded, what_is_left
from ui.results.asking import ask, when_ready
from ui.sections.reconstruct import code_size, errors, layer_by_layer, other_data, own_picture

COUNT = 8
ALL, FEW = "*", 12  # no class is called so; as many buttons side by side, else a list
UNDER = "class · squared error"
SECTIONS = {
    "test": "Test pictures",
    "drawing": "Draw",
    "upload": "Your pictures",
    "foreign": "Other data",
    "sizes": "Code size",
    "path": "Layer by layer",
}
SAME = "as PCA"
CHOICES = {"class": "By class", "worst": "Worst", "random": "Random"}

heading(
    "Reconstruct",
    "Test pictures, which the network has never learned from, go in; what comes out shows what the code could hold.",
)
chosen = pick_run()


def chosen_images(data: Dataset, errors: np.ndarray) -> tuple[Callable[..., torch.Tensor], dict[str, live.Read]]:
    """Controls for the choice of images.

    Returns how their indices (8,) in the test split come from the places of dials, and those dials.
    """
    labels, classes = data.load().test.labels, data.classes
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
        tested = labels.unique().tolist()  # a class that is only learned from has nothing to show here
        shown = {ALL: "all"} | {classes[k]: classes[k] for k in tested}
        few = len(shown) <= FEW
        wanted = pick("Class", shown, "class", **({"widget": st.pills, "required": True} if few else {"width": 200}))
        number("Set of eight", 1, 20, "set")
    found = (labels == classes.index(wanted)).nonzero().flatten() if wanted != ALL else None

    def eight(**at: int) -> torch.Tensor:
        part = at["set"]
        if found is None:
            return one_of_each(labels, COUNT * part)[-COUNT:]
        return found[min((part - 1) * COUNT, max(0, len(found) - COUNT)) :][:COUNT]

    return eight, {"set": int}


def pictures(run: Opened, chosen: torch.Tensor) -> list[Sheet]:
    """Input, output and signed error of the model, and the same for PCA: two sheets."""
    model, data = run.model, run.data
    test = data.load().test
    x = test.images[chosen]
    y = reconstructions(model, x)
    z = ask(pca, data).reconstruct(x, model.latent)
    scale = max(0.25, float((y - x).abs().max()), float((z - x).abs().max()))
    legend = f"blue: too dark, red: too bright, ±{scale:.2f}"
    names = [data.classes[label] for label in test.labels[chosen].tolist()]
    ours, theirs = (squared_errors(x, other).tolist() for other in (y, z))
    seen = ", ".join(names)
    rows = [
        Row("Input", grey(x.numpy()), f"Test pictures of the classes {seen}"),
        Row("Output", grey(y.numpy()), f"Rebuilt by the autoencoder, classes {seen}", f"from {model.latent} numbers"),
        Row("Error", signed((y - x).numpy(), scale), "Signed error of the autoencoder", legend),
    ]
    components = f"from {pca_size(data, model.latent)} components"
    baseline = [
        Row("PCA", grey(z.numpy()), f"Rebuilt by PCA, classes {seen}", components),
        Row("Error of PCA", signed((z - x).numpy(), scale), "Signed error of PCA", "same scale"),
    ]
    colours = [class_colour(label) for label in test.labels[chosen].tolist()]
    return [
        Sheet(rows, labelled(names, ours), UNDER, colours),
        Sheet(baseline, labelled(names, theirs), UNDER, colours),
    ]


def against_pca(ours: float, theirs: float) -> str | None:
    """How two errors differ, in words; None where PCA has none at all."""
    if theirs <= 1e-9:
        return None
    percent = round(100 * (ours / theirs - 1))
    return f"{percent:+d} % against PCA" if percent else SAME


def labelled(names: list[str], errors: list[float]) -> list[str]:
    """What stands under each picture: its class and its error."""
    return [f"{name} · {error:.2f}" for name, error in zip(names, errors, strict=True)]


def measures(run: Opened) -> Markup:
    """A table of the error in three measures, for the model, PCA and the mean picture, and below it what they are."""
    pixels, data, latent = int(np.prod(run.data.shape)), run.data, run.model.latent
    answers = [
        ("Autoencoder", ask(test_errors, run), ask(likeness, run)),
        (
            f"PCA, {pca_size(data, latent)} numbers",
            ask(pca_errors, data, latent),
            ask(pca_likeness, data, latent),
        ),
        ("Mean picture", ask(pca_errors, data, 0), ask(pca_likeness, data, 0)),
    ]
    rows = [
        (who, f"{found.mean() / pixels:.4f}", f"{psnr(float(found.mean()) / pixels):.1f} dB", f"{ssim:.2f}")
        for who, found, ssim in answers
    ]
    sums = ", ".join(f"{found.mean():.2f}" for _, found, _ in answers)
    count, similar = len(answers[0][1]), len(judged(data))
    fewer = f" (SSIM: {similar:,} of them)" if similar < count else ""
    return table(("", "Error", "PSNR", "SSIM"), rows) + small(
        f"Mean over {count:,} test pictures{fewer}. Error: squared, per pixel; summed over the {pixels} pixels: {sums}."
        " PSNR: the same in decibels, 3 dB more is half the error. SSIM: likeness of small windows, 1 is equal. Mean "
        "picture: the average of the training pictures, whatever goes in."
    )


@guarded
def look(run: Opened, errors: np.ndarray) -> None:
    """The part of the page that answers its controls without the rest being drawn again."""
    chosen, dials = chosen_images(run.data, errors)
    shown = live.show("reconstruct", lambda **at: pictures(run, chosen(**at)), sheets, **dials)
    provenance(run.run, run.checkpoint)
    name, words = f"{run.id}-reconstructions", [source_words(run.run, run.checkpoint)]
    export.offer(lambda: [export.pictures(name, shown, words), *export.of_run(run.run)], key="reconstruct")


def measured(run: Opened) -> None:
    """The table of `measures`."""
    st.html(measures(run))


def test_pictures(run: Opened) -> None:
    """The first section: test pictures, what becomes of them, and the error of all."""
    every, baseline = ask(test_errors, run), ask(pca_errors, run.data, run.model.latent)
    st.fragment(when_ready)(look, run, every)
    pixels = int(np.prod(run.data.shape))
    delta = against_pca(float(every.mean()), float(baseline.mean()))
    st.header("All test pictures", anchor=False)
    left, right = st.columns([1, 2.2], gap="large")
    with left:
        st.metric(
            "Mean squared error per pixel",
            f"{every.mean() / pixels:.4f}",
            delta,
            delta_color="off" if delta == SAME else "inverse",
            help="Lower is better.",
        )
        when_ready(measured, run)
    with right:
        charts.show(
            ask(errors.error_figure, run),
            key="distribution",
            height=280,
            alt=f"Distribution of the error of {len(every)} test pictures for the autoencoder and for PCA",
        )
        provenance(run.run, run.checkpoint)
    mean = ask(pca_errors, run.data, 0)
    notice(noticing.of_reconstructions(*(float(found.mean()) / pixels for found in (every, baseline, mean))))


section = pick("What to look at", SECTIONS, "section", widget=st.segmented_control, required=True)
try:
    run = opened(chosen)
    run.data.load()
    if section == "test":
        when_ready(test_pictures, run)
    elif section == "drawing":
        st.fragment(when_ready)(guarded(own_picture.of_drawing), run)
    elif section == "upload":
        st.fragment(when_ready)(guarded(own_picture.of_upload), run)
    elif section == "foreign":
        when_ready(other_data.foreign, run)
    elif section == "sizes":
        when_ready(code_size.sizes, run)
    else:
        st.fragment(guarded(layer_by_layer.path))(run)
except (RunError, DatasetError) as error:
    explain(error)
    what_is_left(chosen)
