"""Start: what an autoencoder is, with one at work."""

import streamlit as st

from ae_core.exploration import one_of_each
from ae_core.models import MODELS, idea
from ae_core.models.base import DeterministicAutoencoder
from ae_core.store import EXAMPLE
from ui import cached
from ui.components.squeeze import payload, squeeze
from ui.frame import heading, note, notice
from ui.provenance import provenance

heading(
    "Autoencoder Explorer",
    "An autoencoder squeezes a picture through a bottleneck, a short list of numbers called the <em>code</em>, and "
    "rebuilds the picture from that list alone.",
)
run = cached.store().find(EXAMPLE)
model, checkpoint = cached.model(run)
data = run.recipe().data


@st.cache_resource(max_entries=4, show_spinner=False)
def at_work(version: str) -> bytes:
    """The network and one test picture of each class, as the browser takes them."""
    if not isinstance(model, DeterministicAutoencoder):
        raise TypeError(f"{EXAMPLE} must be a dense autoencoder: its network runs in the browser.")
    test = data.load().test
    chosen = one_of_each(test.labels, len(data.classes))
    return payload(model, test.images[chosen], [data.classes[i] for i in test.labels[chosen].tolist()])


squeeze(at_work(checkpoint.sha256), key="squeeze")
provenance(run, checkpoint)

with st.container(horizontal=True, horizontal_alignment="center"):
    st.page_link("pages/train.py", label="**Train one yourself**", icon=":material/play_arrow:")
    st.page_link("pages/reconstruct.py", label="**Look at reconstructions**", icon=":material/compare:")

notice(
    f"The network never saw these ten pictures while it learned. Pull a bar of the code: one number changes, and with it "
    f"a whole stroke, because {model.latent} numbers have to describe {data.shape[1] * data.shape[2]} pixels and each "
    "must say something about many. What the code cannot say comes out blurred."
)

st.subheader("The family", anchor=False)
family = st.grid(4, min_column_width=220)
for name, kind in MODELS.items():
    with family.container(border=True, height="stretch"):
        st.markdown(f"**{kind.title}**")
        note(idea(name))
        st.page_link("pages/train.py", label="Train it", icon=":material/play_arrow:", query_params={"model": name})
