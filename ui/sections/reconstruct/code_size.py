"""The error against the size of the code, over all finished runs of a model."""

from __future__ import annotations

import streamlit as st

from ae_core.looks.baseline import BY_SIZE, SIZES, pca_by_size
from ae_core.models import model_class
from ae_core.runs import reading
from ae_core.runs.opened import Opened
from ae_core.runs.store import Store
from ui.figures import charts
from ui.figures.frame import note, notice, table, wide
from ui.results.asking import ask


def sizes(run: Opened) -> None:
    """The error against the size of the code, over all finished runs of this model on these pictures."""
    recipe, data = run.recipe, run.data
    kind = model_class(recipe.model).title
    found, seeds = [], {}
    for other in reading.runs_of(Store.default(), data.name):
        status = other.status()
        if other.recipe().model == recipe.model and status.state == "done" and status.test:
            found.append((int(other.recipe().knobs["latent"]), float(status.test["mse"]), other.id))
            seeds[other.id] = f"{other.recipe().plan['seed']}"
    found.sort()
    if not found:
        st.info(
            "No run of this kind is finished yet; the size of the code can be compared once one is.",
            icon=":material/info:",
        )
    else:
        spoken = "; ".join(f"{size} numbers: {error:.4f}" for size, error, _ in found)
        charts.show(
            charts.size_curve(found, *ask(pca_by_size, data, 2 * max(size for size, _, _ in found))),
            key="sizes",
            height=340,
            alt=f"Squared error per pixel against the size of the code. {spoken}",
        )
        lines = [
            (name, seeds[name], f"{size}", f"{error:.4f}")
            for size, error, name in sorted(found, key=lambda one: one[2] != run.id)
        ]
        st.html(wide("Error by run", table(("run", "seed", "numbers in the code", "squared error per pixel"), lines)))
    note(
        f"{kind} on {data.title}: {len(found)} finished runs, error on all test pictures. PCA: the same data, first "
        f"{BY_SIZE:,} test pictures at most, for {SIZES} sizes at most."
    )
    latent = max(1, int(recipe.knobs["latent"]) // 2)
    st.page_link(
        "pages/train.py",
        label=f"Train one with a code of {latent:d}",
        icon=":material/play_arrow:",
        query_params={"model": recipe.model, "dataset": data.name, "latent": str(latent)},
    )
    notice(
        "The first numbers of a code say most; each further one adds less. The line is the best that any code of that "
        "size can do without bending. A network gets below it only where it has layers that bend, and has learned for "
        "long enough; a point above the line is a network that PCA beats without any training. All are cut to the "
        "range from black to white."
    )
