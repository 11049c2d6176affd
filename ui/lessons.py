"""The lesson of a model on the page: the text of its own file, each loss term marked in the colour of its curve."""

from __future__ import annotations

import html
import re

import streamlit as st

from ae_core.models import lesson
from ui.colours import term_colour
from ui.frame import wide

_SUM = re.compile(r"\bL = ([a-z]{2,}(?: \+ [a-z]{2,})*)(?=,| =|$)", re.MULTILINE)


def loss_terms(name: str) -> list[str]:
    """The terms that the loss is said to be the sum of, in the order of the lesson; none where it has no name for them."""
    sums = _SUM.findall(lesson(name))
    return list(dict.fromkeys(term for each in sums for term in each.split(" + ")))


def lesson_html(name: str) -> str:
    """The whole lesson: its prose as paragraphs, its formulas line by line as they stand in the file."""
    text = html.escape(lesson(name).strip("\n"))
    for term in loss_terms(name):
        text = re.sub(rf"\b{term}\b", f'<b style="border-bottom: 2px solid {term_colour(term)}">{term}</b>', text)
    parts = re.split(r"\n\n+", text)
    return (
        f'<div class="ae-lesson">{"".join(_formulas(p) if p.startswith("  ") else f"<p>{p}</p>" for p in parts)}</div>'
    )


def _formulas(lines: str) -> str:
    return wide("Formulas", f"<pre>{lines}</pre>")


def show_lesson(name: str) -> None:
    """What the model's file says, folded away: idea, loss, source. The code below that text computes the curves."""
    with st.expander("The idea, its loss and its source", icon=":material/functions:"):
        st.html(lesson_html(name))
