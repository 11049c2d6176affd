"""The style that all pages share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from ui.components.copy_link.copy_link import copy_link
from ui.markup import render

STYLE = Path(__file__).parents[1] / "style.css"


def draw_frame() -> None:
    """Put the style sheet into the page."""
    st.html(STYLE)


def heading(title: str, sentence: str) -> None:
    """The top of a page: its title, a button that copies its address and, in one sentence, what it is for.

    The sentence is HTML that stands in the program.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False)
        copy_link()
    st.html(render("lead.html", sentence=Markup(sentence)))


def note(*lines: str) -> None:
    """Small lines of plain text under something."""
    st.html(small(*lines))


def small(*lines: str) -> Markup:
    """HTML of small lines of plain text."""
    return render("notes.html", lines=lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """HTML of a small table of plain texts; the first cell of a row names it, the others are numbers."""
    return render("table.html", head=head, rows=rows)


def wide(name: str, table: Markup) -> Markup:
    """HTML of a table that may be wider than a small screen: it moves sideways, by the arrow keys too."""
    return render("wide.html", name=name, table=table)


def notice(text: str) -> None:
    """The box at the end of a page: what to notice."""
    with st.container(border=True):
        st.markdown(f"**What to notice.** {text}")
