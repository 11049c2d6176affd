"""Autoencoder Explorer: the server (`streamlit run app.py`), the list of pages and the frame around every page."""

import os

# Before torch is imported, and it never is before this line: every visit runs in a new thread, and with more than one
# thread per computation each of them would build a team of its own and wait for it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

PAGES = {
    "start": ("Start", ""),
    "train": ("Train", "train"),
    "reconstruct": ("Reconstruct", "reconstruct"),
    "denoise": ("Denoise", "denoise"),
    "latent": ("Latent space", "latent"),
    "generate": ("Generate", "generate"),
    "compare": ("Compare", "compare"),
    "runs": ("Runs", "runs"),
}


def visit() -> None:
    """One run of the script for one visitor: the frame, then the chosen page."""
    from ui.figures.frame import draw_frame
    from ui.results.absent_pictures import guarded
    from ui.results.asking import when_ready
    from ui.results.processes import say_what_is_missing

    pages = [
        st.Page(f"pages/{file}.py", title=title, url_path=path or None, default=not path)
        for file, (title, path) in PAGES.items()
    ]
    page = st.navigation(pages, position="top")
    st.set_page_config(page_title=f"{page.title} · Autoencoder Explorer", page_icon="🔬", layout="wide")
    draw_frame()
    say_what_is_missing()
    when_ready(guarded(page.run))


if get_script_run_ctx(suppress_warning=True):
    visit()
else:
    from ae_core.engine import forkserver

    forkserver.begin()  # first of all: it imports on one core what this process imports on another
    from starlette.middleware import Middleware

    from ui.server.gate import Gate
    from ui.server.lifespan import lifespan
    from ui.server.routes import routes

    app = st.App(__file__, lifespan=lifespan, routes=routes(), middleware=[Middleware(Gate)])
