"""HTML and SVG by the templates in `ui/templates`.

A template shows whatever it is given as the text it is; only what a template made goes into another one as it is.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def render(template: str, /, **values: object) -> Markup:
    """What a template, named by its file, makes of values.

    Raises
        TemplateNotFound: where there is no such file.
        UndefinedError: where the template needs a value that it was not given.
    """
    return Markup(_templates.get_template(template).render(values))


def box(kind: str, *parts: Markup) -> Markup:
    """Parts of a page in a box, laid out as `ui/style.css` says for this class."""
    return render("box.html", kind=kind, parts=parts)
