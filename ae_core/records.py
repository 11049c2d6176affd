"""What each JSON record may hold, as JSON schemas, and the one way to read one: checked, or `Damaged` with a sentence.

Records come from disk, where anything can have happened to them. Whoever has read one here can rely on every name and
type in it. Names that a schema does not know are left alone: they are from a later version.

    STATUS, RUN, LINE, MANIFEST, CLAIM    of a run folder: status.json, run.json, a line of metrics.jsonl, and so on
    ATTEMPT                               of a run whose process died: attempt.json
    OWN_SET                               of own pictures: set.json
    PROGRESS                              of a computation beside the trainings
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from ae_core.durable import Damaged, read_json

Schema = dict[str, Any]
LONGEST_VALUE = 40  # characters of a bad value that a sentence repeats


def _object(required: str = "", **properties: Schema) -> Schema:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "description": "an object with names and values",
    }


def _text(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest, "description": f"a text of at most {longest:,} characters"}


def _hexadecimal(most: int) -> Schema:
    return {"type": "string", "pattern": f"^[0-9a-f]{{1,{most}}}$", "description": f"{most} hexadecimal digits at most"}


ANY: Schema = {"type": "object", "description": "an object with names and values"}
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2**53, "description": "a whole number from 0"}
NUMBER: Schema = {"type": "number", "minimum": -1e300, "maximum": 1e300, "description": "a number"}
SECONDS: Schema = {**NUMBER, "minimum": 0, "maximum": 1e12, "description": "a number of seconds from 0"}
TERMS: Schema = {**ANY, "additionalProperties": NUMBER, "maxProperties": 200}
MEASURED: Schema = {  # by `metrics.evaluate`; nothing before the end of the training
    **TERMS,
    "if": {"minProperties": 1},
    "then": {"required": ["mse", "sumse", "loss"], "description": "numbers by name"},
}
PROCESS = _object("host pid started", host=_text(300), pid={**COUNT, "maximum": 2**31 - 1}, started=NUMBER)

STATUS = _object(
    "state",
    state={
        "enum": ["waiting", "running", "done", "stopped", "failed"],
        "description": "waiting, running, done, stopped or failed",
    },
    step=COUNT,
    total=COUNT,
    epoch=COUNT,
    seconds=SECONDS,
    heartbeat=SECONDS,
    train=MEASURED,
    test=MEASURED,
    error={"anyOf": [{"type": "null"}, _text(10_000)], "description": "a sentence, or null"},
    owner={"anyOf": [{"type": "null"}, PROCESS], "description": "a process, or null"},
)
RUN = _object(
    "format recipe",
    format=COUNT,
    recipe=_object("model dataset knobs plan", model=_text(100), dataset=_text(100), knobs=ANY, plan=ANY),
    origin=_text(100),
    versions={**ANY, "additionalProperties": _text(200)},
    created=SECONDS,
)
LINE = _object("step epoch seconds train test", step=COUNT, epoch=COUNT, seconds=SECONDS, train=TERMS, test=TERMS)
CHECKPOINT = _object(
    "step epoch loss sha256 bytes",
    step=COUNT,
    epoch=COUNT,
    loss=NUMBER,
    sha256=_hexadecimal(64),
    bytes=COUNT,
    seconds=SECONDS,
)
MANIFEST = _object(
    "checkpoints",
    checkpoints={"type": "array", "items": CHECKPOINT, "maxItems": 1000, "description": "a list of checkpoints"},
)
CLAIM = {**PROCESS, "properties": {**PROCESS["properties"], "token": _hexadecimal(64), "run": _text(300)}}
OWN_SET = _object(
    "format pictures",
    format=COUNT,
    pictures=COUNT,
    test=COUNT,
    sha256=_hexadecimal(64),
    created=SECONDS,
    classes={"type": "array", "items": _text(100), "maxItems": 1000, "description": "a list of names"},
)
ATTEMPT = _object("step tries", step=COUNT, tries=COUNT)
PROGRESS = _object("share seconds", share={**NUMBER, "minimum": 0, "maximum": 1}, seconds=SECONDS)

# In JSON Schema 3.0 is a whole number; we write 3, and a step of 3.0 would make another file name.
_WHOLE = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
)
_Validator = extend(Draft202012Validator, type_checker=_WHOLE)
_made: dict[int, Any] = {}  # by the identity of a schema above, which lives as long as this module


def trouble(record: Any, schema: Schema) -> str:
    """What is wrong with a record, as `step is null: must be a whole number from 0`; empty where it is as it
    should be.
    """
    checker = _made.get(id(schema)) or _made.setdefault(id(schema), _Validator(schema))
    for error in checker.iter_errors(record):
        return _sentence(error)
    return ""


def _sentence(error: ValidationError) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".") or "it"
    if error.validator == "required":
        lacking = next(name for name in error.validator_value if name not in error.instance)
        return f"{'' if place == 'it' else place + '.'}{lacking} is missing"
    return f"{_cut(place)} is {shown(error.instance)}: must be {error.schema['description']}"


def shown(value: Any) -> str:
    """A value of a record in a few characters, as JSON says it."""
    try:
        return _cut(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (ValueError, RecursionError):
        return "a value that cannot be shown"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def read(path: Path, schema: Schema, remedy: str = "restore it or delete the run") -> dict[str, Any]:
    """The record at `path`, as its schema has it.

    Raises
        FileNotFoundError: where there is no such file.
        Damaged: where it is no JSON object or not such a record; the text says what, and the remedy.
    """
    record = read_json(path)
    if told := trouble(record, schema):
        raise Damaged(f"{path.parent.name}/{path.name} is damaged, {told}; {remedy}.")
    return record


def good(records: Iterator[tuple[int, Any]], schema: Schema) -> tuple[list[dict[str, Any]], str]:
    """Those of numbered records (number, record) that are as they should be, and what is wrong with the first other
    one.
    """
    found, first = [], ""
    for number, record in records:
        told = "it is no JSON object" if not isinstance(record, Mapping) else trouble(record, schema)
        if not told:
            found.append(dict(record))
        elif not first:
            first = f"line {number}: {told}"
    return found, first
