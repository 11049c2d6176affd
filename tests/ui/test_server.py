"""What is done once per server instead of for every rerun."""

import os

import pytest
from fresh_python import answer_of
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from ui.server.streamlit_patches import remember_theme

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")


def translated():
    """The theme as the browser gets it at the beginning of a rerun."""
    theme = CustomThemeConfig()
    for section in SECTIONS:
        part = theme
        for name in section.split(".")[1:]:
            part = getattr(part, name)
        app_session._populate_theme_msg(part, section)
    return theme


@pytest.fixture
def as_streamlit_has_it(monkeypatch):
    """What Streamlit makes of the settings; afterwards it does so again."""
    monkeypatch.setattr(app_session, "_populate_theme_msg", app_session._populate_theme_msg)
    return translated()


def test_the_remembered_theme_is_that_of_streamlit_each_time(as_streamlit_has_it):
    remember_theme()
    assert translated() == translated() == as_streamlit_has_it
    assert as_streamlit_has_it.dark.primary_color and as_streamlit_has_it.chart_categorical_colors


def test_streamlit_translates_each_part_of_the_theme_once(as_streamlit_has_it, monkeypatch):
    asked, real = [], app_session._populate_theme_msg
    monkeypatch.setattr(app_session, "_populate_theme_msg", lambda m, s="theme": (asked.append(s), real(m, s)))
    remember_theme()
    for _ in range(3):
        translated()
    assert sorted(asked) == sorted(SECTIONS)


STARTED = """
import asyncio, threading, torch
from unittest import mock
from ui.server import lifespan

async def visited():
    async with lifespan.lifespan(None):
        page = threading.Thread(target=lambda: print(before > 1, torch.get_num_threads()))
        page.start()
        page.join()

before = torch.get_num_threads()
with mock.patch.object(lifespan, "Engine"), mock.patch.object(lifespan, "_prepare"), mock.patch("gc.freeze"):
    asyncio.run(visited())
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a machine with one core computes with one thread anyway")
def test_on_a_started_server_a_page_computes_with_one_thread_also_where_its_own_thread_is_new(tmp_path):
    seen = answer_of(STARTED, OMP_NUM_THREADS="2", MKL_NUM_THREADS="2", AE_RUNS=str(tmp_path))
    assert seen.splitlines()[-1] == "True 1"
