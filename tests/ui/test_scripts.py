"""The pure parts of the scripts, by Node's own runner of tests; skipped where there is no Node, which only checks need."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess

import numpy as np
import pytest
import torch
from fresh_python import ROOT
from packed import head
from test_modules import ENTRIES
from test_networks import ARRAYS

from ae_core.datasets import DATASETS
from ae_core.datasets.framing import mnist_framing
from ui.components.shared.modules import script
from ui.components.shared.packing import Packer

NODE = shutil.which("node")
OLDEST = 20  # whose runner of tests can set the clock
TESTS = sorted((ROOT / "tests" / "ui" / "components").glob("*.test.js"))


def node(*arguments: object) -> str:
    """What Node says; the test fails where Node does."""
    done = subprocess.run(
        [NODE, *map(str, arguments)], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@functools.cache
def version() -> int:
    return int(node("--version").lstrip("v").split(".")[0]) if NODE else 0


@pytest.fixture(autouse=True)
def _node():
    if version() < OLDEST:
        pytest.skip(f"needs Node {OLDEST} or newer")


READ = """
import { readFileSync } from "node:fs";
import { unpack } from "./ui/components/shared/packing.js";
const file = readFileSync(process.argv[1]), odd = new Uint8Array(file.length + 1);
odd.set(file, 1);
const { tiles, ...header } = unpack(odd.subarray(1));
console.log(JSON.stringify({ ...header, tiles: await tiles }, (_, value) =>
  ArrayBuffer.isView(value) ? [value.constructor.name, ...value] : value));
"""


def test_a_browser_reads_what_python_packed_wherever_it_lies_in_memory(tmp_path):
    packer, pictures = Packer(), np.zeros((2, 1, 3, 3), np.uint8)
    pictures[1, 0, 1] = 255
    header = {name: packer.add(array) for name, array in ARRAYS.items()}
    header |= {"tiles": packer.add_pictures(pictures), "deep": [{"none": None, "title": '\u2212 "1"'}]}
    (tmp_path / "packed").write_bytes(packer.pack(header))
    found = json.loads(node("--input-type=module", "-e", READ, tmp_path / "packed"))
    for name, kind in {
        "halves": "Float32",
        "floats": "Float32",
        "large": "Float32",
        "bytes": "Uint8",
        "whole": "Int32",
    }.items():
        assert found[name][0] == f"{kind}Array"
        assert np.array(found[name][1:], ARRAYS[name].dtype).tolist() == ARRAYS[name].ravel().tolist()
    assert found["tiles"] == ["Uint8Array", *pictures.ravel().tolist()]
    assert found["deep"] == header["deep"] and found["version"] == head(packer.pack(header))["version"]


FRAME = """
import { readFileSync } from "node:fs";
import { framed } from "./ui/components/autoencoder/framing.js";
const { side, drawings } = JSON.parse(readFileSync(process.argv[1]));
console.log(JSON.stringify(drawings.map((drawing) => [...framed(Float32Array.from(drawing), side)])));
"""


def strokes(seed: int, side: int) -> np.ndarray:
    """A drawing (side, side): some strokes of uneven ink, each of another place, length and width.

    Even ink may have its centre of mass exactly between two pixels, where rounding decides.
    """
    rng, drawing = np.random.default_rng(seed), np.zeros((side, side), np.float32)
    for _ in range(rng.integers(1, 5)):
        (x, y), (u, v) = rng.uniform(0, side, 2), rng.uniform(-3, 3, 2)
        wide, grey = rng.integers(2, 9), rng.uniform(0.03, 1)
        for k in range(rng.integers(1, 30)):
            top, left = max(0, int(y + k * v)), max(0, int(x + k * u))
            drawing[top : top + wide, left : left + wide] = grey
    return np.float32(drawing * rng.uniform(0.5, 1, drawing.shape))


def test_the_browser_frames_a_drawing_as_python_does_for_the_makers_of_mnist(tmp_path):
    side, test = 112, DATASETS["handwriting"].load().test.images[:20, 0]
    drawings = [*(strokes(seed, side) for seed in range(60)), *(np.kron(x.numpy(), np.ones((4, 4))) for x in test)]
    (tmp_path / "drawn").write_text(json.dumps({"side": side, "drawings": [x.ravel().tolist() for x in drawings]}))
    seen = np.array(json.loads(node("--input-type=module", "-e", FRAME, tmp_path / "drawn")))
    wanted = [mnist_framing(torch.from_numpy(np.float32(x))).flatten().numpy() for x in drawings]
    np.testing.assert_allclose(seen, wanted, atol=1e-5)
    np.testing.assert_allclose(seen[-20:], test.flatten(1), atol=1e-5)  # real pictures come back


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_pure_parts(path):
    node("--test", path)


def test_every_joined_script_is_a_module_with_a_function_for_streamlit(tmp_path):
    calls = [entry for entry in ENTRIES if entry.stem != "latent_page"]  # which is a script of a page of its own
    for entry in ENTRIES:
        (tmp_path / f"{entry.stem}.mjs").write_text(script(str(entry.with_suffix(".py")), entry.name), encoding="utf-8")
        node("--check", tmp_path / f"{entry.stem}.mjs")
    tried = "for (const name of process.argv.slice(1)) console.log(typeof (await import(name)).default);"
    said = node("--input-type=module", "-e", tried, *(tmp_path / f"{entry.stem}.mjs" for entry in calls))
    assert said.split() == ["function"] * len(calls) and len(calls) >= 8
