"""Charts: what plotly itself says of them, and that the numbers arrive as they were."""

import base64
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from ui import charts

VALUES = np.random.default_rng(0).gamma(2.0, 3.0, 200)
CURVE = ("a", np.arange(5), VALUES[:5], "#3f90da", "dot")
LINES = [{"step": step, "train": {"reconstruction": 9.0 / step}, "test": {"reconstruction": 8.0}} for step in (1, 2, 4)]
DRAWN = {
    "loss": lambda: charts.loss_curves(LINES, 2.0),
    "negative loss": lambda: charts.loss_curves([{**line, "train": {"reconstruction": -1.0}} for line in LINES], 2.0),
    "no loss yet": lambda: charts.loss_curves([], 1.0),
    "compared": lambda: charts.compared_curves([CURVE], "loss"),
    "distribution": lambda: charts.error_distribution(VALUES, VALUES / 2, ("ours", "PCA")),
    "quality": lambda: charts.quality_curves([("a", {0.2: 20.0, 0.1: 25.0}, "#3f90da", "solid")], {0.1: "trained at"}),
    "sizes": lambda: charts.size_curve([(2, 0.04, "run")], np.linspace(0.07, 0.0, 65)),
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


def test_a_chart_can_be_drawn_again_without_being_copied():
    drawing = DRAWN["distribution"]()
    assert drawing.to_dict() is drawing.to_dict()


def page_with_two_charts():
    import numpy as np

    from ui import charts

    for key in ("one", "two"):
        charts.show(charts.size_curve([(2, 0.04, "run")], np.linspace(0.07, 0.0, 65)), key=key, height=200, alt="sizes")


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
