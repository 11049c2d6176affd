"""Nothing that waits holds a turn: every page, every action that may wait, and whatever is added to them later.

Two ways to find it. Each page is run with an eye on what its thread calls: sleeping, waiting for an event, a process, a
server or the disk while it has the turn is a fault, however short it was. And where somebody stands still for as long
as the test wants, another visitor's page is drawn meanwhile.
"""

from __future__ import annotations

import ast
import concurrent.futures
import contextlib
import os
import queue
import select
import shutil
import subprocess
import threading
import time
import traceback

import pytest
from app_page import open_page, press_delete, words
from every_page import LOOKS, PAGES
from own_zips import files, imported, picture, zipped
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from ae_core import chance, waits
from ae_core.datasets import mnist, own
from ae_core.engine import engine as core_engine
from ae_core.engine import side_process
from ae_core.export import script
from ae_core.looks import memory
from ae_core.pictures import decoding
from ae_core.runs.store import ROOT, Store
from ui.results import asking, engine
from ui.results.turns import turns
from ui.server.streamlit_patches import one_page_at_a_time

LONG_S = 60.0
SIDE = "side"  # the name of threads that stand for the process beside the pages
CALLS = {  # of Python, by their code
    call.__code__
    for call in (
        threading.Condition.wait, threading.Event.wait, threading.Thread.join, queue.Queue.get, subprocess.Popen.__init__,
        subprocess.Popen.wait, concurrent.futures.Future.result, shutil.rmtree,
    )
}  # fmt: skip
BUILT_IN = {time.sleep, os.fsync, os.waitpid, os.fdatasync, select.select}
METHODS = {"socket.connect", "socket.recv", "socket.recv_into", "socket.accept", "epoll.poll", "poll.poll"}


@pytest.fixture(autouse=True)
def line(monkeypatch):
    """Pages take turns, and nobody gets one because somebody else has had it for too long, or has no patience."""
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    monkeypatch.setattr(waits, "_calls", [])
    monkeypatch.setattr(turns, "_patience", LONG_S)
    monkeypatch.setattr(turns, "_longest", LONG_S)
    one_page_at_a_time()
    asking.forget()
    yield
    assert turns._holder is None and not turns._line


@pytest.fixture
def faults():
    """Every wait of a page that has the turn: what was called, and from where in this project."""
    found = []

    def look(frame, event, arg):
        waits_here = (event == "call" and frame.f_code in CALLS) or (
            event == "c_call" and (arg in BUILT_IN or getattr(arg, "__qualname__", "") in METHODS)
        )
        if waits_here and turns.held():
            ours = [f"{entry.filename}:{entry.lineno}" for entry in traceback.extract_stack(frame) if str(ROOT) in entry.filename and ".venv" not in entry.filename]  # fmt: skip
            found.append((getattr(arg, "__name__", frame.f_code.co_qualname), ours[-3:]))

    threading.setprofile(look)
    yield found
    threading.setprofile(None)


class Client:
    """Stands for the client of a cluster: each word with it waits, computations are done at once, trainings never
    begin.
    """

    def __init__(self, *_, **__):
        self.futures = []

    def submit(self, function, *arguments, **_):
        threading.Event().wait(0)
        future = Future()
        if function is side_process.carry_out:
            threading.Thread(target=future.carry_out, args=(function, arguments), name=SIDE).start()
        return future

    def close(self):
        pass


class Pool:
    """A pool of which nobody is missing."""

    missing = 0

    def __init__(self, size, **_):
        self.size, self.client = size, Client()

    def close(self):
        pass


class Future(concurrent.futures.Future):
    """A future of the cluster."""

    status = "pending"

    def carry_out(self, function, arguments):
        self.set_result(function(*arguments))
        self.status = "finished"

    def cancel(self):
        threading.Event().wait(0)
        return super().cancel()

    def add_done_callback(self, call):
        pass


@pytest.fixture
def machine(monkeypatch):
    """The engine of this server, whose cluster is a stand-in."""
    for module in (core_engine, side_process):
        monkeypatch.setattr(module, "Pool", Pool)
    started = core_engine.Engine(Store.default(), slots=2)
    engine.use_engine(started)
    yield started
    engine.use_engine(None)


# --- no call that waits, whoever makes it -----------------------------------------------------------------------------


def once_a_page(looks):
    """The looks, of which every page's first is for each day and the others for long evenings."""
    seen = set()
    for name, look in looks:
        yield pytest.param(name, look, marks=pytest.mark.slow if name in seen else (), id=f"{name} {look}")
        seen.add(name)


@pytest.mark.parametrize(("name", "look"), list(once_a_page([*LOOKS, ("start", {}), ("runs", {})])))
def test_no_page_waits_in_its_turn_while_it_is_opened(name, look, machine, faults):
    open_page(name, **look)
    open_page(name, **look)  # once more, when what it needs is there
    assert faults == []


def test_every_page_is_looked_at():
    assert {name for name, _ in LOOKS} | {"start", "runs"} == set(PAGES)


@pytest.mark.parametrize("fault", ["time.sleep(0)", "os.fsync(os.open('/tmp', 0))", "threading.Event().wait(0)", "subprocess.run(['true'])",
                                   "threading.Thread(target=int).start()"])  # fmt: skip
def test_the_search_finds_whoever_waits(faults, fault):
    from streamlit.testing.v1 import AppTest

    asked = f"import os, subprocess, threading, time\nfrom ui.results.turns import turns\n{{}}{fault}"
    assert not AppTest.from_string(asked.format("")).run().exception
    assert faults
    faults.clear()
    assert not AppTest.from_string(asked.format("turns.give_up()\n")).run().exception
    assert faults == []


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def train(app, machine, run_of):
    press(app, "Train")
    app.button(key="watch_stop").click().run()
    assert [run.status().state for run in Store.default().listing() if not run.pretrained] == ["stopped"]
    app.button(key="watch_resume").click().run()
    assert [run.status().state for run in Store.default().listing() if not run.pretrained] == ["waiting"]


def remove_and_undo(app, machine, run_of):
    run = run_of("vanilla")
    app.run()
    press_delete(app, run.id)
    assert not run.folder.exists()
    press(app, "Undo")
    assert run.folder.exists()


def keep_and_delete(app, machine, run_of):
    kept(app)
    app.run()
    app.button(key="own_delete_yes").click().run()
    assert not own.own_entries()


def kept(app):
    """Bring a zip and keep it as a data set."""
    app.file_uploader(key="own_zip").upload("p.zip", zipped(files(41)), "application/zip").run()
    app.button(key="own_keep").click().run()
    for _ in range(100):  # they are turned beside the page
        if own.own_entries():
            return
        app.run()
    raise AssertionError("they are never kept")


def upload(app, machine, run_of):
    app.file_uploader(key="upload").upload("p.zip", zipped(files(9)), "application/zip").run()
    app.slider(key="upload_picture").set_value(3).run()
    app.file_uploader(key="upload").upload("p.png", picture(1), "image/png").run()
    app.file_uploader(key="upload").upload("p.png", b"hello", "image/png").run()


def export(app, machine, run_of):
    for menu in app.get("popover"):
        app.session_state[menu.proto.id.split("-", 2)[2]] = True
    app.run()
    assert app.get("download_button")


def compute(app, machine, run_of):
    press(app, "Compute this map")


ACTIONS = {
    "train, stop, go on": ("train", {"epochs": "1"}, train),
    "own data set": ("train", {}, keep_and_delete),
    "delete, undo": ("runs", {}, remove_and_undo),
    "upload on Reconstruct": ("reconstruct", {"section": "upload"}, upload),
    "upload on Denoise": ("denoise", {"source": "upload"}, upload),
    "upload on Latent space": ("latent", {"own": "upload"}, upload),
    "upload on Compare": ("compare", {"source": "upload"}, upload),
    "a map of neighbours": ("latent", {"map": "tsne"}, compute),
    "export on Reconstruct": ("reconstruct", {}, export),
    "export on Latent space": ("latent", {}, export),
    "export on Compare": ("compare", {}, export),
    "export on Denoise": ("denoise", {}, export),
    "export on Generate": ("generate", {}, export),
    "export on Train": ("train", {}, export),
}


@pytest.mark.parametrize(
    "action", [pytest.param(name, marks=pytest.mark.slow if name.startswith("export") else ()) for name in ACTIONS]
)
def test_nothing_that_is_done_on_a_page_waits_in_its_turn(action, machine, faults, run_of):
    name, address, act = ACTIONS[action]
    app = open_page(name, **address)
    while app.get("progress"):
        app.run()  # until what it shows is computed
    act(app, machine, run_of)
    assert not app.exception, app.exception
    assert faults == []


# --- whoever stands still, others go on -------------------------------------------------------------------------------


class Gate:
    """Stands in for what waits: says that somebody is in it, and lets nobody out before `go_on`."""

    def __init__(self):
        self.inside, self.go_on, self.in_turn = threading.Event(), threading.Event(), False

    def __call__(self, *_, **__):
        if threading.current_thread().name == SIDE:  # what is computed beside the pages may wait as it likes
            return
        self.in_turn |= turns.held()
        self.inside.set()
        assert self.go_on.wait(LONG_S)

    def acquire(self, blocking=True):
        """As the lock of somebody else."""
        if blocking:
            self()
        return blocking

    def release(self):
        pass

    def __enter__(self):
        self()

    def __exit__(self, *_):
        pass


def pressed(page, label, **address):
    return lambda: press(open_page(page, **address), label)


def dropped(page, key, content, name, **address):
    return lambda: open_page(page, **address).file_uploader(key=key).upload(name, content, "application/zip").run()


def kept_zip():
    kept(open_page("train"))


def exported():
    export(open_page("reconstruct"), None, None)


def deleted():
    app = open_page("train", dataset=imported(files(41)).name)
    app.button(key="own_delete_yes").click().run()


def stopped():
    app = open_page("train", epochs="1")
    press(app, "Train")
    app.button(key="watch_stop").click().run()


def no_mnist(monkeypatch, tmp_path):
    monkeypatch.setenv("AE_DATA", str(tmp_path))
    monkeypatch.setattr(mnist, "_FOUND", set())


STILL = {  # what stands still, and what a visitor does who needs it
    "a decoder, for Reconstruct": ((decoding.Decoding, "_decode"), dropped("reconstruct", "upload", picture(0), "p.png", section="upload")),
    "a decoder, for Denoise": ((decoding.Decoding, "_decode"), dropped("denoise", "upload", picture(0), "p.png", source="upload")),
    "a decoder, for Compare": ((decoding.Decoding, "_decode"), dropped("compare", "upload", picture(0), "p.png", source="upload")),
    "a decoder, for Train": ((decoding.Decoding, "_decode"), dropped("train", "own_zip", zipped(files(9)), "p.zip")),
    "a place for a decoding": ((decoding.Decoding, "_has_place"), dropped("train", "own_zip", zipped(files(9)), "p.zip")),
    "the disk, for a run": ((os, "fsync"), pressed("train", "Train", epochs="1")),
    "the disk, for pictures": ((os, "fsync"), kept_zip),
    "the disk, for what is deleted": ((shutil, "rmtree"), deleted),
    "the cluster, for a run": ((Client, "submit"), pressed("train", "Train", epochs="1")),
    "the cluster, for a map": ((Client, "submit"), lambda: open_page("reconstruct")),
    "the cluster, for a stop": ((Future, "cancel"), stopped),
    "the servers of MNIST": ((mnist, "fetch_files"), pressed("train", "Download MNIST 28×28", dataset="mnist")),
    "who keeps pictures": ((own, "_writing"), kept_zip),
    "who loads MNIST": ((mnist, "_ONE_AT_A_TIME"), pressed("train", "Download MNIST 28×28", dataset="mnist")),
    "who writes a program": ((script, "_one_at_a_time"), exported),
    "who damages pictures": ((chance, "_drawing"), lambda: open_page("denoise")),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # as above: of pages after the gate
@pytest.mark.parametrize("what", STILL)
def test_while_one_visitor_waits_for_something_others_go_on(what, machine, monkeypatch, tmp_path):
    (owner, name), act = STILL[what]
    gate = Gate()
    if owner is mnist:
        no_mnist(monkeypatch, tmp_path)
    monkeypatch.setattr(owner, name, gate)

    def visit():
        with contextlib.suppress(Exception):  # what becomes of it afterwards is no matter: the stand-ins give nothing
            act()

    waiting = threading.Thread(target=visit)
    waiting.start()
    try:
        assert gate.inside.wait(LONG_S)
        assert not gate.in_turn, "who waits has the turn"
        assert "every" in words(open_page("runs")).lower()
        assert waiting.is_alive() and not gate.go_on.is_set(), "the first one still waits"
    finally:
        gate.go_on.set()
        waiting.join(LONG_S)


def test_whoever_waits_for_a_result_that_is_shared_has_given_up_the_turn():
    gate, begun, third = Gate(), threading.Event(), threading.Event()
    threads = [threading.Thread(target=memory.kept, args=("v", gate))]
    threads[0].start()
    assert gate.inside.wait(LONG_S)
    threads.append(threading.Thread(target=turns.taking(lambda: begun.set() or memory.kept("v", gate))))
    threads[1].start()
    assert begun.wait(LONG_S)
    turns.taking(third.set)()
    assert third.is_set() and not gate.go_on.is_set()
    gate.go_on.set()
    for thread in threads:
        thread.join(LONG_S)


SHORT = {  # locks that are never held by anybody who waits or computes
    "ui/results/turns.py": "the line itself",
    "ae_core/pictures/decoding.py": "the line of decodings; its condition is waited for in their own threads",
    "ae_core/looks/memory.py": "held while a dictionary is emptied",
    "ae_core/runs/file_state.py": "held while a dictionary is emptied",
}


@pytest.mark.parametrize("path", sorted([*ROOT.glob("ae_core/**/*.py"), *ROOT.glob("ui/**/*.py")]), ids=lambda path: str(path.relative_to(ROOT)))  # fmt: skip
def test_every_lock_is_waited_for_with_patience(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (
        "threading.Lock",
        "threading.RLock",
        "threading.Condition",
        "threading.Semaphore",
        "threading.BoundedSemaphore",
    )
    made = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(f"{kind}(" in ast.unparse(node.value) for kind in kinds)
        for target in node.targets
    }
    held = [ast.unparse(i.context_expr) for n in ast.walk(tree) if isinstance(n, ast.With) for i in n.items]
    blunt = [name for name in held if any(name in names for names in made)]
    assert not blunt or str(path.relative_to(ROOT)) in SHORT, f"{blunt}: take it as patient({blunt[0]})"
