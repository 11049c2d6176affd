"""The style that all pages share."""

from __future__ import annotations

import functools
import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ui.components.copy_link import copy_link


@functools.cache
def _style() -> str:
    return f"<style>{(Path(__file__).parent / 'style.css').read_text(encoding='utf-8')}</style>"


def draw_frame() -> None:
    """Put the style sheet into the page."""
    st.html(_style())


def heading(title: str, sentence: str) -> None:
    """The top of a page: its title, a button that copies its address and, in one sentence, what it is for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False)
        copy_link()
    st.html(f'<p class="ae-lead">{sentence}</p>')


def note(*lines: str) -> None:
    """Small lines of plain text under something."""
    st.html(small(*lines))


def small(*lines: str) -> str:
    """HTML of small lines of plain text."""
    return "".join(f'<p class="ae-note">{html.escape(text)}</p>' for text in lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """HTML of a small table of plain texts; the first cell of a row names it, the others are numbers."""
    top = "".join(f'<th scope="col">{html.escape(text)}</th>' if text else "<td></td>" for text in head)
    lines = [
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(f"<td>{html.escape(text)}</td>" for text in numbers)}</tr>'
        for name, *numbers in rows
    ]
    return f'<table class="ae-table"><thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def wide(name: str, table: str) -> str:
    """HTML of a table that may be wider than a small screen: it moves sideways, by the arrow keys too."""
    return (
        f'<div class="ae-scroll" role="region" tabindex="0" aria-label="{html.escape(name, quote=True)}">{table}</div>'
    )


def notice(text: str) -> None:
    """The box at the end of a page: what to notice."""
    with st.container(border=True):
        st.markdown(f"**What to notice.** {text}")
