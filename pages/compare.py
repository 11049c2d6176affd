"""Compare: up to six finished runs on the same pictures, side by side, with what each of them costs."""

import streamlit as st

from ae_core.datasets import Dataset, datasets
from ae_core.datasets.choosing import SHOWN
from ae_core.looks.baseline import pca_size
from ae_core.looks.errors import pca_of_fixed
from ae_core.runs.execution import MONITORED
from ui.controls.brought import of_runs, pick_dataset
from ui.controls.pick import pick, pick_several, short_title
from ui.figures import charts, export, frame
from ui.figures.frame import heading, note, notice, wide
from ui.figures.provenance import source_words
from ui.markup import box
from ui.plain import plain
from ui.results.absent_pictures import explain_absent, guarded
from ui.results.asking import ask, when_ready
from ui.results.failed_runs import say_if_failed
from ui.sections.compare import chosen, curves, knobs, table
from ui.sections.compare.chosen import Compared
from ui.sections.compare.pictures import pictures

CURVES = {"error": "Squared error per pixel", "loss": "Test loss"}

heading(
    "Compare",
    "The same pictures through several finished networks: who rebuilds them best, with how large a code, "
    "and after how long a training?",
)


def choose() -> tuple[Dataset, list[Compared]]:
    """The data set and the runs on it; those that cannot be opened are explained and left out."""
    explain_absent("compare")
    with st.container(horizontal=True, vertical_alignment="top"):
        present = {name: entry for name, entry in datasets().items() if entry.present()}
        data = pick_dataset(present, of_runs(present), width=220)
        runs = chosen.finished(data.name)
        start = chosen.starting_runs(list(runs.values()))
        titles = {key: short_title(run) for key, run in runs.items()}
        names = pick_several("Runs, up to six", titles, "runs", start, chosen.MOST)
    compared, trouble = chosen.compared([runs[name] for name in names])
    for sentence in trouble:
        st.warning(plain(sentence))
    for one in compared:
        say_if_failed(one.run)
    return data, compared


def go_on(data: Dataset) -> None:
    """What stands here while nothing is chosen: why, and a way forward."""
    if chosen.finished(data.name):
        st.info("Choose one run or more above; with two or more there is something to compare.", icon=":material/info:")
    else:
        st.info(
            f"No run on {plain(data.title)} is finished yet; train two and compare them here.", icon=":material/info:"
        )
    st.page_link(
        "pages/train.py", label="Train a model", icon=":material/play_arrow:", query_params={"dataset": data.name}
    )


def numbers(data: Dataset, compared: list[Compared]) -> None:
    """One table: what each run reached and what it costs."""
    sizes = {one.opened.model.latent for one in compared}
    lines = [*map(table.measured, compared), table.measured_pca(data, compared[0].opened.model.latent)]
    found = frame.table(*table.head_and_rows(lines))
    st.html(box("ae-even", wide("What each run reaches and costs", found)))
    note(table.words_below(data))
    if len(sizes) > 1:
        note(
            f"The codes differ in size ({', '.join(map(str, sorted(sizes)))} numbers): a larger code has the easier "
            "task, so compare errors only between codes of one size."
        )
    runs = [one.run for one in compared]
    export.offer(lambda: [table.table_file(data, lines), export.curves(runs)], key="compare_numbers")


def learning(data: Dataset, compared: list[Compared]) -> None:
    """Either the error that all trainings share a unit in, or the losses, one chart for each unit."""
    losses = curves.loss_curves(compared)
    start = "loss" if len(losses) == 1 else "error"
    how = pick(
        "Curves", CURVES, "curves", start, widget=st.segmented_control, required=True, label_visibility="collapsed"
    )
    if how == "loss":
        for unit, found in losses.items():
            chart(found, f"test loss, {unit}", f"curves_{unit}")
    else:
        size = pca_size(data, compared[0].opened.model.latent)
        pca = (f"PCA, {size} components", ask(pca_of_fixed, data, compared[0].opened.model.latent))
        chart(curves.error_curves(compared), "squared error per pixel", "curves_error", pca)
    units = " and ".join(losses)
    note(
        (
            f"The losses are in {units}, which cannot be compared, so each unit has a chart of its own. "
            if len(losses) > 1 and how == "loss"
            else ""
        )
        + (
            f"Test loss in {units}, all terms added, summed over pixels, mean over {MONITORED} test pictures at most, "
            "as recorded while training."
            if how == "loss"
            else (
                f"Squared error of the {SHOWN} test pictures that every training keeps, as recorded while training: one"
                " measure for all"
            )
            + (f", since losses in {units} cannot be compared." if len(losses) > 1 else ".")
        )
    )
    note(*(source_words(one.run, one.opened.checkpoint) for one in compared))


def chart(found: list[curves.Curve], what: str, key: str, reference: tuple[str, float] | None = None) -> None:
    """One chart of curves; the last values are read out."""
    found = [curve for curve in found if len(curve.values)]
    if not found:
        st.info("These runs have kept no curve.", icon=":material/info:")
        return
    spoken = "; ".join(f"{curve.name} {curve.values[-1]:.4g}" for curve in found)
    charts.show(
        curves.figure(found, what, reference),
        key=key,
        height=340,
        alt=f"{what} by epoch. At the end: {spoken}",
    )


def differing(compared: list[Compared]) -> None:
    """A table of the knobs in which the runs differ, and no other."""
    rows = knobs.knob_rows(compared)
    if len(compared) < 2:
        note("Choose a second run to see in which knobs they differ.")
    elif rows:
        found = frame.table(("", *(one.name for one in compared)), rows)
        st.html(box("ae-even", wide("Knobs that differ", found)))
        note("–: a model without this knob, or where it has no effect. All other knobs are the same.")
    else:
        note("No knob differs: the same recipe, trained more than once.")


data, compared = choose()
if not compared:
    go_on(data)
    st.stop()
if len(compared) == 1:
    note("One run beside PCA. Choose a second one above to compare the two.")
st.fragment(when_ready)(guarded(pictures), data, compared)
st.header("What it reaches, and what it costs", anchor=False)
when_ready(numbers, data, compared)
st.header("On the way there", anchor=False)
st.fragment(when_ready)(guarded(learning), data, compared)
st.header("What was set differently", anchor=False)
differing(compared)

notice(
    "Read down a column of pictures: where all networks fail at the same picture, the code is too small for it; where "
    "one fails alone, look at what was set differently. PCA needs no training and is the best straight-line code of "
    "its size. A low error and a high probe are two different things: a code may rebuild well and still mix the "
    "classes, or the other way round."
)
