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
from house import CORE, HOUSE, PAGES, PROGRAMS, UI, each, imported, syntax, uses

import ae_core

MODULES = [module.name for module in pkgutil.walk_packages(ae_core.__path__, "ae_core.")]


# --- imports run one way ----------------------------------------------------------------------------------------------


@each(CORE)
def test_the_core_knows_nothing_about_the_web(path):
    assert not uses(path, "streamlit", "plotly", "starlette", "ui", "pages", "app")


@each(PAGES)
def test_a_page_keeps_nothing_itself_since_its_file_is_executed_anew_for_every_rerun(path):
    assert not uses(path, "ae_core.looks.look", "functools", "cachetools")


@each(UI)
def test_ui_does_not_know_the_pages(path):
    assert not uses(path, "pages", "app")


@each(PAGES or [ROOT / "pages"])
def test_a_page_does_not_know_the_app_nor_another_page(path):
    assert path.is_dir() or not uses(path, "pages", "app")


CORE_ROOMS = (  # from the lowest; a room knows those of its own line and of the lines above it
    "knobs waits device durable places tables chance",
    "models pictures datasets baselines corruption records",
    "training measures space",
    "runs",
    "looks engine published export",
    "estimator knob_parameters __main__",
)
UI_ROOMS = ("plain markup colours", "components", "results controls figures", "sections", "server")


def room(name: str) -> str:
    """`runs` of `ae_core.runs.store`; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


def named(paths: list[Path]) -> dict[str, Path]:
    return {str(p.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): p for p in paths}


@pytest.mark.parametrize(("package", "rooms", "paths"), [("ae_core", CORE_ROOMS, CORE), ("ui", UI_ROOMS, UI)])
def test_no_room_looks_upward(package, rooms, paths):
    rank = {name: k for k, line in enumerate(rooms) for name in line.split()}
    for name, path in named(paths).items():
        if inside := room(name):
            upward = {other for other in uses(path, package) if rank.get(room(other), 0) > rank[inside]}
            assert not upward, name


@pytest.mark.parametrize("paths", [CORE, [*CORE, *UI, *PAGES]], ids=["core", "all"])
def test_no_circle_of_imports(paths):
    names = named(paths)
    graph = {name: (imported(path) & names.keys()) - {name, "ae_core", "ui"} for name, path in names.items()}
    for package in ("ae_core.models", "ae_core.datasets"):  # a file of a package may import its neighbours
        for name in graph:
            if name.startswith(package + "."):
                assert package not in uses(names[name], package) or name == package, name
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in HOUSE}), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_room_has_few_files(folder):
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 16


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
    modules = [name for name in MODULES if name not in ("ae_core.estimator", "ae_core.engine.worker_imports")]
    traces, heavy = json.loads(answer_of(WATCH % modules, **places))
    assert traces == [] and heavy == []
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in PROGRAMS if uses(path, "ae_core.engine.worker_imports")]


def own_causes(tree: ast.AST) -> Iterator[int]:
    """Lines in which an error may be raised from itself: who follows causes to their end, as Dask does, never ends."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.cause, ast.Name) and node.exc:
            choices = [node.exc.body, node.exc.orelse] if isinstance(node.exc, ast.IfExp) else [node.exc]
            if any(isinstance(one, ast.Name) and one.id == node.cause.id for one in choices):
                yield node.lineno


@each(HOUSE)
def test_no_error_is_its_own_cause(path):
    assert list(own_causes(syntax(path))) == []


def test_the_search_for_own_causes_finds_them():
    text = "raise error from error\nraise e if ours else X() from e\nraise X(e) from e\nraise e"
    assert list(own_causes(ast.parse(text))) == [1, 2]


# --- one way to ask for a result --------------------------------------------------------------------------------------


LOOK_NAMES = {  # by module, the looks in it
    name: {
        node.name
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).startswith("look(") for d in node.decorator_list)
    }
    for name, path in named([*CORE, *UI]).items()
}
DRAWN_IN_LOOKS = {"own_panel", "pca_panel"}  # parts of the looks of ui/sections/latent/maps.py


def called_looks(path: Path) -> Iterator[str]:
    """Looks that a file calls like functions, outside of other looks."""
    tree = syntax(path)
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if alias.name in LOOK_NAMES.get(node.module, ()):
                    known[alias.asname or alias.name] = node.module
                if looks := LOOK_NAMES.get(f"{node.module}.{alias.name}"):
                    known |= {f"{alias.asname or alias.name}.{name}": node.module for name in looks}
    inside = {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (node.name in DRAWN_IN_LOOKS or any(ast.unparse(d).startswith("look(") for d in node.decorator_list))
        for call in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in inside and ast.unparse(node.func) in known:
            yield ast.unparse(node.func)


@each([*UI, *PAGES])
def test_pages_ask_for_looks_and_never_call_them(path):
    assert list(called_looks(path)) == [], "write ask(look, ...)"


def test_the_search_for_called_looks_finds_them(tmp_path):
    path = tmp_path / "page.py"
    path.write_text(
        "from ae_core.looks import errors\nfrom ae_core.looks.codes import codes as c\n"
        "from ui.results.asking import ask\nask(c, run)\nc(run)\nerrors.test_errors(run)\nask(errors.likeness, run)\n"
    )
    assert list(called_looks(path)) == ["c", "errors.test_errors"]


COMPUTING = {
    "cdist", "topk", "lerp", "norm", "svd", "pca_lowrank", "matmul", "einsum", "var", "quantile", "softmax", "multinomial", "forward",
}  # fmt: skip


@each([*UI, *PAGES])
def test_the_interface_does_not_compute_on_tensors(path):
    for node in ast.walk(syntax(path)):
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)), node.lineno
        assert not (isinstance(node, ast.Attribute) and node.attr in COMPUTING), (node.attr, node.lineno)
