"""The colours of the house. Ten class colours that colour-blind people can tell apart: M. Petroff (2021), arXiv:2107.02270."""

from __future__ import annotations

from typing import Literal

CLASSES = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
OURS, BASELINE = "#3f90da", "#ffa90e"  # the autoencoder and what it is compared with
RUN_COLOURS = (OURS, CLASSES[4], CLASSES[2], CLASSES[8], CLASSES[5], CLASSES[7])  # of up to six runs side by side
DEAD = "#94a4a2"  # numbers of the code that say nothing
TERMS = {"reconstruction": "#3f90da", "kl": "#e76300"}  # a loss term has one colour everywhere
OTHER_TERMS = ("#832db6", "#a96b59", "#bd1f01", "#717581")
TOO_DARK, TOO_BRIGHT = (31, 78, 140), (152, 35, 26)  # ends of the signed error, white between
STATES: dict[str, Literal["gray", "blue", "green", "orange", "red"]] = {
    "waiting": "gray", "running": "blue", "done": "green",
    "stopped": "orange", "interrupted": "orange", "failed": "red",
}  # fmt: skip


def class_colour(label: int) -> str:
    """The colour of a class, by its number."""
    return CLASSES[label % len(CLASSES)]


def term_colour(term: str) -> str:
    """The colour of a loss term; the same name always gets the same one."""
    return TERMS.get(term) or OTHER_TERMS[sum(term.encode()) % len(OTHER_TERMS)]
