"""The family on cards: for each model its bottleneck to scale, and what a shipped run of it makes of test pictures."""

from __future__ import annotations

import base64
import html
import math

import streamlit as st

from ae_core.checkpoints import manifest
from ae_core.datasets import DatasetError
from ae_core.exploration import one_of_each
from ae_core.metrics import reconstructions
from ae_core.runs import Run, RunError
from ui import cached
from ui.colours import OURS
from ui.pictures import data_uri, grey, strip

SHOWN = 6


def shipped() -> dict[str, Run]:
    """The shipped run of each model: on the smallest pictures that are on this computer, of the first name."""
    runs = [run for run in cached.store().listing() if run.pretrained]
    return _by_model(runs, ",".join(f"{run.folder}:{_checksum(run)}" for run in runs))


def _checksum(run: Run) -> str:
    entries = manifest(run.folder)
    return entries[-1].sha256 if entries else ""


@st.cache_resource(max_entries=4, show_spinner=False)
def _by_model(_runs: list[Run], versions: str) -> dict[str, Run]:
    found: dict[str, tuple[int, Run]] = {}
    for run in _runs:
        try:
            made = run.recipe()
        except RunError:
            continue
        pixels = math.prod(made.data.shape)
        if made.data.present() and run.has_weights() and pixels < found.get(made.model, (1 << 30, run))[0]:
            found[made.model] = (pixels, run)
    return {model: run for model, (_, run) in found.items()}


def bottleneck(pixels: int, latent: int) -> str:
    """HTML of a funnel from `pixels` values to `latent` and back, heights to scale, with the numbers under it."""
    full = 56.0
    waist = max(1.0, full * latent / max(pixels, latent))
    outer = full * pixels / max(pixels, latent)
    o, w = (60 - outer) / 2, (60 - waist) / 2
    left = f"0,{o:.1f} 92,{w:.1f} 92,{60 - w:.1f} 0,{60 - o:.1f}"
    right = f"200,{o:.1f} 108,{w:.1f} 108,{60 - w:.1f} 200,{60 - o:.1f}"
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 60" preserveAspectRatio="none">'
        f'<g fill="{OURS}"><g opacity="0.3"><polygon points="{left}"/><polygon points="{right}"/></g>'
        f'<rect x="92" y="{w:.1f}" width="16" height="{waist:.1f}"/></g></svg>'
    )
    picture = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    words = f"<span>{pixels} pixels</span><span>{latent} number{'s' if latent != 1 else ''}</span><span>{pixels} pixels</span>"
    return f'<div class="ae-neck"><img src="{picture}" alt="Bottleneck, heights to scale"><div>{words}</div></div>'


def pictures(run: Run) -> str:
    """HTML of a few test pictures over what the run rebuilds of them; empty where the pictures are not here."""
    try:
        return _pictures(run, f"{run.folder}:{_checksum(run)}")
    except (RunError, DatasetError):
        return ""


@st.cache_resource(max_entries=64, show_spinner=False)
def _pictures(_run: Run, version: str) -> str:
    network, made = cached.model(_run)[0], _run.recipe()
    test = made.data.load().test
    x = test.images[one_of_each(test.labels, SHOWN)]
    rows = ((x, "test pictures"), (reconstructions(network, x), f"the same, rebuilt by {network.title}"))
    images = "".join(
        f'<img src="{data_uri(strip(grey(part.numpy())))}" alt="{SHOWN} {html.escape(what, quote=True)}">'
        for part, what in rows
    )
    return f'<div class="ae-strip">{images}</div>'
