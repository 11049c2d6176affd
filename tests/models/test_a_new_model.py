"""To add a model takes one file, its import and one line: in a copy of the tree, all else follows by itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fresh_python import ROOT

pytestmark = pytest.mark.slow
MODEL = ROOT / "tests" / "examples" / "transposed.py"
FOLLOWS = (  # what asks every model for something
    "tests/models/test_models.py", "tests/rules", "tests/core/test_command_line.py", "tests/core/test_estimator.py",
    "tests/core/test_knobs.py", "tests/export", "tests/pages/test_pages.py", "tests/pages/test_every_page.py",
    "tests/pages/test_latent_page.py", "tests/measures", "tests/space/test_layers.py", "tests/training/test_soundness.py",
    "tests/pictures/test_pixels.py",
)  # fmt: skip
ASKED = "transposed or model or every or shipped or card or family or list or room"


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The tree with one more model."""
    folder = tmp_path_factory.mktemp("tree") / "copy"
    for part in ("ae_core", "ui", "pages", "tests", "scripts", "benchmarks", "pretrained", ".streamlit"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("app.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / file, folder)
    shutil.copy(MODEL, folder / "ae_core" / "models")
    table = folder / "ae_core" / "models" / "__init__.py"
    text = table.read_text(encoding="utf-8")
    text = text.replace("import Vanilla\n", "import Vanilla\nfrom ae_core.models.transposed import Transposed\n")
    table.write_text(
        text.replace('"vanilla": Vanilla,', '"vanilla": Vanilla, "transposed": Transposed,'), encoding="utf-8"
    )
    return folder


def ran(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"AE_RUNS": str(folder / "runs"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_it_is_trained_by_the_command_line(copy):
    trained = ran(copy, "-m", "ae_core", "train", "transposed", "--latent", "4", "--epochs", "2", "--json")
    assert trained.returncode == 0 and json.loads(trained.stdout)["run"].startswith("transposed-digits-"), (
        trained.stderr
    )


def test_every_test_of_all_models_takes_it_up_and_passes(copy):
    needs_git = "--deselect=tests/rules/test_packaging.py"
    done = ran(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", ASKED, "-rA", needs_git, *FOLLOWS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert done.stdout.count("[transposed") > 20, "it is a case of the contract tests"
