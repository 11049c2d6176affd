"""Texts from outside in a real browser: what is shown is what they say, whatever it would mean to Streamlit or
plotly.
"""

from __future__ import annotations

import pytest
from browser import JOURNEY, ROOT, Server, expect, tall
from probes import FOREIGN, MARK, PROBES, SAID

pytestmark = JOURNEY


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The gallery, served without anything of the app's own server."""
    with Server(
        tmp_path_factory.mktemp("gallery") / "runs", "tests/gallery_of_texts.py", PYTHONPATH=str(ROOT)
    ) as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("ways", ["few", "all"])
def test_every_way_shows_every_probe_as_the_text_it_is(visit, ways):
    page = visit(f"?{ways}")
    expect(page.locator("[class*=st-key-note-]")).to_have_count(len(PROBES))
    tall(page, 1280)
    page.locator(".js-plotly-plot .legendtext").last.wait_for()
    page.locator(".js-plotly-plot .xtick").last.wait_for()
    said = page.evaluate(SAID)
    assert [text for text in said if MARK in text and not any(probe in text for probe in PROBES)] == []
    assert page.evaluate(FOREIGN) == []
    for place in (
        "[class*=st-key-badge-]",
        "[class*=st-key-bold-]",
        "[class*=st-key-pills-]",
        ".legend",
        ".xaxislayer-above",
    ):
        there = page.locator(place).evaluate_all(
            "all => all.map((one) => one.textContent.replaceAll('\\u2060', '')).join('')"
        )
        assert [probe for probe in PROBES if probe not in there] == [], place
    (told,) = (text for text in said if all(probe in text for probe in PROBES))  # as a passing message
    assert told == " · ".join(PROBES)
