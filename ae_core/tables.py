"""Tables as CSV files that a spreadsheet opens without computing anything."""

from __future__ import annotations

import csv
import io
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with these a spreadsheet takes a text for something to compute


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file, UTF-8, with a line of names first; None becomes an empty cell.

    Numbers stay numbers, the negative ones too. A text that a spreadsheet would compute gets an apostrophe in front.

    Source: OWASP, CSV Injection.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)  # ends lines with CR LF, so that a text with either of them is quoted
    writer.writerow([_cell(name) for name in head])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.7g}"  # all that a float32 holds
    if isinstance(value, numbers.Number):
        return str(value)
    text = str(value)
    return "'" + text if text.startswith(FORMULA) else text


def codes_csv(codes: ArrayLike, labels: Sequence[int], classes: Sequence[str]) -> bytes:
    """Codes (n, latent) of test pictures with their classes (n,): picture, class, z1, z2, ..."""
    import numpy as np

    values = np.asarray(codes, np.float64).tolist()
    names = [f"z{d + 1}" for d in range(len(values[0]) if values else 0)]
    rows = ([k, classes[label], *code] for k, (label, code) in enumerate(zip(labels, values, strict=True)))
    return csv_bytes(["picture", "class", *names], rows)


def curves_csv(runs: Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]]) -> bytes:
    """Every logged value of runs, one a line; `runs` has by id the unit of the loss and the lines of metrics.jsonl."""
    return csv_bytes(["run", "unit", "step", "epoch", "seconds", "part", "term", "value"], _values(runs))


def _values(runs: Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]]) -> Iterator[list[Any]]:
    for run_id, (unit, lines) in runs.items():
        for line in lines:
            for part in ("train", "test"):
                for term, value in (line.get(part) or {}).items():
                    yield [run_id, unit, line["step"], line["epoch"], line["seconds"], part, term, value]
