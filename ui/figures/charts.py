"""Numbers become plotly figures, all of one look."""

from __future__ import annotations

import base64
import html
import math
import time
from collections.abc import Collection
from typing import Any

import numpy as np
import streamlit as st
from plotly.basedatatypes import BaseFigure

from ui.colours import BASELINE, DEAD, OURS, term_colour
from ui.results.engine import engine
from ui.results.turns import turns

FIRST_S = 0.12  # so much later than the pictures above it comes the first chart of a visit
TEMPLATE = "hovertemplate"  # how a place under the pointer is described; always written in the code
_SHOWN = "_charts_shown"  # session key: whether this visit has had a chart

CONFIG = {  # the one button of the bar, shown when the pointer is over a figure, saves it; the browser draws the file
    "displayModeBar": "hover",
    "modeBarButtons": [["toImage"]],
    "displaylogo": False,
    "scrollZoom": False,
    "toImageButtonOptions": {"format": "svg", "filename": "autoencoder-explorer"},
}


def show(figure: BaseFigure, *, key: str, height: int, alt: str) -> None:
    """Put a figure on the page; `alt` says it in words.

    The first one of a visit comes a moment later: a browser compiles what draws it for up to a second, and pictures
    that were sent just before would not be painted meanwhile.
    """
    if engine() and _SHOWN not in st.session_state:
        st.session_state[_SHOWN] = True
        turns.give_up()
        time.sleep(FIRST_S)
    st.plotly_chart(figure, key=key, config=CONFIG, height=height, alt=alt)


class Drawing(BaseFigure):
    """A figure as the plain data that the browser reads.

    plotly's own figure checks and copies every value when it is made and again whenever it is shown, which costs more
    than the rest of a page. What it would find, the tests let it find.
    """

    def __init__(self, traces: list[dict[str, Any]], layout: dict[str, Any]) -> None:
        self._spec = {"data": [_typed(trace) for trace in traces], "layout": _typed(layout)}

    def to_dict(self) -> dict[str, Any]:
        """The same data each time, in the form of plotly.js; nobody may change them."""
        return self._spec


def _typed(value: Any) -> Any:
    """The same with texts that show what they say, of which plotly.js would otherwise make links and bold words, and
    with arrays as it takes them: the type of their numbers, and their bytes in base64.
    """
    if isinstance(value, dict):
        return {key: part if key == TEMPLATE else _typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_typed(part) for part in value]
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if not isinstance(value, np.ndarray):
        return value
    numbers = value.astype(np.int32) if value.dtype.kind in "iu" else value.astype(np.float32)
    return {"dtype": numbers.dtype.str[1:], "bdata": base64.b64encode(numbers.tobytes()).decode()}


def _figure(traces: list[dict[str, Any]], x: str, y: dict[str, Any], **layout: Any) -> Drawing:
    """Traces on axes of one look; the theme of the app comes on top of it in the browser."""
    axis = {"automargin": True, "fixedrange": True}
    common = {
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        "xaxis": {"title": {"text": x}, **axis},
        "yaxis": {**axis, **y},
        "hovermode": "x unified",
        "template": {"layout": {}},
    }
    return Drawing(traces, {**common, **layout})


def loss_curves(
    lines: list[dict[str, Any]], steps_per_epoch: float, reference: tuple[str, float] | None = None
) -> Drawing:
    """Each loss term by epoch: training dotted, test solid, one colour a term; `reference` (name, value) is a level
    line.

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
    if reference and len(epochs):
        name, value = reference
        line = {"color": BASELINE, "dash": "dash", "width": 2}
        ends = {"x": epochs[[0, -1]], "y": np.full(2, value, np.float32)}
        traces.append({"type": "scatter", "mode": "lines", "name": name, "line": line, **ends})
    return _figure(traces, "epoch", {"title": {"text": "loss per image"}, **_scale([trace["y"] for trace in traces])})


def _scale(values: list[np.ndarray]) -> dict[str, Any]:
    """A logarithmic axis with ticks at 1, 2 and 5, or more of them within one decade, unless a value is not
    positive.
    """
    if any((part <= 0).any() for part in values):
        return {"type": "linear"}
    wide = max((v.max() for v in values), default=1.0) > 10 * min((v.min() for v in values), default=1.0)
    decades = [m * 10.0**k for k in range(-6, 7) for m in ((1, 2, 5) if wide else (1, 1.5, 2, 3, 4, 5, 7))]
    return {"type": "log", "tickvals": decades, "ticktext": [f"{value:g}" for value in decades]}


def compared_curves(
    curves: list[tuple[str, np.ndarray, np.ndarray, str, str]], title: str, quiet: Collection[str] = ()
) -> Drawing:
    """Curves of several runs by epoch: (name, epochs, values, colour, dash) each, `title` beside the axis; names that
    are `quiet` stand under the pointer only.
    """
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": epochs,
            "y": values,
            "line": {"color": colour, "dash": dash, "width": 2},
            "hovertemplate": "%{y:.4g}",
            "showlegend": name not in quiet,
        }
        for name, epochs, values, colour, dash in curves
    ]
    return _figure(traces, "epoch", {"title": {"text": title}, **_scale([values for _, _, values, _, _ in curves])})


def error_distribution(ours: np.ndarray, baseline: np.ndarray, names: tuple[str, str]) -> Drawing:
    """Which share of the images has which squared error (summed over pixels), for the model and for the baseline,
    of which there may be another number.
    """
    ours, baseline = _finite(ours), _finite(baseline)
    edges = _forty(np.concatenate([ours, baseline]))
    middle = (edges[1:] + edges[:-1]) / 2
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": middle,
            "y": 100 * np.histogram(errors, edges)[0] / max(1, len(errors)),
            "name": name,
            "marker": {"color": colour, "opacity": 0.6, "line": {"width": 0}},
            "hovertemplate": "%{y:.1f} % of the images near %{x:.2f}",
        }
        for errors, name, colour in ((ours, names[0], OURS), (baseline, names[1], BASELINE))
    ]
    title = "squared error of an image, summed over pixels"
    return _figure(traces, title, {"title": {"text": "% of the images"}}, barmode="overlay", bargap=0.02)


def _finite(values: np.ndarray) -> np.ndarray:
    """Those that can be counted in bins: not what is infinite or no number."""
    return values[np.isfinite(values)].astype(np.float64)


def _forty(values: np.ndarray) -> np.ndarray:
    """The edges (41,) of bins over finite values, wide enough to be told apart where all values are one."""
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    least = 1e-6 * max(1.0, abs(low), abs(high))
    return np.linspace(low, high, 41) if high - low > least else np.linspace(low - least, high + least, 41)


def quality_curves(curves: list[tuple[str, dict[float, float], str, str]], marks: dict[float, str]) -> Drawing:
    """PSNR in dB against the level of damage: (name, {level: dB}, colour, dash) each; `marks` are named levels."""
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": sorted(points),
            "y": np.array([points[level] for level in sorted(points)]),
            "line": {"color": colour, "dash": dash, "width": 2},
            "marker": {"size": 5},
            "hovertemplate": "%{y:.1f} dB",
        }
        for name, points, colour, dash in curves
    ]
    lines = [
        {
            "type": "line",
            "x0": level,
            "x1": level,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"dash": "dot", "width": 1.5, "color": OURS},
        }
        for level in marks
    ]
    words = [
        {"x": level, "yref": "paper", "y": 0.02, "text": text, "showarrow": False, "xanchor": "left", "xshift": 4}
        for level, text in marks.items()
    ]
    y = {"title": {"text": "PSNR in dB, higher is better"}}
    return _figure(traces, "level of damage", y, shapes=lines, annotations=words)


def size_curve(runs: list[tuple[int, float, str]], sizes: np.ndarray, baseline: np.ndarray) -> Drawing:
    """Error per pixel against the size of the code: (size, error, name) of runs, and of PCA with `sizes` components."""
    most = max(2, *(2 * size for size, _, _ in runs))
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "PCA",
            "x": sizes,
            "y": baseline,
            "line": {"color": BASELINE, "width": 2},
            "hovertemplate": "%{y:.4f}",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "runs",
            "x": [size for size, _, _ in runs],
            "y": [error for _, error, _ in runs],
            "text": [name for _, _, name in runs],
            "marker": {"color": OURS, "size": 10},
            "hovertemplate": "%{y:.4f} · %{text}",
        },
    ]
    errors = [error for _, error, _ in runs]
    reach = [np.log10(max(1e-9, min(errors) / 3)), np.log10(1.5 * max(*errors, float(baseline[0])))]
    decades = [m * 10.0**k for k in range(-6, 1) for m in (1, 2, 5)]
    ticks = {"tickvals": decades, "ticktext": [f"{value:g}" for value in decades]}
    y = {"title": {"text": "squared error per pixel"}, "type": "log", "range": reach, **ticks}
    stops = [2**k for k in range(12) if 2**k <= most]
    x = {
        "title": {"text": "numbers in the code"},
        "type": "log",
        "tickvals": stops,
        "automargin": True,
        "fixedrange": True,
    }
    return _figure(traces, "", y, xaxis=x, hovermode="closest")


def weight_of_numbers(values: np.ndarray, names: list[str], title: str, dead: float) -> Drawing:
    """A bar for each number of the code, in the order given; those below `dead` are grey and called dead."""
    alive = values >= dead
    traces = [
        {
            "type": "bar",
            "x": [name for name, keep in zip(names, mask, strict=True) if keep],
            "y": values[mask],
            "name": label,
            "marker": {"color": colour},
            "hovertemplate": "%{y:.3g}",
        }
        for mask, label, colour in ((alive, "in use", OURS), (~alive, f"dead: below {dead:g}", DEAD))
        if mask.any()
    ]
    x = {"title": {"text": "number of the code"}, "type": "category", "automargin": True, "fixedrange": True}
    return _figure(traces, "", {"title": {"text": title}}, xaxis=x, hovermode="x")


def against_normal(values: np.ndarray, mean: float, deviation: float, names: tuple[str, str]) -> Drawing:
    """How one number of the code is spread over the pictures (bars), against a normal distribution (curve)."""
    values = _finite(values)
    ends = (mean - 3 * deviation, mean + 3 * deviation) if math.isfinite(mean + deviation) else (0.0, 1.0)
    edges = _forty(np.concatenate([values, ends]))
    density = np.histogram(values, edges)[0] / (max(1, len(values)) * np.diff(edges))
    x = np.linspace(edges[0], edges[-1], 200)
    curve = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
    traces = [
        {
            "type": "bar",
            "x": (edges[1:] + edges[:-1]) / 2,
            "y": density,
            "name": names[0],
            "marker": {"color": OURS, "opacity": 0.6},
            "hovertemplate": "%{y:.2f}",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": curve,
            "name": names[1],
            "line": {"color": BASELINE, "width": 2.5},
            "hovertemplate": "%{y:.2f}",
        },
    ]
    return _figure(traces, "value", {"title": {"text": "density"}}, bargap=0.02)
