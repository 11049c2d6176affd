"""Take what is on screen along: one small menu a page, whose files are made when somebody asks for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from ae_core.export import ExportError, training_script
from ae_core.looks.look import look
from ae_core.measures.metrics import codes as encode
from ae_core.pictures.pixels import as_bytes
from ae_core.runs import reading
from ae_core.runs.checkpoints import newest_bytes
from ae_core.runs.opened import Opened, opened
from ae_core.runs.recipe import Recipe
from ae_core.runs.run import Run
from ae_core.tables import codes_csv, curves_csv
from ui.components.latent_page.latent_page import latent_page
from ui.components.shared.packing import Packed
from ui.figures.frame import note
from ui.figures.pictures import Sheet
from ui.figures.provenance import source_words
from ui.figures.sheet_file import plain_png, sheet_png
from ui.plain import plain
from ui.results import networks
from ui.results.asking import ask

ICONS = {
    "png": ":material/image:",
    "csv": ":material/table:",
    "gif": ":material/gif_box:",
    "html": ":material/html:",
    "py": ":material/code:",
    "safetensors": ":material/memory:",
}
TYPES = {
    "png": "image/png",
    "csv": "text/csv",
    "gif": "image/gif",
    "html": "text/html",
    "py": "text/x-python",
    "safetensors": "application/octet-stream",
}


class File(NamedTuple):
    """A file on offer: what it is, its name with an ending of `TYPES`, and how its bytes are made."""

    label: str
    name: str
    make: Callable[[], bytes]


def offer(files: Callable[[], Sequence[File | str]], *, key: str) -> None:
    """A menu of files, and of sentences on what cannot be had and why.

    It is empty and costs next to nothing until somebody opens it, and a file is made once it is chosen.
    """
    with st.popover("Export", icon=":material/download:", key=f"export_{key}", on_change="rerun") as menu:
        if not menu.open:
            return
        for file in files():
            if isinstance(file, str):
                note(file)
                continue
            ending = file.name.rpartition(".")[2]
            st.download_button(
                plain(file.label),
                file.make,
                file.name,
                TYPES[ending],
                key=f"export_{key}_{file.name}",
                on_click="ignore",
                icon=ICONS[ending],
                type="tertiary",
            )


def pictures(name: str, sheets: Sequence[Sheet], words: Sequence[str]) -> File:
    """The sheets on screen, with lines of words below."""
    return File("Pictures (PNG)", f"{name}.png", lambda: sheet_png(sheets, words))


def mosaic(run: Opened, picture: bytes, words: str) -> File:
    """A map made of pictures, enlarged; where it is from stands inside the file."""
    source = source_words(run.run, run.checkpoint)
    return File("Pictures (PNG)", f"{run.id}-manifold.png", lambda: plain_png(picture, f"{words} {source}"))


def of_run(run: Run) -> list[File | str]:
    """What every finished run can give: its curves, its codes, its weights, and its training as a program."""
    program, why_not = ask(_program, json.dumps(run.recipe().to_json(), allow_nan=False))
    return [
        curves([run]),
        *codes(run),
        *pictures_of(run),
        File("Checkpoint (safetensors)", f"{run.id}.safetensors", lambda: newest_bytes(run.folder)),
        File("Training program (PyTorch)", f"{run.id}.py".replace("-", "_"), program.encode) if program else why_not,
    ]


@look()
def _program(recipe: str) -> tuple[str, str]:
    """The training of a recipe, given as JSON, as a program, else why it cannot be written."""
    try:
        return training_script(Recipe.from_json(json.loads(recipe))), ""
    except ExportError as error:
        return "", str(error)


def pictures_of(run: Run) -> list[File]:
    """The own pictures that a run was trained on, in one file, which its program needs beside it."""
    data = run.recipe().data
    if data.packed is None or not data.present():
        return []
    return [File("Its pictures, for the program (safetensors)", f"{data.name}.safetensors", data.packed)]


def pad(run: Opened, packed: Packed) -> File:
    """The latent pad that is on screen, as a page of its own."""
    recipe, words = run.recipe, source_words(run.run, run.checkpoint)

    def make() -> bytes:
        pictures = as_bytes(recipe.data.load().test.images[:]).numpy() if recipe.data.present() else None
        return latent_page(packed, recipe.title, words, networks.at, pictures)

    return File("This map, working offline (HTML)", f"{run.id}-map.html", make)


def curves(runs: Sequence[Run]) -> File:
    """Every logged value of the runs."""
    name = runs[0].id if len(runs) == 1 else "compared"
    lines = {run.id: (run.recipe().unit, reading.log(run)[0]) for run in runs}
    return File("Curves (CSV)", f"{name}-curves.csv", lambda: curves_csv(lines))


def codes(run: Run) -> list[File]:
    """The codes of the test pictures; nothing where neither the pictures nor kept codes are on this computer."""
    data, model = run.recipe().data, opened(run).model
    if not (data.present() or run.codes()):
        return []

    def make() -> bytes:
        kept = run.codes()
        if kept is None:
            test = data.load().test
            kept = encode(model, test.images), test.labels
        return codes_csv(kept[0], kept[1].tolist(), data.classes)

    return [File("Codes of the test pictures (CSV)", f"{run.id}-codes.csv", make)]
