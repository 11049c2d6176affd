"""The house rules that a machine can check: complete tables, documented knobs, short annotated files."""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import pkgutil
import re

import pytest
from fresh_python import ROOT
from house import HOUSE, each, syntax

import ae_core
from ae_core.datasets import DATASETS
from ae_core.knobs import KnobError, declared
from ae_core.models import MODELS, Autoencoder
from ae_core.training.loop import Plan

SCRIPTS = [path for folder in ("ui", "tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.js"))]
MODULES = [m.name for m in pkgutil.walk_packages(ae_core.__path__, "ae_core.") if m.name != "ae_core.__main__"]


def test_every_final_autoencoder_is_in_models_under_the_name_of_its_file():
    found = {}
    for name in MODULES:
        for kind in vars(importlib.import_module(name)).values():
            final = inspect.isclass(kind) and issubclass(kind, Autoencoder) and not inspect.isabstract(kind)
            if final and kind.__module__ == name and not name.endswith(".base"):
                found[name.rpartition(".")[2]] = kind
    assert found == MODELS


@pytest.mark.parametrize("kind", MODELS.values())
def test_a_model_is_final_and_overrides_nothing_that_is_concrete(kind):
    assert kind.__subclasses__() == []
    for parent in kind.__mro__[1:]:
        if issubclass(parent, Autoencoder):
            concrete = {
                n for n, f in vars(parent).items() if callable(f) and not getattr(f, "__isabstractmethod__", False)
            }
            assert not (concrete & vars(kind).keys()) - {"__init__"}


@pytest.mark.parametrize("kind", MODELS.values())
def test_the_lesson_of_a_model_has_an_idea_an_equation_and_a_source(kind):
    lesson = inspect.getmodule(kind).__doc__
    assert re.match(r"[^\n]+\.\n\n", lesson) and re.search(r"^ +loss +L = ", lesson, re.M)
    assert re.search(r"^Source: .*\(\d{4}\)", lesson, re.M)


def test_every_data_set_is_in_its_table_under_its_own_name():
    assert all(entry.name == name for name, entry in DATASETS.items())
    from ae_core.datasets import digits, handwriting, mnist, shapes
    from ae_core.datasets.base import Dataset

    modules = (digits, handwriting, mnist, shapes)
    entries = [e for module in modules for e in vars(module).values() if isinstance(e, Dataset)]
    assert {id(entry) for entry in entries} == {id(entry) for entry in DATASETS.values()}


KNOBS = [(owner, knob) for owner in (*MODELS.values(), Plan) for knob in declared(owner).values()]


@pytest.mark.parametrize(("owner", "knob"), KNOBS, ids=lambda x: getattr(x, "name", getattr(x, "__name__", "")))
def test_every_knob_has_help_limits_and_a_legal_default(owner, knob):
    assert len(knob.knob.help) > 5 and not knob.knob.help.endswith(".")
    assert knob.kind in (int, float, bool, str, tuple)
    if knob.kind is str:
        assert len(knob.knob.choices) >= 2
    elif knob.kind is not bool:
        assert math.isfinite(knob.knob.low) and math.isfinite(knob.knob.high) and knob.knob.low < knob.knob.high
    assert not knob.knob.log or knob.knob.low > 0
    assert knob.check(knob.default) == knob.default
    with pytest.raises(KnobError):
        knob.check(object())


@pytest.mark.parametrize("kind", MODELS.values())
def test_every_keyword_of_a_model_is_a_knob_and_nothing_else_is_asked(kind):
    assert list(inspect.signature(kind).parameters) == ["shape", *declared(kind)]


# --- files and functions ----------------------------------------------------------------------------------------------


@each(HOUSE)
def test_a_file_is_named_after_a_thing(path):
    assert not {"utils", "util", "helpers", "helper", "common", "manager", "misc"} & set(path.stem.split("_"))


@each(HOUSE)
def test_every_argument_and_result_is_annotated(path):
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            spec = node.args
            given = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *filter(None, [spec.vararg, spec.kwarg])]
            bare = [a.arg for a in given if a.annotation is None and a.arg not in ("self", "cls")]
            assert not bare and node.returns is not None, f"{node.name}, line {node.lineno}: {bare or 'result'}"


@each(SCRIPTS)
def test_no_line_of_a_script_is_longer_than_120_characters(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [(k, len(line)) for k, line in enumerate(lines, 1) if len(line) > 120] == []


@each([path for path in HOUSE if path.read_text(encoding="utf-8").strip()])
def test_every_file_begins_with_what_it_is_for(path):
    assert ast.get_docstring(syntax(path))


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_in_the_core_is_documented(name):
    module = importlib.import_module(name)
    for thing_name, thing in vars(module).items():
        ours = (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__ == name
        if not ours or thing_name.startswith("_"):
            continue
        assert inspect.getdoc(thing), thing_name
        for method_name, method in vars(thing).items() if inspect.isclass(thing) else ():
            written = inspect.isfunction(method) and method.__name__ == method_name  # not the default of a field
            if not method_name.startswith("_") and written:
                assert inspect.getdoc(getattr(thing, method_name)), f"{thing_name}.{method_name}"
