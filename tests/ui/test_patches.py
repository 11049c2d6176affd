"""The patches of Streamlit: each is still needed, for the version that it was written for. Where one of these tests
fails, Streamlit has changed, and the patch goes or is written anew.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest import mock

import pytest
import streamlit
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.state import SessionState

from ui.server import streamlit_patches
from ui.server.streamlit_patches import no_page_that_was_left

LONG_S = 30


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a script as the server does, for one visitor who looks at a page; returns the pages it was started for."""
    monkeypatch.setattr(
        Runtime, "_instance", mock.MagicMock(spec=Runtime, media_file_mgr=mock.Mock(), dataframe_source_mgr=mock.Mock())
    )
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)  # as on this server; a test of a page leaves True
    loop = asyncio.new_event_loop()

    def start(asked: RerunData, looks_at: str = "", script: str = "") -> list[str]:
        path = tmp_path / f"script{threading.get_ident()}.py"
        path.write_text(script)
        pages = PagesManager(str(path))
        pages.set_current_page_script_hash(looks_at)
        runner = ScriptRunner(
            session_id="one", main_script_path=str(path), session_state=SessionState(), script_cache=ScriptCache(),
            uploaded_file_mgr=MemoryUploadedFileManager("/none"), initial_rerun_data=asked, user_info={},
            fragment_storage=MemoryFragmentStorage(), pages_manager=pages, event_loop=loop,
        )  # fmt: skip
        begun = []

        def hear(sender: object, event: ScriptRunnerEvent, **more: str) -> None:
            if event == ScriptRunnerEvent.SCRIPT_STARTED:
                begun.append(more["page_script_hash"])

        runner.on_event.connect(hear, weak=False)
        runner.start()
        runner._script_thread.join(LONG_S)
        return begun

    yield start
    loop.close()


def test_the_patches_were_written_for_this_version():
    (version,) = re.findall(r"written for Streamlit (\d+\.\d+\.\d+)", inspect.getdoc(streamlit_patches))
    assert version == streamlit.__version__


def test_streamlit_goes_back_to_a_page_that_was_left_for_a_part_of_it(run):
    asked = RerunData(page_script_hash="left", fragment_id_queue=["part"])
    assert len(run(asked, looks_at="open")) == 1
    no_page_that_was_left()
    assert run(asked, looks_at="open") == []
    assert len(run(asked, looks_at="left")) == 1 == len(run(RerunData(page_script_hash="left"), looks_at="open"))


def test_streamlit_runs_scripts_of_two_visitors_at_once(run, monkeypatch):
    meeting, met = threading.Barrier(2), list[object]()

    def meet() -> None:
        try:
            met.append(meeting.wait(LONG_S))
        except threading.BrokenBarrierError as error:
            met.append(error)

    monkeypatch.setitem(sys.modules, "meeting", SimpleNamespace(meet=meet))
    with ThreadPoolExecutor(2) as visitors:
        begun = list(visitors.map(lambda _: run(RerunData(), script="import meeting; meeting.meet()"), range(2)))
    assert all(begun)
    assert set(met) == {0, 1}


def test_streamlit_translates_all_parts_of_the_theme_for_every_rerun():
    for_each_rerun = inspect.getsource(AppSession._handle_scriptrunner_event_on_event_loop)
    assert "_create_new_session_message(" in for_each_rerun
    assert inspect.getsource(AppSession._create_new_session_message).count("_populate_theme_msg(") == 6
