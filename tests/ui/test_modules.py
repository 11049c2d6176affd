"""Modules of JavaScript become one script: what each names is there before it runs, and other forms are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fresh_python import ROOT

from ui.components.shared.modules import script

COMPONENTS = ROOT / "ui" / "components"
ENTRIES = sorted(
    path for path in COMPONENTS.glob("*/*.js") if path.with_suffix(".py").exists() and path.parent.name == path.stem
)
ENTRY = 'import { two } from "./two.js";\n\nexport default function ({ data }) {\n  return two(data);\n}\n'
TWO = 'import {\n  one,\n  ten,\n} from "./deep/one.js";\n\n/** Twice. */\nexport const two = (x) => ten * one(x);\n'
ONE = "// One.\nconst hidden = 1;\nexport function one(x) {\n  return hidden * x;\n}\nexport const ten = 10;\n"


def joined(folder: Path, **texts: str) -> str:
    """The script of `entry` among modules with these texts; a name `a__b` lies in folder a."""
    for name, text in {"entry": ENTRY, "two": TWO, "deep__one": ONE, **texts}.items():
        path = folder / f"{name.replace('__', '/')}.js"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return script(str(folder / "entry.py"), "entry.js")


def test_a_module_is_called_after_those_that_it_imports_and_hides_what_it_does_not_export(tmp_path):
    assert (
        joined(tmp_path)
        == """
const $0 = (() => {
// One.
const hidden = 1;
function one(x) {
  return hidden * x;
}
const ten = 10;

return { one, ten };
})();
const $1 = (() => {
const {
  one,
  ten,
} = $0;

/** Twice. */
const two = (x) => ten * one(x);

return { two };
})();
const { two } = $1;

export default function ({ data }) {
  return two(data);
}
"""
    )


def test_a_module_that_two_import_is_there_once(tmp_path):
    text = joined(tmp_path, entry='import { ten } from "./deep/one.js";\n' + ENTRY)
    assert text.count("const ten = 10;") == 1
    assert re.findall(r"^const .*= \$\d;$", text, re.MULTILINE) == ["const { ten } = $0;", "const { two } = $1;"]


@pytest.mark.parametrize(
    "line",
    [
        'import two from "./two.js";', 'import * as two from "./two.js";', 'import "./two.js";', 'import { two as b } from "./two.js";',
        "import { two } from './two.js';", 'import { two } from "two";', 'import { two } from "/two.js";', 'import { two } from "./two.js"',
        '  import { two } from "./two.js";', 'const late = await import("./two.js");', "const here = import.meta.url;",
        'export { two } from "./two.js";', "export { two };", 'export * from "./two.js";', "export let count = 0;", "export default two;",
        "export const { a, b } = two;", "  export const a = 1;",
    ],
)  # fmt: skip
def test_another_form_is_refused_with_the_line_and_where_the_forms_stand(tmp_path, line):
    with pytest.raises(ValueError, match=r"^entry\.js: .* must be one of the forms in modules\.py\.$") as refused:
        joined(tmp_path, entry=f"const a = 1;\n{line}\n")
    assert line.strip() in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"two": "export default function two() {}\n"}, "'export default function two() {}' must be one of"),
        ({"two": "const two = 2;\n"}, "entry.js imports two: two.js must export"),
        ({"deep__one": ONE.replace("export const", "const")}, "two.js imports ten: one.js must export"),
        ({"deep__one": 'import { two } from "../two.js";\n' + ONE}, "one.js and two.js import each other"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, texts, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        joined(tmp_path, **texts)


def test_every_component_is_joined_and_no_script_lies_about_unused():
    assert len(ENTRIES) >= 9
    used = set(ENTRIES)
    for entry in ENTRIES:
        text = script(str(entry.with_suffix(".py")), entry.name)
        assert text.startswith("\n") and not re.search(r"^(import|export (?!default function))", text, re.MULTILINE)
        todo = [entry]
        while todo:
            path = todo.pop()
            named = re.findall(r'^(?:import|\}).* from "(.+)";$', path.read_text(encoding="utf-8"), re.MULTILINE)
            todo += (found := {(path.parent / name).resolve() for name in named} - used)
            used |= found
    assert used == set(COMPONENTS.rglob("*.js"))
