"""The lesson of a model on the page: the text of its own file, its formulas typeset, each loss term underlined in the
colour of its curve.

In the file a formula is an indented line: what it is about, then parts with two spaces or more between them. A part
with a sign of LaTeX in it (`=`, `^`, a backslash) is a formula, whose longer words are names and stand upright; every
other part is words. Prose is Markdown with formulas between dollars.
"""

from __future__ import annotations

import re

import streamlit as st

from ae_core.models import lesson
from ui.colours import term_colour

_SUM = re.compile(r"\bL = ([a-z]{2,}(?: \+ [a-z]{2,})*)(?=,| =|$)", re.MULTILINE)
_FORMULA = re.compile(r"[=^\\]")
_NAME = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}(?:_[a-z]{2,})*")
_INLINE = re.compile(r"\$(.+?)\$", re.DOTALL)
INK = "canvastext"  # the system's name for the colour of words, dark or light


def loss_terms(name: str) -> list[str]:
    """The terms that the loss is said to be the sum of, in the order of the lesson; none where it has no name
    for them.
    """
    sums = _SUM.findall(lesson(name))
    return list(dict.fromkeys(term for each in sums for term in each.split(" + ")))


def typeset(name: str) -> str:
    """The whole lesson of a model as Markdown with LaTeX; no text but that of its file goes into it."""
    colours = {term: term_colour(term) for term in loss_terms(name)}
    paragraphs = [part.strip("\n") for part in re.split(r"\n\n+", lesson(name))]
    return "\n\n".join(
        _formulas(part, colours) if part.startswith("    ") else _words(part, colours) for part in paragraphs
    )


def _formulas(paragraph: str, colours: dict[str, str]) -> str:
    """Indented lines as a list: what each is about, then its parts."""
    lines = []
    for line in paragraph.split("\n"):
        label, *parts = re.split(r"\s{2,}", line.strip())
        lines.append(" &ensp; ".join([f"- **{label}**", *(_part(part, colours) for part in parts)]))
    return "\n".join(lines)


def _part(part: str, colours: dict[str, str]) -> str:
    bare = _INLINE.sub("", part)
    return f"$\\displaystyle {_latex(part, colours)}$" if _FORMULA.search(bare) else _words(part, colours)


def _words(text: str, colours: dict[str, str]) -> str:
    return _INLINE.sub(lambda found: f"${_latex(found[1], colours)}$", text)


def _latex(formula: str, colours: dict[str, str]) -> str:
    """A formula with its names upright and the terms of the loss underlined."""

    def upright(found: re.Match[str]) -> str:
        word = "\\text{" + found[0].replace("_", "\\_") + "}"
        colour = colours.get(found[0])
        return f"\\textcolor{{{colour}}}{{\\underline{{\\textcolor{{{INK}}}{{{word}}}}}}}" if colour else word

    return _NAME.sub(upright, formula)


def show_lesson(name: str) -> None:
    """What the model's file says, folded away: idea, loss, source. The code below that text computes the curves."""
    with (
        st.expander("The idea, its loss and its source", icon=":material/functions:"),
        st.container(key="lesson"),
    ):
        st.markdown(typeset(name))
