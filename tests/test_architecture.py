"""Imports run one way, nothing executes data, and importing has no effect."""

from __future__ import annotations

import ast
import json
import pkgutil
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from fresh_python import ROOT, answer_of

import ae_core

CORE = sorted((ROOT / "ae_core").rglob("*.py"))
UI, PAGES = sorted((ROOT / "ui").rglob("*.py")), sorted((ROOT / "pages").glob("*.py"))
APP = [path for path in [ROOT / "app.py"] if path.exists()]
HOUSE = [*CORE, *UI, *PAGES, *APP]
PROGRAMS = [*HOUSE, *sorted((ROOT / "benchmarks").glob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
MODULES = [module.name for module in pkgutil.walk_packages(ae_core.__path__, "ae_core.")]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Full names of what a file imports, anywhere in it; of `from a import b` both a and a.b."""
    names: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def uses(path: Path, *packages: str) -> set[str]:
    return {name for name in imported(path) if any(name == p or name.startswith(p + ".") for p in packages)}


# --- imports run one way ----------------------------------------------------------------------------------------------


@each(CORE)
def test_the_core_knows_nothing_about_the_web(path):
    assert not uses(path, "streamlit", "plotly", "starlette", "ui", "pages", "app")


@each(PAGES)
def test_a_page_keeps_nothing_itself_since_its_file_is_executed_anew_for_every_rerun(path):
    assert not uses(path, "ui.remembered", "functools", "cachetools")


@each(UI)
def test_ui_does_not_know_the_pages(path):
    assert not uses(path, "pages", "app")


@each(PAGES or [ROOT / "pages"])
def test_a_page_does_not_know_the_app_nor_another_page(path):
    assert path.is_dir() or not uses(path, "pages", "app")


UPWARD = {
    "knobs": ["ae_core"], "durable": ["ae_core"], "device": ["ae_core"],
    "models": ["ae_core.datasets", "ae_core.training", "ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "datasets": ["ae_core.training", "ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "likelihood": ["ae_core.recipe", "ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "training": ["ae_core.recipe", "ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "checkpoints": ["ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "ownership": ["ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "recipe": ["ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "runs": ["ae_core.store", "ae_core.execution", "ae_core.engine"],
    "store": ["ae_core.execution", "ae_core.engine"],
    "execution": ["ae_core.engine"],
    "engine": ["ae_core.__main__"],
    "estimator": ["ae_core.recipe", "ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "neighbour_map": ["ae_core.runs", "ae_core.store", "ae_core.computations"],
    "tiles": ["ae_core.runs", "ae_core.store", "ae_core.computations"],
    "kept": ["ae_core.runs", "ae_core.store", "ae_core.computations", "ae_core.side_process"],
    "computations": ["ae_core.kept", "ae_core.side_process", "ae_core.execution", "ae_core.engine"],
    "side_process": ["ae_core.execution", "ae_core.engine"],
    "report": ["ae_core.runs", "ae_core.execution", "ae_core.engine"],
    "export": ["ae_core.store", "ae_core.execution", "ae_core.engine"],
}  # fmt: skip


@pytest.mark.parametrize("lower", UPWARD)
def test_inside_the_core_nothing_looks_upward(lower):
    folder = ROOT / "ae_core" / lower
    for path in sorted(folder.glob("*.py")) or [folder.with_suffix(".py")]:
        assert not uses(path, *UPWARD[lower]), path.name


def test_no_circle_of_imports_in_the_core():
    names = {str(p.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): p for p in CORE}
    graph = {name: (imported(path) & names.keys()) - {name, "ae_core"} for name, path in names.items()}
    for package in ("ae_core.models", "ae_core.datasets"):  # a file of a package may import its neighbours
        for name in graph:
            if name.startswith(package + "."):
                assert package not in uses(names[name], package) or name == package, name
    assert list(TopologicalSorter(graph).static_order())


# --- nothing dangerous ------------------------------------------------------------------------------------------------

FORBIDDEN_IMPORTS = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
FORBIDDEN_CALLS = {
    "eval", "exec", "torch.load", "torch.save", "yaml.load", "os.system", "os.popen", "pandas.read_pickle",
    "st.line_chart", "st.area_chart", "st.bar_chart", "st.scatter_chart",
}  # fmt: skip
FORBIDDEN_KEYWORDS = {"unsafe_allow_html": True, "allow_pickle": True, "shell": True}


def offences(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if (name := ast.unparse(node.func)) in FORBIDDEN_CALLS:
            yield name
        for keyword in node.keywords:
            if keyword.arg in FORBIDDEN_KEYWORDS and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                yield f"{name}({keyword.arg}=...)"


@each(PROGRAMS)
def test_nothing_that_executes_data_or_slows_every_page(path):
    assert not uses(path, *FORBIDDEN_IMPORTS)
    assert list(offences(syntax(path))) == []


def test_the_search_for_dangers_finds_them():
    bad = "eval('1'); torch.load(p); st.markdown(x, unsafe_allow_html=True); np.load(p, allow_pickle=a); model.eval()"
    assert len(list(offences(ast.parse(bad)))) == 4


WATCH = """
import importlib, json, sys
import torch, distributed, psutil, safetensors, tqdm
traces = []
def note(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 0o1103
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "socket.connect", "subprocess.Popen", "os.fork"):
        traces.append([event, str(arguments)[:200]])
sys.addaudithook(note)
for name in %s:
    importlib.import_module(name)
heavy = [name for name in ("streamlit", "plotly", "torchvision", "sklearn", "skimage", "ui") if name in sys.modules]
print(json.dumps([traces, heavy]))
"""


def test_importing_the_core_does_nothing_to_the_world(tmp_path):
    places = {name: str(tmp_path / name) for name in ("HOME", "AE_RUNS", "AE_DATA", "XDG_CACHE_HOME")}
    # A scikit-learn class by definition; and what worker processes are forked with, imported by nobody else.
    modules = [name for name in MODULES if name not in ("ae_core.estimator", "ae_core.worker_imports")]
    traces, heavy = json.loads(answer_of(WATCH % modules, **places))
    assert traces == [] and heavy == []
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in PROGRAMS if uses(path, "ae_core.worker_imports")]
