"""Compare: up to six finished runs on the same pictures, side by side, with what each of them costs."""

import streamlit as st

from ae_core.datasets import Dataset, DatasetError, datasets
from ae_core.execution import MONITORED
from ae_core.exploration import SHOWN
from ae_core.runs import RunError
from ui import cached, charts, comparing, export
from ui.absent import explain_absent, guarded
from ui.compared_pictures import pictures
from ui.comparing import Compared, Measured
from ui.computing import when_ready
from ui.frame import heading, note, notice, table, wide
from ui.pick import pick, pick_several, short_title
from ui.provenance import source_words

CURVES = {"error": "Squared error per pixel", "loss": "Test loss"}

heading(
    "Compare",
    "The same pictures through several finished networks: who rebuilds them best, with how large a code, "
    "and after how long a training?",
)


def asked_dataset() -> str | None:
    """The data set of the first run that the address names, so that a link needs to name the runs only."""
    asked = str(st.query_params.get("runs", ""))[:1000].split(",")
    found = {run.id: run for run in cached.store().listing() if run.id in asked}
    try:
        return next((found[name].recipe().dataset for name in asked if name in found), None)
    except RunError:
        return None


def choose() -> tuple[Dataset, list[Compared]]:
    """The data set and the runs on it; those that cannot be opened are explained and left out."""
    explain_absent("compare")
    with st.container(horizontal=True, vertical_alignment="top"):
        present = {name: entry for name, entry in datasets().items() if entry.present()}
        titles = {name: entry.title for name, entry in present.items()}
        data = present[pick("Pictures", titles, "dataset", asked_dataset(), width=220)]
        runs = comparing.finished(data.name)
        start = comparing.starting_runs(list(runs.values()))
        titles = {key: short_title(run) for key, run in runs.items()}
        names = pick_several("Runs, up to six", titles, "runs", start, comparing.MOST)
    compared, trouble = comparing.opened([runs[name] for name in names])
    for sentence in trouble:
        st.warning(sentence)
    return data, compared


def go_on(data: Dataset) -> None:
    """What stands here while nothing is chosen: why, and a way forward."""
    if comparing.finished(data.name):
        st.info("Choose one run or more above; with two or more there is something to compare.", icon=":material/info:")
    else:
        st.info(f"No run on {data.title} is finished yet; train two and compare them here.", icon=":material/info:")
    st.page_link(
        "pages/train.py", label="Train a model", icon=":material/play_arrow:", query_params={"dataset": data.name}
    )


def numbers(data: Dataset, lines: list[Measured], sizes: set[int]) -> None:
    """One table: what each run reached and what it costs."""
    head = ("", "Error per pixel", "PSNR", "Numbers in the code", "Bytes of code", "Parameters", "Training", "Probe")
    rows = [
        (
            line.name, f"{line.error:.4f}", f"{line.psnr:.1f} dB", f"{line.latent}", f"{line.code_bytes:,}",
            f"{line.parameters:,}", "none" if line.seconds is None else f"{line.seconds:.1f} s", "one class" if line.probe is None else f"{100 * line.probe:.1f} %",
        )
        for line in lines
    ]  # fmt: skip
    st.html(f'<div class="ae-even">{wide("What each run reaches and costs", table(head, rows))}</div>')
    split = data.load()
    note(
        f"Error: squared, mean over all {len(split.test.labels):,} test pictures of {data.title}. Bytes: each number of the code as float32, "
        f"4 bytes. Probe: how many of {min(comparing.PROBED, len(split.test.labels)):,} test pictures a linear classifier names rightly from the code "
        f"alone, after learning from {min(comparing.PROBED, len(split.train.labels)):,} training pictures. PCA: as many numbers as the first run."
    )
    if len(sizes) > 1:
        note(
            f"The codes differ in size ({', '.join(map(str, sorted(sizes)))} numbers): a larger code has the easier task, "
            "so compare errors only between codes of one size."
        )


def curves(data: Dataset, compared: list[Compared]) -> None:
    """Either the error that all trainings share a unit in, or the losses, one chart for each unit."""
    losses = comparing.loss_curves(compared)
    start = "loss" if len(losses) == 1 else "error"
    how = pick(
        "Curves", CURVES, "curves", start, widget=st.segmented_control, required=True, label_visibility="collapsed"
    )
    if how == "loss":
        for unit, found in losses.items():
            chart(found, f"test loss, {unit}", f"curves_{unit}")
    else:
        pca = (f"PCA, {compared[0].model.latent} components", comparing.pca_reference(data, compared[0].model.latent))
        chart(comparing.error_curves(compared), "squared error per pixel", "curves_error", pca)
    units = " and ".join(losses)
    note(
        (f"The losses are in {units}, which cannot be compared, so each unit has a chart of its own. " if len(losses) > 1 and how == "loss" else "")
        + (f"Test loss in {units}, all terms added, summed over pixels, mean over {MONITORED} test pictures at most, as recorded while training."
           if how == "loss" else
           f"Squared error of the {SHOWN} test pictures that every training keeps, as recorded while training: one measure for all"
           + (f", since losses in {units} cannot be compared." if len(losses) > 1 else "."))
    )  # fmt: skip
    note(*(source_words(one.run, one.checkpoint) for one in compared))


def chart(found: list[comparing.Curve], what: str, key: str, reference: tuple[str, float] | None = None) -> None:
    """One chart of curves; the last values are read out."""
    found = [curve for curve in found if len(curve.values)]
    if not found:
        st.info("These runs have kept no curve.", icon=":material/info:")
        return
    spoken = "; ".join(f"{curve.name} {curve.values[-1]:.4g}" for curve in found)
    charts.show(
        comparing.figure(found, what, reference), key=key, height=340,
        alt=f"{what} by epoch. At the end: {spoken}",
    )  # fmt: skip


def knobs(compared: list[Compared]) -> None:
    """A table of the knobs in which the runs differ, and no other."""
    rows = comparing.knob_rows(compared)
    if len(compared) < 2:
        note("Choose a second run to see in which knobs they differ.")
    elif rows:
        found = table(("", *(one.name for one in compared)), rows)
        st.html(f'<div class="ae-even">{wide("Knobs that differ", found)}</div>')
        note("–: a model without this knob, or where it has no effect. All other knobs are the same.")
    else:
        note("No knob differs: the same recipe, trained more than once.")


data, compared = choose()
if not compared:
    go_on(data)
    st.stop()
if len(compared) == 1:
    note("One run beside PCA. Choose a second one above to compare the two.")
try:
    st.fragment(when_ready)(guarded(pictures), data, compared)
    st.header("What it reaches, and what it costs", anchor=False)
    sizes = {one.model.latent for one in compared}
    lines = [*map(comparing.measured, compared), comparing.measured_pca(data, compared[0].model.latent)]
    numbers(data, lines, sizes)
    runs = [one.run for one in compared]
    export.offer(lambda: [comparing.table_file(data, lines), export.curves(runs)], key="compare_numbers")
    st.header("On the way there", anchor=False)
    st.fragment(guarded(curves))(data, compared)
    st.header("What was set differently", anchor=False)
    knobs(compared)
except (RunError, DatasetError) as error:
    st.error(str(error))
    st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")
    st.stop()

notice(
    "Read down a column of pictures: where all networks fail at the same picture, the code is too small for it; where one "
    "fails alone, look at what was set differently. PCA needs no training and is the best straight-line code of its size. "
    "A low error and a high probe are two different things: a code may rebuild well and still mix the classes, or the other "
    "way round."
)
