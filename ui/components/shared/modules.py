"""One script of an entry module and of all that it imports, as Streamlit takes the script of a component as a text.

A module becomes a function that is called once and returns what it exports. Known are, at the beginning of a line:

    import { a, b } from "./file.js";
    export function a ...   export async function a ...   export class A ...   export const a = ...
    export default function ...   in the entry alone, where it stays
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import NamedTuple

_IMPORT = re.compile(r'^import \{(\s*\w+(?:,\s*\w+)*,?\s*)\} from "(\.{1,2}/[\w./]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class|const) (\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export default function\b", re.MULTILINE)
_OTHER = re.compile(r"^\s*(?:import|export)\b.*|^.*\bimport\s*[(.].*", re.MULTILINE)


class _Module(NamedTuple):
    names: list[str]  # that it exports
    text: str


@functools.cache
def script(component: str, entry: str) -> str:
    """The script of the module `entry` beside the Python file of a component; read once in the life of a process.

    Raises
        ValueError: for another form of import or export, for a name that is not exported, and for a circle.
    """
    parts: dict[Path, _Module] = {}
    main = _resolved(((Path(component).parent / entry).resolve(),), parts)
    functions = [
        f"const ${k} = (() => {{\n{_EXPORT.sub('', text)}\nreturn {{ {', '.join(names)} }};\n}})();\n"
        for k, (names, text) in enumerate(parts.values())
    ]
    return "\n" + "".join(functions) + main  # an empty line tells Streamlit a text from the name of a file


def _resolved(trail: tuple[Path, ...], parts: dict[Path, _Module]) -> str:
    """The text of the last file of a trail of imports; the modules that it needs are put into `parts` before."""
    path = trail[-1]

    def constants(found: re.Match[str]) -> str:
        source = (path.parent / found[2]).resolve()
        if source in trail:
            raise ValueError(f"{path.name} and {source.name} import each other: put what both need into a third file.")
        if source not in parts:
            text = _resolved((*trail, source), parts)
            parts[source] = _Module(_EXPORT.findall(text), text)
        if missing := {*re.findall(r"\w+", found[1])} - {*parts[source].names}:
            raise ValueError(f"{path.name} imports {', '.join(missing)}: {source.name} must export what is imported.")
        return f"const {{{found[1]}}} = ${list(parts).index(source)};"

    text = _IMPORT.sub(constants, path.read_text(encoding="utf-8"))
    left = _EXPORT.sub("", text) if len(trail) > 1 else _DEFAULT.sub("", _EXPORT.sub("", text))
    if found := _OTHER.search(left):
        raise ValueError(f"{path.name}: {found[0].strip()!r} must be one of the forms in {Path(__file__).name}.")
    return text
