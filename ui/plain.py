"""Text that came from outside, shown as the text it is.

Streamlit takes nearly every text it is given for Markdown: messages, labels, helps, numbers and their changes. A name
in the address, in a record, in a zip or in an error could so become a picture of a foreign server, a link in the words
of the app, a formula or an icon. Where such a text goes to Streamlit it goes through `plain`; tests/test_plain.py finds
the place where one does not. HTML is made by templates, which show all they are given as text (`ui.markup`), and
figures escape what they show (`ui.figures.charts.Drawing`).
"""

from __future__ import annotations

import re

_JOINER = (  # has no width; keeps apart what Streamlit looks for once more when the backslashes are gone
    "\N{WORD JOINER}"
)
_BRACKETS = {ord("["): "&#91;", ord("]"): "&#93;"}  # a badge puts a backslash before those that it finds
_MARK = re.compile(r"[\\`*<>|~$&]|(?<![^\W_])_|_(?![^\W_])|^[-+#]")  # an underscore inside a word means nothing
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?= |$)")  # the first line of a list
_APART = re.compile(
    r"""(?<=:)(?=\S)                        # http://host, :red[...], :smile:, :material/icon:
      | (?<=\bwww)(?=\.) | (?<=@)           # addresses without a scheme
      | (?<!\S[-<>~])(?<=[-<>~])(?=[-=>])   # arrows and dashes, of which typographers make one sign""",
    re.VERBOSE | re.IGNORECASE,
)


def plain(text: object) -> str:
    """The Markdown that Streamlit shows as exactly these characters, on one line.

    To be put in place of a name, a sentence or an error; words around it may be Markdown: `f"**{plain(title)}**
    stopped"`.
    """
    line = " ".join(str(text).encode(errors="replace").decode().split())  # halves of signs cannot be sent
    marked = _MARK.sub(r"\\\g<0>", _APART.sub(_JOINER, line)).translate(_BRACKETS)
    return _NUMBERED.sub(r"\1\\\2", marked)
