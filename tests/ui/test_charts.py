"""Charts: what plotly itself says of them, and that the numbers arrive as they were."""

import base64
import json
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import plotly.io
import pytest
from streamlit.testing.v1 import AppTest

from ui.figures import charts

VALUES = np.random.default_rng(0).gamma(2.0, 3.0, 200)
CURVE = ("a", np.arange(5), VALUES[:5], "#3f90da", "dot")
LINES = [{"step": step, "train": {"reconstruction": 9.0 / step}, "test": {"reconstruction": 8.0}} for step in (1, 2, 4)]
DRAWN = {
    "loss": lambda: charts.loss_curves(LINES, 2.0),
    "loss beside PCA": lambda: charts.loss_curves(LINES, 2.0, ("PCA, 8 numbers", 7.5)),
    "negative loss": lambda: charts.loss_curves([{**line, "train": {"reconstruction": -1.0}} for line in LINES], 2.0),
    "no loss yet": lambda: charts.loss_curves([], 1.0),
    "compared": lambda: charts.compared_curves([CURVE], "loss"),
    "distribution": lambda: charts.error_distribution(VALUES, VALUES / 2, ("ours", "PCA")),
    "quality": lambda: charts.quality_curves([("a", {0.2: 20.0, 0.1: 25.0}, "#3f90da", "solid")], {0.1: "trained at"}),
    "sizes": lambda: charts.size_curve([(2, 0.04, "run")], np.arange(1, 65), np.linspace(0.07, 0.01, 64)),
    "weights": lambda: charts.weight_of_numbers(VALUES[:6] - 3, [f"z{k}" for k in range(6)], "KL", 0.0),
    "normal": lambda: charts.against_normal(VALUES, 0.0, 1.0, ("codes", "prior")),
}


@pytest.mark.parametrize("name", DRAWN)
def test_plotly_accepts_every_chart_and_changes_nothing_in_it(name):
    spec = DRAWN[name]().to_dict()
    checked = go.Figure(spec).to_plotly_json()
    assert {**checked["layout"], "template": {"layout": {}}} == spec["layout"]
    assert checked["data"] == spec["data"]


@pytest.mark.parametrize("values", [VALUES, VALUES.astype(np.float16), np.arange(-3, 200), np.array([1, 0], np.uint8)])
def test_the_numbers_arrive_as_they_were(values):
    (trace,) = charts.compared_curves([("a", np.arange(len(values)), values, "#3f90da", "solid")], "x").to_dict()[
        "data"
    ]
    arrived = np.frombuffer(base64.b64decode(trace["y"]["bdata"]), trace["y"]["dtype"])
    assert arrived == pytest.approx(values, rel=1e-7 if values.dtype.kind in "iu" else 1e-6)


ODD = [np.array([1.0, np.nan, np.inf, -np.inf, 2.0]), np.full(5, np.nan), np.full(5, np.inf), np.full(5, 1e30)]
ODD_LINES = [
    {**line, "test": {"reconstruction": value}} for line, value in zip(LINES, (np.nan, np.inf, 1), strict=True)
]
DRAWN_OF_ODD = {
    "loss": lambda v: charts.loss_curves(ODD_LINES, 2.0),
    "compared": lambda v: charts.compared_curves([("a", np.arange(5), v, "#3f90da", "dot")], "loss"),
    "distribution": lambda v: charts.error_distribution(v, VALUES, ("ours", "PCA")),
    "quality": lambda v: charts.quality_curves([("a", dict(enumerate(v.tolist())), "#3f90da", "solid")], {}),
    "sizes": lambda v: charts.size_curve([(2, float(v[1]), "run")], np.arange(1, 65), np.linspace(0.07, 0.01, 64)),
    "weights": lambda v: charts.weight_of_numbers(v, [f"z{k}" for k in range(5)], "KL", 0.01),
    "normal": lambda v: charts.against_normal(v, float(v.mean()), max(float(v[1:3].std()), 1e-6), ("codes", "prior")),
}


def test_every_chart_is_asked_for_what_cannot_be_drawn():
    assert DRAWN_OF_ODD.keys() == {name for name in DRAWN if "loss " not in name and " loss" not in name}


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("values", ODD, ids=str)
@pytest.mark.parametrize("name", DRAWN_OF_ODD)
def test_what_is_infinite_or_no_number_leaves_a_gap_in_a_chart_whose_json_is_json(name, values):
    drawing = DRAWN_OF_ODD[name](values)
    text = plotly.io.to_json(drawing, validate=False)  # as Streamlit sends it
    assert go.Figure(json.loads(text, parse_constant=pytest.fail)).data


def test_a_chart_can_be_drawn_again_without_being_copied():
    drawing = DRAWN["distribution"]()
    assert drawing.to_dict() is drawing.to_dict()


def page_with_two_charts():
    import numpy as np

    from ui.figures import charts

    for key in ("one", "two"):
        charts.show(
            charts.size_curve([(2, 0.04, "run")], np.arange(1, 65), np.linspace(0.07, 0.01, 64)),
            key=key,
            height=200,
            alt="sizes",
        )


@pytest.mark.parametrize(("machine", "waits"), [(object(), [charts.FIRST_S]), (None, [])])
def test_only_the_first_chart_of_a_visit_comes_later_and_others_go_on_meanwhile(monkeypatch, machine, waits):
    done = []
    monkeypatch.setattr(charts, "engine", lambda: machine)
    monkeypatch.setattr(charts, "turns", SimpleNamespace(give_up=lambda: done.append("gives up its turn")))
    monkeypatch.setattr(charts, "time", SimpleNamespace(sleep=done.append))
    for _ in range(2):  # visits
        done.clear()
        visit = AppTest.from_function(page_with_two_charts)
        for _ in range(3):
            assert not visit.run().exception and len(visit.get("plotly_chart")) == 2
        assert done == (["gives up its turn", *waits] if waits else [])
