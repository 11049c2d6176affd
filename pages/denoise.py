"""Denoise: one damaged picture, and what an autoencoder, PCA and three filters make of it."""

import contextlib

import streamlit as st

from ae_core.corruption import repeatable
from ae_core.datasets import DatasetError, datasets
from ae_core.measures.restoration import LEVELS
from ae_core.runs import reading
from ae_core.runs.opened import opened
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ui.controls import live
from ui.controls.brought import of_runs, pick_dataset
from ui.controls.pick import number, pick, pick_several, short_title, turn
from ui.controls.sources import Source, of_test, pick_source, until_then
from ui.figures import export, noticing
from ui.figures.frame import heading, note, notice, small
from ui.figures.pictures import Sheet, Tile, sheet, tiles
from ui.figures.provenance import source_words
from ui.figures.sheet_file import as_sheet
from ui.plain import plain
from ui.results.absent_pictures import explain_absent, guarded
from ui.results.asking import NotReady, when_ready
from ui.results.failed_runs import failed, usable
from ui.sections.denoise import methods

TICKING = "denoise_ticking"  # session key: whether something is still being measured
HOW = {"once": "Once", "hundred": "× 100"}

heading(
    "Denoise",
    "Damage a picture, and see who finds the clean one again: networks that have learned what such pictures look like, "
    "or filters that only know what noise looks like.",
)
explain_absent("denoise")
with st.container(horizontal=True, vertical_alignment="top"):
    present = {name: entry for name, entry in datasets().items() if entry.present()}
    data = pick_dataset(present, of_runs(present), width=220)
    name = data.name
    runs = {run.id: run for run in reading.runs_of(Store.default(), name)}
    start = [run.id for run in methods.starting_runs([run for run in runs.values() if not failed(run)])]
    chosen = pick_several(
        "Networks, up to four", {key: short_title(run) for key, run in runs.items()}, "runs", start, 4
    )
    learned = [damage for damage in map(methods.damage_of, map(runs.__getitem__, chosen)) if damage]
    kind_start, level_start = learned[0] if learned else ("gaussian", 0.5)
    kind = pick("Damage", methods.KINDS, "kind", kind_start, width=220)
compared = usable([runs[key] for key in chosen])
if not any(methods.damage_of(run) for run in runs.values()):
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(
            f"No denoising autoencoder has been trained on {plain(data.title)} yet; the others were never shown damage."
        )
        st.page_link(
            "pages/train.py",
            label="Train one",
            icon=":material/play_arrow:",
            query_params={"model": "denoising", "dataset": name},
        )
level_start = min(LEVELS[1:], key=lambda level: abs(level - level_start))


def marks(kind: str, networks: list[Run]) -> dict[float, str]:
    """The levels of this kind of damage that the chosen networks were trained at."""
    found: dict[float, str] = {}
    for run in networks:
        damage = methods.damage_of(run)
        if damage and damage[0] == kind:
            found[damage[1]] = f"trained at {damage[1]:g}"
    return found


def look(kind: str, ticking: bool) -> None:
    """The controls and the pictures; renewed, and the curves with them, while something is still being measured."""
    left, right = st.columns([1, 2], gap="medium")
    with left:
        levels = {f"{level:g}": f"{level:g}" for level in LEVELS}
        level = float(turn("Level", levels, "level", f"{level_start:g}"))
        how = pick("Applied", HOW, "applied", widget=st.segmented_control, required=True)
        source = pick_source(data)
        draw = number("Random draw of the damage", 1, 50, "draw")
    shown = methods.candidates(data, compared, kind)
    busy = any(candidate.curve is None for candidate in shown)
    with right:
        source = source or until_then(
            data, "Draw something, or take an example; the damage is done to what you choose."
        )
        if how == "once":
            made, words = once(kind, shown, source)
        else:
            rows, done = methods.hundred(data, repeatable(source.x, kind, level, draw), level, shown)
            made, words = Sheet(rows, methods.HUNDRED, "how often applied"), words_of(source, kind, level, draw)
            st.html(sheet(*made) if rows else "<span></span>")
            note(words, *sources())
            busy = busy or not done
        if made.rows:
            export.offer(lambda: [export.pictures(f"denoise-{name}", [made], [words, *sources()])], key="denoise")
    if ticking:
        curves(kind)
    if busy != ticking:
        st.session_state[TICKING] = busy
        st.rerun()


def once(kind: str, shown: list[methods.Candidate], source: Source) -> tuple[Sheet, str]:
    """The picture, damaged, and what each method makes of it; they follow the dials. Returns them, and words about
    them.
    """
    lines = sources()

    def cleaned(level: float, draw: int, picture: int | None = None) -> tuple[list[Tile], str]:
        clean = source if picture is None else of_test(data, picture)
        damaged = repeatable(clean.x, kind, level, draw)
        return methods.once(clean.x, damaged, level, shown, clean.alt), words_of(clean, kind, level, draw)

    def written(made: tuple[list[Tile], str]) -> str:
        return tiles(made[0]) + small(made[1], *lines)

    found, words = live.show("denoise", cleaned, written, level=float, draw=int, **source.dials)
    return as_sheet(found), words


def words_of(source: Source, kind: str, level: float, draw: int) -> str:
    """Which picture it is, and how it was damaged."""
    return f"{data.title}: {source.words} · {methods.KINDS[kind]}, level {level:g}, draw {draw}"


def sources() -> list[str]:
    """Where the networks are from, a line for each."""
    return [source_words(run, opened(run).checkpoint, "trained on its training split") for run in compared]


def curves(kind: str) -> None:
    """Every method against the level of damage; drawn once, when all is measured."""
    shown = methods.candidates(data, compared, kind)
    st.header("The more damage, the harder", anchor=False)
    methods.curve_chart(data, kind, shown, marks(kind, compared))
    busy = " Still measuring …" if any(candidate.curve is None for candidate in shown) else ""
    note(methods.subset_words(data) + busy, *sources())


ticks = bool(st.session_state.get(TICKING))
st.fragment(when_ready, run_every=methods.EVERY_S if ticks else None)(guarded(look), kind, ticks)
with contextlib.suppress(NotReady):  # there is a bar above, and the page is drawn again
    if not ticks:
        curves(kind)


def best() -> str:
    """Who cleans best at the level that stands at the beginning, once all is measured."""
    with contextlib.suppress(NotReady, RunError, DatasetError):
        shown = methods.candidates(data, compared, kind)
        parts = shown[: len(compared)], shown[len(compared) :]
        ours, theirs = ({one.method.title: one.psnr for one in part} for part in parts)
        return noticing.of_damage(ours, theirs, level_start)
    return ""


notice(
    best()
    + "A filter averages: it trades noise for blur. A denoising autoencoder answers with a picture it believes in,"
    " sharp even where nothing was left to see, so it can be confidently wrong. Beside the others it is best near the "
    "level it was trained at: with less damage it still repaints what was fine, and with far more it guesses. Apply "
    "it a hundred times and the picture drifts to one that the network maps to itself; a blur applied a hundred "
    "times leaves fog."
)
