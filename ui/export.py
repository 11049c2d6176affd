"""Take what is on screen along: one small menu a page, whose files are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from ae_core.checkpoints import newest_bytes
from ae_core.exploration import as_bytes
from ae_core.export import ExportError, training_script
from ae_core.metrics import codes as encode
from ae_core.runs import Run
from ae_core.tables import codes_csv, curves_csv
from ui import cached, decoders
from ui.components.latent_page import latent_page
from ui.frame import note
from ui.latent import Packed
from ui.pictures import Sheet
from ui.provenance import source_words
from ui.remembered import remembered
from ui.sheet_file import plain_png, sheet_png

ICONS = {
    "png": ":material/image:", "csv": ":material/table:", "gif": ":material/gif_box:", "html": ":material/html:",
    "py": ":material/code:", "safetensors": ":material/memory:",
}  # fmt: skip
TYPES = {
    "png": "image/png", "csv": "text/csv", "gif": "image/gif", "html": "text/html", "py": "text/x-python",
    "safetensors": "application/octet-stream",
}  # fmt: skip


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
                file.label, file.make, file.name, TYPES[ending], key=f"export_{key}_{file.name}", on_click="ignore",
                icon=ICONS[ending], type="tertiary",
            )  # fmt: skip


def pictures(name: str, sheets: Sequence[Sheet], words: Sequence[str]) -> File:
    """The sheets on screen, with lines of words below."""
    return File("Pictures (PNG)", f"{name}.png", lambda: sheet_png(sheets, words))


def mosaic(run: Run, picture: bytes, words: str) -> File:
    """A map made of pictures, enlarged; where it is from stands inside the file."""
    source = source_words(run, cached.model(run)[1])
    return File("Pictures (PNG)", f"{run.id}-manifold.png", lambda: plain_png(picture, f"{words} {source}"))


def of_run(run: Run) -> list[File | str]:
    """What every finished run can give: its curves, its codes, its weights, and its training as a program."""
    program, why_not = _program(run, str(run.folder))
    return [
        curves([run]),
        *codes(run),
        *pictures_of(run),
        File("Checkpoint (safetensors)", f"{run.id}.safetensors", lambda: newest_bytes(run.folder)),
        File("Training program (PyTorch)", f"{run.id}.py".replace("-", "_"), program.encode) if program else why_not,
    ]


@remembered(128)
def _program(_run: Run, folder: str) -> tuple[str, str]:
    """The training of a run as a program, else why it cannot be written; kept, since to know it one has to write it."""
    try:
        return training_script(_run.recipe()), ""
    except ExportError as error:
        return "", str(error)


def pictures_of(run: Run) -> list[File]:
    """The own pictures that a run was trained on, in one file, which its program needs beside it."""
    data = run.recipe().data
    if data.packed is None or not data.present():
        return []
    return [File("Its pictures, for the program (safetensors)", f"{data.name}.safetensors", data.packed)]


def pad(run: Run, packed: Packed) -> File:
    """The latent pad that is on screen, as a page of its own."""
    made, words = run.recipe(), source_words(run, cached.model(run)[1])

    def make() -> bytes:
        pictures = as_bytes(made.data.load().test.images).numpy() if made.data.present() else None
        return latent_page(packed, made.title, words, decoders.at, pictures)

    return File("This map, working offline (HTML)", f"{run.id}-map.html", make)


def curves(runs: Sequence[Run]) -> File:
    """Every logged value of the runs."""
    name = runs[0].id if len(runs) == 1 else "compared"
    lines = {run.id: (run.recipe().unit, cached.metrics(run)) for run in runs}
    return File("Curves (CSV)", f"{name}-curves.csv", lambda: curves_csv(lines))


def codes(run: Run) -> list[File]:
    """The codes of the test pictures; nothing where neither the pictures nor kept codes are on this computer."""
    data, model = run.recipe().data, cached.model(run)[0]
    if not (data.present() or run.codes()):
        return []

    def make() -> bytes:
        kept = run.codes()
        if kept is None:
            test = data.load().test
            kept = encode(model, test.images), test.labels
        return codes_csv(kept[0], kept[1].tolist(), data.classes)

    return [File("Codes of the test pictures (CSV)", f"{run.id}-codes.csv", make)]
