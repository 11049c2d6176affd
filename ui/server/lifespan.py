"""What happens once per server, before the port answers: heavy imports, the engine, a quiet garbage collector."""

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

from ae_core.datasets import DATASETS, DatasetError
from ae_core.engine import forkserver
from ae_core.engine.engine import Engine
from ae_core.looks.baseline import pca
from ae_core.looks.errors import likeness
from ae_core.looks.neighbours import among_training
from ae_core.runs.opened import opened
from ae_core.runs.run import RunError
from ae_core.runs.store import EXAMPLE, Store
from ui.results.asking import ask
from ui.results.engine import use_engine
from ui.server.streamlit_patches import no_page_that_was_left, one_page_at_a_time, remember_theme

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Make the server ready, and tidy up after it."""
    from streamlit.runtime.pages_manager import PagesManager

    remember_theme()
    no_page_that_was_left()
    one_page_at_a_time()
    one_thread_each()
    forkserver.without_main_module()
    PagesManager.uses_pages_directory = False  # or deep links would open pages/*.py without the frame of app.py
    store = Store.default()
    _import_what_pages_need()  # before the engine is there to ask: here all is computed at once
    started = Engine(store)
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


def one_thread_each() -> None:
    """Have torch compute with one thread for a page: the other cores are for trainings and for the browser beside.

    What a page asks for takes a few milliseconds. Two threads that wait for each other on busy cores take longer than
    one.
    """
    import torch

    torch.set_num_threads(1)


def _prepare(machine: Engine) -> None:
    """What nobody should have to wait for, in the time before the first visitor: modules, and what the first pages
    show.
    """
    import ui
    from ui.sections.start import figure
    from ui.sections.start.family import showcase

    for found in pkgutil.walk_packages(ui.__path__, "ui."):
        importlib.import_module(found.name)
    for run in figure.shipped().values():
        with contextlib.suppress(DatasetError, RunError):
            ask(figure.content, opened(run))
    for entry in {entry.name: entry for entry in (DATASETS["digits"], showcase())}.values():
        with contextlib.suppress(DatasetError, RuntimeError):  # the pages say so; a server may end meanwhile
            machine.side.ask(pca.of(entry))
            machine.side.ask(among_training.of(entry))


def _import_what_pages_need() -> None:
    """What the first visitor would otherwise wait for: libraries, the shipped run, its data and its baseline."""
    from ui.sections.reconstruct.errors import error_figure

    run = opened(Store.default().find(EXAMPLE))
    ask(error_figure, run)
    ask(likeness, run)
