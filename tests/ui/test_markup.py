"""HTML and SVG come from templates, which show whatever they are given as the text it is; nobody goes around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import jinja2
import numpy as np
import pytest
from fresh_python import ROOT
from house import APP, PAGES, UI, each, syntax
from markupsafe import Markup

from ui.figures.frame import small, table, wide
from ui.figures.pictures import Figure, Row, Sheet, Tile, data_uri, figures, halves, image, sheet, sheets, strip, tiles
from ui.markup import box, render
from ui.sections.start.family import Card

TEMPLATES = ROOT / "ui/templates"
EVIL = "<script>alert(1)</script>\"><img src=x onerror='alert(2)'> {{ 7 * 7 }} &lt;b&gt; 3 < 4 & \\"
DOT = np.zeros((1, 8, 8, 1), np.uint8)
TWO = np.zeros((2, 8, 8, 1), np.uint8)
FIGURES = [Figure(EVIL, EVIL, EVIL, [EVIL, EVIL], kind=EVIL, delay=EVIL), Figure("", "", words=EVIL)]
HERE = {  # every template, with such a text in each of its places, and how often that makes it appear
    "bars.svg": (render("bars.svg", shown={EVIL: EVIL}, zero=EVIL), 3),
    "box.html": (box(EVIL, EVIL), 2),
    "cards.html": (render("cards.html", cards=[Card(EVIL, EVIL, 1, 1, EVIL, EVIL, EVIL, {EVIL: EVIL})]), 8),
    "final.html": (render("final.html", value=EVIL, name=EVIL, detail=EVIL, colour=EVIL), 4),
    "figures.html": (figures(EVIL, FIGURES), 9),
    "funnel.svg": (render("funnel.svg", colour=EVIL, left=EVIL, right=EVIL, top=EVIL, waist=EVIL), 5),
    "image.html": (image(b"", EVIL, EVIL), 2),
    "lead.html": (render("lead.html", sentence=EVIL), 1),
    "halves.html": (halves([Row(EVIL, TWO, EVIL, EVIL), Row(EVIL, TWO, "", EVIL, empty=True)]), 10),
    "notes.html": (small(EVIL, EVIL), 2),
    "sheets.html": (sheet([Row(EVIL, DOT, EVIL, EVIL)], [EVIL], EVIL, [EVIL]), 6),
    "table.html": (table([EVIL, EVIL], [[EVIL, EVIL]]), 4),
    "wide.html": (wide(EVIL, EVIL), 2),
}
TAGS = {
    *("div", "figure", "figcaption", "img", "span", "br", "small", "b", "p", "table", "thead", "tbody", "tr", "th"),
    *("td", "article", "strong", "footer", "a", "i", "svg", "g", "path", "polygon", "rect"),
}


class Seen(HTMLParser):
    """What a browser would find: the elements with their attributes, and every text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self) -> list[str]:
        return [*self.texts, *(value or "" for _, attributes in self.elements for value in attributes.values())]


def test_every_template_is_tried():
    assert HERE.keys() == {path.name for path in TEMPLATES.iterdir()}


@pytest.mark.parametrize("name", HERE)
def test_a_template_shows_whatever_it_is_given_as_text(name):
    made, times = HERE[name]
    seen = Seen(made)
    assert {tag for tag, _ in seen.elements} <= TAGS
    assert not [key for _, attributes in seen.elements for key in attributes if key.startswith("on")]
    assert not [attributes for tag, attributes in seen.elements if attributes.get("src") == "x"]
    assert sum(EVIL in value for value in seen.values()) == times


def test_what_a_template_made_goes_into_another_as_it_is():
    inner = tiles([Tile(EVIL, DOT[0], EVIL, [EVIL])])
    assert (
        box("ae-pairs", inner, small("a < b")) == f'<div class="ae-pairs">{inner}<p class="ae-note">a &lt; b</p></div>'
    )
    assert isinstance(inner + small("a"), Markup)


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="sentence"):
        render("lead.html")
    with pytest.raises(jinja2.TemplateNotFound):
        render("none.html")


def test_every_text_of_a_sheet_has_its_colour():
    with pytest.raises(ValueError, match="zip"):
        sheets([Sheet([], ["one", "two"], "class", ["red"])])
    (_, first), (_, second) = [
        one for one in Seen(sheet([], ["a", "b"], "", ["red", "blue"])).elements if "style" in one[1]
    ]
    assert (first["style"], second["style"]) == ("border-bottom: 3px solid red", "border-bottom: 3px solid blue")


def test_a_sheet_in_halves_has_every_picture_once_and_keeps_the_places_of_those_to_come():
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 8, 8, 1), np.uint8)
    made = halves([Row("here", pictures, "a"), Row("to come", pictures, "", empty=True)])
    seen = [address for tag, attributes in Seen(made).elements if tag == "img" for address in [attributes["src"]]]
    assert seen == [data_uri(strip(pictures[:3])), data_uri(strip(pictures[3:]))]
    assert "aspect-ratio: 30 / 8" in made and "aspect-ratio: 20 / 8" in made and "--rows: 2" in made


# --- nobody goes around them ------------------------------------------------------------------------------------------

TAG = re.compile(r"</?[a-zA-Z]")
ESCAPES = {"ui/figures/charts.py", "ui/components/latent_page/latent_page.py"}  # for plotly.js; a page of its own
MARKS = {"ui/markup.py", "ui/figures/frame.py"}  # what a template made; a sentence that stands in the program


def put_together(tree: ast.AST) -> Iterator[str]:
    """Where a program puts HTML together from texts: by f-strings, by operators or by `format`, `join` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Attribute)):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and TAG.search(part.value):
                    yield f"line {node.lineno}: {part.value[:60]}"


@each([*UI, *PAGES, *APP])
def test_html_is_put_together_by_templates(path):
    assert list(put_together(syntax(path))) == []


def test_the_search_for_html_finds_it():
    bad = "f'<b>{x}</b>'; '<p>' + x; '<i>%s' % x; '<b>{}'.format(x); '</b>'.join(x); x + f'<a href={x}>'"
    assert len(list(put_together(ast.parse(bad)))) == 7
    good = "heading('A', '<em>b</em>'); f'{x} < 3 and {y}'; '</script' in x; f'{a}<{b}'; WORDS = '<p>a</p>'"
    assert list(put_together(ast.parse(good))) == []


@each([*UI, *PAGES, *APP])
def test_nothing_else_escapes_nor_says_that_a_text_is_html(path):
    name, tree = str(path.relative_to(ROOT)), syntax(path)
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert "html" not in imports or name in ESCAPES
    says = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Markup"]
    assert not [call for call in says if call.args] or name in MARKS


def test_no_template_lets_a_text_through():
    for path in TEMPLATES.iterdir():
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text(encoding="utf-8")), path.name


@each(PAGES)
def test_the_sentence_at_the_top_of_a_page_stands_in_the_program(path):
    calls = [node for node in ast.walk(syntax(path)) if isinstance(node, ast.Call)]
    (heading,) = [node for node in calls if ast.unparse(node.func) == "heading"]
    assert isinstance(heading.args[1], ast.Constant)
