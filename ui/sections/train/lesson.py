"""The lesson of a model on the page: the text of its own file, each loss term marked in the colour of its curve."""

from __future__ import annotations

import re

import streamlit as st
from markupsafe import Markup

from ae_core.models import lesson
from ui.colours import term_colour
from ui.markup import render

_SUM = re.compile(r"\bL = ([a-z]{2,}(?: \+ [a-z]{2,})*)(?=,| =|$)", re.MULTILINE)


def loss_terms(name: str) -> list[str]:
    """The terms that the loss is said to be the sum of, in the order of the lesson; none where it has no name
    for them.
    """
    sums = _SUM.findall(lesson(name))
    return list(dict.fromkeys(term for each in sums for term in each.split(" + ")))


def lesson_html(name: str) -> Markup:
    """The whole lesson: its prose as paragraphs, its formulas line by line as they stand in the file."""
    colours = {term: term_colour(term) for term in loss_terms(name)}
    terms = re.compile(rf"\b({'|'.join(colours) or '(?!)'})\b")  # without terms: what matches nothing
    paragraphs = [terms.split(text) for text in re.split(r"\n\n+", lesson(name).strip("\n"))]
    return render("lesson.html", paragraphs=paragraphs, colours=colours)


def show_lesson(name: str) -> None:
    """What the model's file says, folded away: idea, loss, source. The code below that text computes the curves."""
    with st.expander("The idea, its loss and its source", icon=":material/functions:"):
        st.html(lesson_html(name))
