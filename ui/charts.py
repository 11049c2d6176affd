"""Numbers become plotly figures, all of one look."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ui.colours import BASELINE, DEAD, OURS, term_colour

CONFIG = {"displayModeBar": False, "scrollZoom": False}


def _figure(traces: list[dict[str, Any]], x: str, y: dict[str, Any], **layout: Any) -> go.Figure:
    """All figures in one call: plotly checks each update anew, which costs more than the rest of a page."""
    axis = {"automargin": True, "fixedrange": True}
    common = {
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        "xaxis": {"title": {"text": x}, **axis},
        "yaxis": {**axis, **y},
        "hovermode": "x unified",
    }
    return go.Figure({"data": traces, "layout": {**common, **layout}})


def loss_curves(lines: list[dict[str, Any]], steps_per_epoch: float) -> go.Figure:
    """Each loss term by epoch: training dotted, test solid, one colour a term.

    The scale is logarithmic, unless a value is not positive, as minus the logarithm of a density may be.
    """
    epochs = np.array([line["step"] / steps_per_epoch for line in lines], np.float32)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": epochs,
            "y": np.array([line[part].get(term) for line in lines], np.float32),
            "name": f"{term}, {part}",
            "line": {"color": term_colour(term), "dash": dash, "width": 2},
        }
        for term in (lines[-1]["test"] if lines else ())
        for part, dash in (("train", "dot"), ("test", "solid"))
    ]
    decades = [m * 10.0**k for k in range(-6, 7) for m in (1, 2, 5)]
    ticks = {"tickvals": decades, "ticktext": [f"{value:g}" for value in decades]}
    positive = not any((trace["y"] <= 0).any() for trace in traces)
    scale = {"type": "log", **ticks} if positive else {"type": "linear"}
    return _figure(traces, "epoch", {"title": {"text": "loss per image"}, **scale})


def error_distribution(ours: np.ndarray, baseline: np.ndarray, names: tuple[str, str]) -> go.Figure:
    """How many test images have which squared error (summed over pixels), for the model and for the baseline."""
    edges = np.histogram_bin_edges(np.concatenate([ours, baseline]), bins=40)
    middle = ((edges[1:] + edges[:-1]) / 2).astype(np.float32)
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": middle,
            "y": np.histogram(errors, edges)[0],
            "name": name,
            "marker": {"color": colour, "opacity": 0.6, "line": {"width": 0}},
            "hovertemplate": "%{y} images near %{x:.2f}",
        }
        for errors, name, colour in ((ours, names[0], OURS), (baseline, names[1], BASELINE))
    ]
    title = "squared error of an image, summed over pixels"
    return _figure(traces, title, {"title": {"text": "test images"}}, barmode="overlay", bargap=0.02)


def weight_of_numbers(values: np.ndarray, names: list[str], title: str, dead: float) -> go.Figure:
    """A bar for each number of the code, in the order given; those below `dead` are grey and called dead."""
    alive = values >= dead
    traces = [
        {
            "type": "bar",
            "x": [name for name, keep in zip(names, mask, strict=True) if keep],
            "y": values[mask].astype(np.float32),
            "name": label,
            "marker": {"color": colour},
            "hovertemplate": "%{y:.3g}",
        }
        for mask, label, colour in ((alive, "in use", OURS), (~alive, f"dead: below {dead:g}", DEAD))
        if mask.any()
    ]
    figure = _figure(traces, "number of the code", {"title": {"text": title}}, hovermode="x")
    return figure.update_xaxes(type="category")


def against_normal(values: np.ndarray, mean: float, deviation: float, names: tuple[str, str]) -> go.Figure:
    """How one number of the code is spread over the pictures (bars), against a normal distribution (curve)."""
    low, high = min(values.min(), mean - 3 * deviation), max(values.max(), mean + 3 * deviation)
    density, edges = np.histogram(values, bins=40, range=(low, high), density=True)
    x = np.linspace(low, high, 200)
    curve = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
    traces = [
        {"type": "bar", "x": ((edges[1:] + edges[:-1]) / 2).astype(np.float32), "y": density.astype(np.float32),
         "name": names[0], "marker": {"color": OURS, "opacity": 0.6}, "hovertemplate": "%{y:.2f}"},
        {"type": "scatter", "mode": "lines", "x": x.astype(np.float32), "y": curve.astype(np.float32), "name": names[1],
         "line": {"color": BASELINE, "width": 2.5}, "hovertemplate": "%{y:.2f}"},
    ]  # fmt: skip
    return _figure(traces, "value", {"title": {"text": "density"}}, bargap=0.02)
