"""What happens once per server, before the port answers: heavy imports, the engine, a quiet garbage collector.

Streamlit imports `app.py` once to find the server and runs it again for every visit; this module is imported once for
both, so the engine it holds is shared by all visitors.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import pkgutil
import threading
from collections.abc import AsyncIterator
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from ae_core.computations import Computation
from ae_core.datasets import DATASETS, DatasetError
from ae_core.engine import Engine
from ae_core.store import EXAMPLE, Store
from ui.turns import turns

log = logging.getLogger(__name__)
_engines: list[Engine] = []  # at most one


def engine() -> Engine | None:
    """The engine of this server; None in a plain script or a test that has not started one."""
    return _engines[-1] if _engines else None


def use_engine(started: Engine | None) -> None:
    """Make `started` the engine that all pages use; None forgets it."""
    _engines[:] = [started] if started else []


@contextlib.asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Make the server ready, and tidy up after it."""
    from streamlit.runtime.pages_manager import PagesManager

    remember_theme()
    no_page_that_was_left()
    one_page_at_a_time()
    one_thread_each()
    PagesManager.uses_pages_directory = False  # or deep links would open pages/*.py without the frame of app.py
    store = Store.default()
    _import_what_pages_need()  # before the engine is there to ask: here all is computed at once
    started = Engine(store)  # not possible later: a page run is not the main module that worker processes expect
    use_engine(started)
    started.warm()  # goes on while the first pages are served
    store.empty_trash()
    for run in started.recover():
        log.warning("run %s goes on", run.id)
    threading.Thread(target=_prepare, args=(started,), daemon=True).start()
    gc.collect()
    gc.freeze()  # a collection now walks only what visits have made since
    print(f"Autoencoder Explorer is ready: http://localhost:{st.get_option('server.port')}", flush=True)
    try:
        yield {}
    finally:
        use_engine(None)
        started.close()


def no_page_that_was_left() -> None:
    """Have nothing drawn for a part of a page that the visitor has left.

    Whoever moves a knob and opens another page in the same moment, as a tap on a screen does with a text that was being
    typed, asks for the new page first and for a part of the old one after it. Streamlit would go back to the old page
    for that, in which there is no such part any more: the visitor would look at an empty page.
    """
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

    run = ScriptRunner._run_script

    def run_what_is_open(self: ScriptRunner, rerun_data: RerunData) -> None:
        if (
            not rerun_data.fragment_id_queue
            or rerun_data.page_script_hash == self._pages_manager.current_page_script_hash
        ):
            run(self, rerun_data)

    ScriptRunner._run_script = run_what_is_open  # type: ignore[method-assign]


def one_page_at_a_time() -> None:
    """Have every run of a page or of a part of one wait for its turn; a moved knob is first, what a timer asks for last."""
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

    def rank(self: ScriptRunner, rerun_data: RerunData) -> int:
        return 2 if rerun_data.is_auto_rerun else 0 if rerun_data.fragment_id_queue else 1

    ScriptRunner._run_script = turns.taking(ScriptRunner._run_script, rank)  # type: ignore[method-assign]


def one_thread_each() -> None:
    """Have torch compute with one thread for a page: the other cores are for trainings and for the browser beside.

    What a page asks for takes a few milliseconds. Two threads that wait for each other on busy cores take longer than one.
    """
    import torch

    torch.set_num_threads(1)


def remember_theme() -> None:
    """Have Streamlit translate the theme once instead of for every rerun.

    It reads all of its settings six times for that, in the one thread that talks to all browsers, and holds the lock
    that every element of every page waits for. Settings do not change while a server runs.
    """
    from streamlit.proto.NewSession_pb2 import CustomThemeConfig
    from streamlit.runtime import app_session

    translate, known = app_session._populate_theme_msg, dict[str, CustomThemeConfig]()

    def remembered(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in known:
            known[section] = CustomThemeConfig()
            translate(known[section], section)
        if known[section].ByteSize():
            msg.MergeFrom(known[section])

    app_session._populate_theme_msg = remembered


def _prepare(machine: Engine) -> None:
    """What nobody should have to wait for, in the time before the first visitor: modules, and what the first pages show."""
    import ui
    from ui.family import showcase

    for found in pkgutil.iter_modules(ui.__path__, "ui."):
        importlib.import_module(found.name)
    for entry in {entry.name: entry for entry in (DATASETS["digits"], showcase())}.values():
        with contextlib.suppress(DatasetError, RuntimeError):  # the pages say so; a server may end meanwhile
            machine.side.ask(Computation.of("pca", dataset=entry.name))
            entry.load()


def _import_what_pages_need() -> None:
    """What the first visitor would otherwise wait for: libraries, the shipped run, its data and its baseline."""
    from ui import cached

    run = cached.store().find(EXAMPLE)
    cached.error_figure(run, cached.version(run))
    cached.test_ssim(run)
