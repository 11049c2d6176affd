"""The colours of the house. Ten class colours that colour-blind people can tell apart: M. Petroff (2021),
arXiv:2107.02270.

Further classes have the same ten, lighter and darker in turn; nobody can tell hundreds apart, but no two are the same.
"""

from __future__ import annotations

from typing import Literal

CLASSES = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
_MIXED = (
    0.0,
    0.45,
    0.35,
    0.62,
    0.5,
    0.25,
    0.2,
    0.54,
    0.42,
    0.36,
    0.28,
    0.68,
    0.56,
    0.16,
    0.13,
    0.58,
    0.46,
    0.3,
    0.24,
    0.7,
)
OURS, BASELINE = "#3f90da", "#ffa90e"  # the autoencoder and what it is compared with
RUN_COLOURS = (OURS, CLASSES[4], CLASSES[2], CLASSES[8], CLASSES[5], CLASSES[7])  # of up to six runs side by side
DEAD = "#94a4a2"  # numbers of the code that say nothing
TERMS = {"reconstruction": "#3f90da", "kl": "#e76300"}  # a loss term has one colour everywhere
OTHER_TERMS = ("#832db6", "#a96b59", "#bd1f01", "#717581")
TOO_DARK, TOO_BRIGHT = (46, 107, 190), (205, 60, 45)  # ends of the signed error, on a light page and on a dark one
STATES: dict[str, Literal["gray", "blue", "green", "orange", "red"]] = {
    "waiting": "gray",
    "running": "blue",
    "done": "green",
    "stopped": "orange",
    "interrupted": "orange",
    "silent": "red",
    "failed": "red",
}


def class_colour(label: int) -> str:
    """The colour of a class, by its number; each of the first 200 has its own."""
    turn, which = divmod(label, len(CLASSES))
    mixed, towards = _MIXED[turn % len(_MIXED)], 255 * (turn % 2)  # white and black in turn
    parts = bytes.fromhex(CLASSES[which][1:])
    return "#" + "".join(f"{round(part + mixed * (towards - part)):02x}" for part in parts)


def term_colour(term: str) -> str:
    """The colour of a loss term; the same name always gets the same one."""
    return TERMS.get(term) or OTHER_TERMS[sum(term.encode()) % len(OTHER_TERMS)]
