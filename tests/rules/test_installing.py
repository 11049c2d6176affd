"""The package that `pip install .` makes: its modules, its command, its pages and its runs are found from any folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing

import pytest
from fresh_python import ROOT
from small_runs import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the installed package, as it would lie among those of an environment."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "-q"]
    wheel = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(folder / "wheel"), str(ROOT)]
    subprocess.run([*pip, *wheel], check=True, capture_output=True)
    (built,) = (folder / "wheel").iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "there"), str(built)], check=True)
    return folder / "there"


@pytest.fixture
def anywhere(installed, tmp_path):
    """How to start a process in a folder that has nothing to do with the program."""
    environment = {name: value for name, value in os.environ.items() if name not in ("AE_RUNS", "PYTHONPATH")}
    environment |= {"PYTHONPATH": str(installed), "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    return {"cwd": tmp_path, "env": environment, "text": True}


def test_the_package_and_its_command_line_work_in_any_folder(installed, anywhere, tmp_path):
    asked = (
        "import ae_core, json; from ae_core.places import PROGRAM, runs_folder; from ae_core.runs.store import Store; "
    )
    asked += "print(json.dumps([ae_core.__file__, str(PROGRAM), str(runs_folder()), len(Store.default().listing())]))"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, **anywhere).stdout
    file, program, runs, shipped = json.loads(said)
    assert (file, program) == (str(installed / "ae_core/__init__.py"), str(installed / "autoencoder_explorer"))
    assert runs == str(tmp_path / "data/autoencoder-explorer/runs")
    assert shipped == len([path for path in (ROOT / "pretrained").iterdir() if path.is_dir()])
    listed = subprocess.run([sys.executable, "-m", "ae_core", "list"], check=True, capture_output=True, **anywhere)
    assert "vanilla-digits" in listed.stdout


def test_the_templates_of_the_interface_come_along(anywhere):
    asked = "from ui.markup import render; print(render('notes.html', lines=['a < b']))"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, **anywhere).stdout
    assert said == '<p class="ae-note">a &lt; b</p>\n'


def test_the_console_command_starts_the_app(installed, anywhere):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(installed / "bin/autoencoder-explorer"), f"--server.port={port}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, **anywhere)
    try:
        assert "is ready" in server.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/train") as answer:
            assert answer.status == 200 and "frame-ancestors" in answer.headers["content-security-policy"]
    finally:
        server.terminate()
        wait_until(lambda: server.poll() is not None)
