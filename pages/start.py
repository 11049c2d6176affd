"""Start: what an autoencoder is, with one under the pointer, and the family."""

import streamlit as st

from ae_core.looks.codes import codes
from ae_core.looks.maps import View, on_plane
from ae_core.runs.opened import Opened, opened
from ui.components.latent_guest.latent_guest import latent_guest
from ui.components.squeeze.squeeze import squeeze
from ui.figures.frame import heading, note, notice
from ui.figures.provenance import provenance
from ui.results.absent_pictures import guarded
from ui.results.asking import ask, when_ready
from ui.results.failed_runs import usable
from ui.sections.latent import maps
from ui.sections.latent.marks import marked_pad
from ui.sections.reconstruct.own_picture import beside_a_sheet
from ui.sections.start import family

CHOICE = ("One map", "Beside a plain autoencoder")

heading(
    "Autoencoder Explorer",
    "An autoencoder squeezes a picture through a bottleneck, a short list of numbers called the <em>code</em>, and "
    "rebuilds the picture from that list alone.",
)


def plane(run: Opened) -> View:
    """Which plane of its codes is the map of a run here."""
    return View("dims" if run.model.latent <= 2 else "pca")


@st.fragment
def touch(runs: list[Opened]) -> None:
    """The latent pad with one run, or with two under one pointer."""
    made = ask(maps.touring, tuple(runs), plane(runs[0]), CHOICE)
    both = marked_pad(made, "start", len(ask(codes, runs[0]).labels)).both
    for run in runs if both else runs[:1]:
        provenance(run.run, run.checkpoint)


def there_and_back(run: Opened) -> None:
    """A picture on its way through a network that runs in the browser, with the code to pull at."""
    model, data = run.model, run.data
    st.header("From a picture to its code and back", anchor=False)
    squeeze(ask(family.at_work, run), key="squeeze")
    provenance(run.run, run.checkpoint)
    note(
        f"Pull a bar of the code: one number changes, and with it a whole stroke, because {model.latent} numbers have "
        f"to describe {data.shape[1] * data.shape[2]} pixels and each must say something about many."
    )


def draw_yourself(runs: list[Opened], others: list[Opened]) -> None:
    """The sheet, what the networks make of the drawing, and its place as a ring on the maps at the top of the page."""
    x = beside_a_sheet([*runs, *others], runs[0].data, "start")
    places = [] if x is None else [ask(on_plane, run, plane(run), x)[0].tolist() for run in runs]
    latent_guest("start_guest", x, places)


pair = list(map(opened, usable(family.planes())))
if pair:
    touch(pair)
else:
    st.info("There is no trained network here yet; train one in a few seconds.", icon=":material/info:")
with st.container(horizontal=True, horizontal_alignment="center"):
    st.page_link("pages/train.py", label="**Train one yourself**", icon=":material/play_arrow:")
    seen = {"run": pair[0].id} if pair else None
    st.page_link(
        "pages/latent.py", label="**Explore the latent space**", icon=":material/scatter_plot:", query_params=seen
    )
    st.page_link(
        "pages/reconstruct.py", label="**Look at reconstructions**", icon=":material/compare:", query_params=seen
    )
notice(
    "Every dot is the code of a test picture. Move the pointer over the map: the decoder paints what it would make of "
    "that place, and between two classes one digit turns into another. Click two places to see the whole way between "
    "them."
    + (
        " Put the plain autoencoder beside it: its map has holes, since nothing in its training said what a code "
        "between the clusters should mean."
        if len(pair) > 1
        else ""
    )
)

if pair:
    st.header("Draw one yourself", anchor=False)
    more = [
        one for one in map(opened, usable(family.shipped("vae-{}"))) if one.recipe.dataset == pair[0].recipe.dataset
    ]
    st.fragment(when_ready)(guarded(draw_yourself), pair, more)
    note(
        "A code of two numbers can say little: the answer is the nearest of what the network knows. With more numbers "
        "it comes closer. Reconstruct has the same sheet for every other network."
    )
for run in usable(family.shipped("vanilla-{}")[:1]):
    there_and_back(opened(run))

st.header("The family", anchor=False)
st.html(family.cards())
