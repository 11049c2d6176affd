"""Numbers become plotly figures, all of one look."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ui.colours import BASELINE, OURS, term_colour

CONFIG = {"displayModeBar": False, "scrollZoom": False}


def _layout(figure: go.Figure, x: str, y: str, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        xaxis={"title": {"text": x}, "automargin": True, "fixedrange": True},
        yaxis={"title": {"text": y}, "automargin": True, "fixedrange": True},
        hovermode="x unified",
    )
    return figure


def loss_curves(lines: list[dict[str, Any]], steps_per_epoch: float, height: int = 280) -> go.Figure:
    """Each loss term by epoch: training dotted, test solid, one colour a term; a logarithmic scale."""
    figure = go.Figure()
    epochs = np.array([line["step"] / steps_per_epoch for line in lines], np.float32)
    for term in lines[-1]["test"] if lines else ():
        for part, dash in (("train", "dot"), ("test", "solid")):
            figure.add_scatter(
                x=epochs,
                y=np.array([line[part].get(term) for line in lines], np.float32),
                name=f"{term}, {part}",
                mode="lines",
                line={"color": term_colour(term), "dash": dash, "width": 2},
            )
    figure = _layout(figure, "epoch", "loss per image", height)
    decades = [m * 10.0**k for k in range(-6, 7) for m in (1, 2, 5)]
    return figure.update_yaxes(type="log", tickvals=decades, ticktext=[f"{value:g}" for value in decades])


def error_distribution(ours: np.ndarray, baseline: np.ndarray, names: tuple[str, str], height: int = 280) -> go.Figure:
    """How many test images have which squared error (summed over pixels), for the model and for the baseline."""
    figure = go.Figure()
    edges = np.histogram_bin_edges(np.concatenate([ours, baseline]), bins=40)
    for errors, name, colour in ((ours, names[0], OURS), (baseline, names[1], BASELINE)):
        counts, _ = np.histogram(errors, edges)
        middle = ((edges[1:] + edges[:-1]) / 2).astype(np.float32)
        figure.add_bar(
            x=middle, y=counts, name=name, marker={"color": colour, "opacity": 0.6, "line": {"width": 0}},
            hovertemplate="%{y} images near %{x:.2f}",
        )  # fmt: skip
    figure = _layout(figure, "squared error of an image, summed over pixels", "test images", height)
    return figure.update_layout(barmode="overlay", bargap=0.02)
