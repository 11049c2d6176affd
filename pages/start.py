"""Start: what an autoencoder is, with one at work, and the family."""

import streamlit as st

from ae_core.runs.run import Run
from ui.figures.frame import heading
from ui.plain import plain
from ui.results.absent_pictures import guarded
from ui.results.asking import when_ready
from ui.sections.start import family, figure

WAYS = {
    "train": ("Train one yourself", ":material/play_arrow:"),
    "latent": ("Explore its latent space", ":material/scatter_plot:"),
    "reconstruct": ("Look at its reconstructions", ":material/compare:"),
}

heading(
    "Autoencoder Explorer",
    "An autoencoder squeezes a picture into a few numbers, its <em>code</em>, and rebuilds the picture from the code "
    "alone.",
)


def ways_on(run: Run | None) -> None:
    """One line of links to other pages, where the network that was seen here is shown."""
    with st.container(horizontal=True, horizontal_alignment="center", key="ways_on"):
        for page, (label, icon) in WAYS.items():
            seen = {"run": run.id} if run and page != "train" else None
            st.page_link(f"pages/{page}.py", label=f"**{plain(label)}**", icon=icon, query_params=seen)


runs = figure.shipped()
if runs:
    st.fragment(when_ready)(guarded(figure.living), runs, ways_on)
else:
    st.info("The networks that are shown here are missing; train one of your own in seconds.", icon=":material/info:")
    ways_on(next(iter(family.planes()), None))

st.header("The family", anchor=False)
st.html(family.cards())
