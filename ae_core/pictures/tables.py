"""Tables beside pictures and instead of them: a CSV of labels, and a CSV whose rows are pictures, as MNIST is passed
on.

This is used by the limited process that reads an archive; it needs nothing but Python.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ae_core.pictures.archives import Refused
from ae_core.pictures.names import NEITHER, Names, names, places, word

SEPARATORS = (",", ";", "\t", " ")
LEAST_PIXELS, MOST_PIXELS = 16, 1 << 16
MOST_LINES, MOST_CELLS = 50_000, 50  # of a table of labels
_LABELS = {"label", "labels", "class", "classes", "target", "category", "digit", "letter", "species", "emotion"}
_DIVISION = {"usage", "split"}
_NO_PIXELS = {"", "id", "index", "unnamed: 0", *_DIVISION}
_MARKUP = ("<", "%", "{", "[", "")  # how other texts begin
_SEP = re.compile(r'\s*"?sep=.?"?\s*', re.IGNORECASE)  # the first line of a table, for a spreadsheet
_POWER = re.compile(r"\s*[0-9]\.[0-9]{18}e[+-][0-9]{2}\s*")  # a number as NumPy writes it
_DECIMAL_COMMA = re.compile(r"\s*-?[0-9]+(,[0-9]+)?\s*")


def text_of(data: bytes) -> str:
    """A text in UTF-8, with or without its mark, in UTF-16 with it, or as old spreadsheets write it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def is_text(data: bytes) -> bool:
    """Whether the beginning of a file is lines that somebody can read, and no markup."""
    text = text_of(data[:4096])
    return "\0" not in text and "\ufffd" not in text and text.lstrip()[:1] not in _MARKUP and len(text.split("\n")) > 1


def _below(text: str) -> tuple[str, int]:
    """A table without what stands above it, as `sep=;`, comments and empty lines; and how many lines that is.

    A comment with as many cells as the line below it is the header.
    """
    lines = text.splitlines(keepends=True)
    above = 0
    for line, following in itertools.pairwise([*lines, ""]):
        has_cells = any(line.count(s) == following.count(s) > 0 for s in SEPARATORS[:3])
        if line.strip() and not _SEP.fullmatch(line) and not (line.lstrip().startswith("#") and not has_cells):
            break
        above += 1
    return "".join(lines[above:]), above


# --- labels beside pictures -------------------------------------------------------------------------------------------


def labelled(
    pictures: Sequence[Names], tables: Sequence[tuple[Names, bytes]]
) -> tuple[list[str], int, set[int]] | None:
    """The label of each picture, empty where it has none, by tables that name them by their files.

    Also how many lines are about pictures that are not there, and which of the tables were of use. None where they know
    fewer than half of the pictures.
    """
    known = _by_name(pictures)
    found: dict[int, str] = {}
    unknown, used = 0, set()
    for k, (path, data) in enumerate(tables):
        rows, which, file = _looked_up(path, data, pictures, known)
        label = _label_column(rows[0], file, which[0][file] is None) if file is not None else None
        if file is None or label is None:
            continue
        used.add(k)
        lines = [(row, of[file] if file < len(of) else None) for row, of in zip(rows, which, strict=True)]
        unknown += sum(of is None for _, of in lines) - (lines[0][1] is None)
        found |= {of: word(row[label]) for row, of in lines if of is not None and label < len(row)}
    if 2 * len(found) < len(pictures) or not found:
        return None
    return [found.get(k, "") for k in range(len(pictures))], unknown, used


def unlabelled(pictures: Sequence[Names], tables: Sequence[tuple[Names, bytes]]) -> set[int]:
    """Which of the tables name pictures in most of their rows, beside other columns of which none is known as the
    label.
    """
    known = _by_name(pictures)
    found = set()
    for k, (path, data) in enumerate(tables):
        rows, which, file = _looked_up(path, data, pictures, known)
        if file is None or len(rows[0]) == 1 or _label_column(rows[0], file, which[0][file] is None) is not None:
            continue
        if 2 * sum(file < len(row) and row[file] is not None for row in which) >= len(rows):
            found.add(k)
    return found


def _looked_up(
    path: Names, data: bytes, pictures: Sequence[Names], known: dict[str, list[int]]
) -> tuple[list[list[str]], list[list[int | None]], int | None]:
    """The rows of a table, the picture that each of their cells means, and the column that names pictures, if
    one does.
    """
    rows = _rows(text_of(data))
    columns = range(max(map(len, rows), default=0))
    meant = [_meant([row[c] if c < len(row) else "" for row in rows], path[:-1], pictures, known) for c in columns]
    which = [list(of) for of in zip(*meant, strict=True)]
    hits = [set(of) - {None} for of in meant]
    file = max(columns, key=lambda c: len(hits[c]), default=0)
    return rows, which, file if columns and hits[file] and file < len(rows[0]) else None


def _rows(text: str) -> list[list[str]]:
    text, _ = _below(text)
    first = text.partition("\n")[0]
    separator = next((s for s in SEPARATORS if s in first), ",")
    try:
        rows = itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), MOST_LINES)
        return [row[:MOST_CELLS] for row in rows if row]
    except csv.Error:
        return []


def _by_name(pictures: Sequence[Names]) -> dict[str, list[int]]:
    """By every ending of its path, with and without the ending of the file: the pictures that it may mean."""
    found: dict[str, list[int]] = {}
    for k, path in enumerate(pictures):
        for whole in (path, (*path[:-1], path[-1].rpartition(".")[0] or path[-1])):
            for start in range(len(path)):
                found.setdefault("/".join(whole[start:]).casefold(), []).append(k)
    return found


def _meant(
    cells: Sequence[str], folder: Names, pictures: Sequence[Names], known: dict[str, list[int]]
) -> list[int | None]:
    """The picture that each cell of a column means; where none is there under its whole path, by the end of that.

    By an end, a picture is meant that no other cell means too.
    """
    paths = [names(cell.strip()) for cell in cells]
    found = [_picture(path, folder, pictures, known) for path in paths]
    if any(of is not None for of in found):
        return found
    found = [_picture(_known_end(path, known), folder, pictures, known) for path in paths]
    times = Counter(dict(zip(paths, found, strict=True)).values())
    return [of if times[of] == 1 else None for of in found]


def _known_end(path: Names, known: dict[str, list[int]]) -> Names:
    """The longest end of a path that is one of a picture; nothing where none is."""
    return next((path[k:] for k in range(len(path)) if "/".join(path[k:]).casefold() in known), ())


def _picture(path: Names, folder: Names, pictures: Sequence[Names], known: dict[str, list[int]]) -> int | None:
    """The picture that a path in a table in a folder means, where it can be but one."""
    may = known.get("/".join(path).casefold(), [])
    if len(may) > 1:
        may = [k for k in may if pictures[k][: len(folder)] == folder]
    return may[0] if len(set(may)) == 1 else None


def _label_column(first: Sequence[str], file: int, is_header: bool) -> int | None:
    """The column of the labels: called so, or the only other one that does not divide them."""
    divides = _division_column(first) if is_header else None
    others = [c for c in range(len(first)) if c not in (file, divides)]
    called = [c for c in others if is_header and first[c].strip(" #").casefold() in _LABELS]
    return called[0] if called else others[0] if len(others) == 1 else None


def _division_column(head: Sequence[str]) -> int | None:
    """The column that says training or testing, by its name."""
    return next((c for c, name in enumerate(head) if name.strip(" #").casefold() in _DIVISION), None)


def divided(pictures: Sequence[Names], tables: Sequence[tuple[Names, bytes]]) -> tuple[list[int] | None, set[int]]:
    """The part of each picture, as `names` counts them, by a column of tables that name them; and which tables these
    are. None where they divide nothing.
    """
    known = _by_name(pictures)
    said: dict[int, Names] = {}
    used = set()
    for k, (path, data) in enumerate(tables):
        rows, which, file = _looked_up(path, data, pictures, known)
        column = _division_column(rows[0]) if file is not None and which[0][file] is None else None
        if file is None or column is None:
            continue
        used.add(k)
        for row, of in zip(rows, which, strict=True):
            picture = of[file]
            if picture is not None and column < len(row):
                said[picture] = names(row[column])[:1]
    parts = _parts([said.get(k, ()) for k in range(len(pictures))])
    return (parts, used) if set(parts) != {NEITHER} else (None, set())


# --- pictures as rows -------------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """Where in a CSV of pixels its pictures are."""

    lines: list[str]
    separator: str
    label: int | None  # its column
    division: int | None  # the column that says training or testing
    pixels: list[int]  # their columns
    side: int


def looks_like_table(data: bytes) -> bool:
    """Whether the beginning of a file is two lines of a CSV, or of numbers with spaces between them."""
    text, _ = _below(text_of(data[: 1 << 20]))
    if "\0" in text[:4096] or text.lstrip()[:1] in _MARKUP:
        return False
    first, last = ([line for line in text.splitlines()[:2] if line.strip()] * 2)[:2]
    return any(first.count(s) and first.count(s) == last.count(s) for s in SEPARATORS[:3]) or _spaced(last)


def _spaced(line: str) -> bool:
    """Whether a line is a picture whose pixels have spaces between them."""
    cells = line.split()
    return len(cells) >= LEAST_PIXELS and all(map(_is_number, cells))


def table_of_pixels(data: bytes) -> Table:
    """A CSV of pixels, one picture a row, its label first or called so. Refused where it is none."""
    text, above = _below(text_of(data))
    lines = [line.replace('"', "") for line in text.splitlines() if line.strip()]
    cells = re.split(r"[;\t]", lines[-1])
    if len(cells) > 1 and "," in lines[-1] and all(map(_DECIMAL_COMMA.fullmatch, cells)):
        raise Refused("comma")
    separator = max(SEPARATORS[:3], key=lines[0].count)
    lines = _unfolded(lines, separator)
    if lines[0].count(separator) > MOST_PIXELS + len(_NO_PIXELS):
        raise Refused("columns", lines[0].count(separator))
    head = [cell.strip(" #") for cell in lines[0].strip("\r\n").split(separator)]
    has_header = sum(map(_is_number, head)) < len(head) / 2 or _counts(head)
    lines = lines[has_header:]
    for k, line in enumerate(lines):
        if line.count(separator) != len(head) - 1:
            raise Refused("row", k + 1 + has_header + above, line.count(separator) + 1, len(head))
    label, pixels = _columns([name.casefold() for name in head] if has_header else [], lines, separator, len(head))
    if not _side(len(pixels)):
        may_be_label = label is None and len({line.partition(separator)[0] for line in lines}) > 1
        raise Refused("columns", len(pixels) - may_be_label)
    division = _division_column(head)
    return Table(lines, separator, label, division, pixels, _side(len(pixels)))


def _unfolded(lines: list[str], separator: str) -> list[str]:
    """The lines with a cell for each pixel, where one cell holds all of a picture with spaces between them."""
    last = lines[-1].split(separator)
    wide = next((c for c, cell in enumerate(last) if len(cell.split()) >= LEAST_PIXELS), None)
    if wide is None:
        return lines
    found = []
    for k, line in enumerate(lines):
        cells = line.split(separator)
        pixels = [pixel for cell in cells[wide : wide + 1] for pixel in cell.split()]
        is_head = k == 0 and len(pixels) == 1
        cells[wide : wide + 1] = pixels * len(last[wide].split()) if is_head else pixels
        found.append(separator.join(cells))
    return found


def _counts(head: Sequence[str]) -> bool:
    """Whether a first line only numbers its pixels, from 0, or from 1 beside a name, as pandas does without names."""
    numbers = [float(cell) for cell in head if _is_number(cell)]
    first = 1 if numbers[:1] == [1] and len(numbers) < len(head) else 0
    return len(numbers) >= LEAST_PIXELS and numbers == list(range(first, first + len(numbers)))


def _side(pixels: int) -> int:
    """The side of a square of so many pixels; 0 where they are none, or too few."""
    side = math.isqrt(pixels) if LEAST_PIXELS <= pixels <= MOST_PIXELS else 0
    return side if side * side == pixels else 0


def _columns(head: Sequence[str], lines: Sequence[str], separator: str, n: int) -> tuple[int | None, list[int]]:
    """The column of the labels, by its name or because without it a square is left, and those of the pixels."""
    columns = [c for c in range(n) if not head or head[c] not in _NO_PIXELS]
    label = next((c for c in columns if head and head[c] in _LABELS), None)
    if label is None and not _side(len(columns)) and _side(len(columns) - 1):
        first, last = (
            {line.partition(separator)[0] for line in lines},
            {line.rpartition(separator)[2] for line in lines},
        )
        label = columns[-1] if len(first) == 1 < len(last) else columns[0]  # one that never changes is a corner
    return label, [c for c in columns if c != label]


def labels_of(table: Table) -> list[str]:
    """The label of each row; empty where there is none."""
    return [word(f"{float(cell):.15g}" if _POWER.fullmatch(cell) else cell) for cell in _cells(table, table.label)]


def parts_of(table: Table) -> list[int]:
    """The part of each row, as `names` counts them, by what its column of the division says."""
    return _parts([names(cell)[:1] for cell in _cells(table, table.division)])


def _parts(said: Sequence[Names]) -> list[int]:
    """The part that each of these words means among the others; neither where they divide nothing."""
    different = sorted(set(said))
    part = {
        name: place.part for name, place in zip(different, places([(*name, "") for name in different]), strict=True)
    }
    return [part[name] for name in said]


def _cells(table: Table, column: int | None) -> list[str]:
    """A cell of each row; empty where there is no such column."""
    if column is None:
        return [""] * len(table.lines)
    return [line.split(table.separator, column + 1)[column] for line in table.lines]


def greys_of(table: Table, rows: Sequence[int]) -> Iterator[bytes | None]:
    """The pixels of each of these rows in 0 to 255; None for a row that has something else than numbers.

    Raises
        Refused: where values are negative, or above 255.
    """
    values = [_values(table, row) for row in rows]
    low = min((min(row) for row in values if row), default=0.0)
    high = max((max(row) for row in values if row), default=0.0)
    if low < 0 or high > 255:
        raise Refused("values", low if low < 0 else high)
    scale = 255 / next(top for top in (1, 16, 255) if high <= top)
    for row in values:
        yield bytes(round(value * scale) for value in row) if row else None


def _values(table: Table, row: int) -> list[float] | None:
    cells = table.lines[row].split(table.separator)
    try:
        found = [float(cells[c]) for c in table.pixels]
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
