"""What came from outside is shown as text: one escape for what Streamlit reads as Markdown, and nobody goes
around it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from fresh_python import ROOT
from house import APP, PAGES, UI, each, syntax

from ui.figures.charts import TEMPLATE
from ui.plain import plain

OF_STREAMLIT = {  # what it reads as Markdown, by the name of the call: places among the arguments
    **dict.fromkeys(
        ("error", "warning", "info", "success", "toast", "markdown", "caption", "badge", "metric"), (0, 1, 2)
    ),
    **dict.fromkeys(("title", "header", "subheader", "spinner", "expander", "popover", "dialog", "latex"), (0,)),
    **dict.fromkeys(("button", "download_button", "link_button", "menu_button", "form_submit_button"), (0,)),
    **dict.fromkeys(("toggle", "checkbox", "radio", "pills", "segmented_control", "selectbox", "multiselect"), (0,)),
    **dict.fromkeys(("slider", "select_slider", "number_input", "text_input", "text_area", "file_uploader"), (0,)),
    **dict.fromkeys(("page_link", "progress"), ()),
}
OF_OURS = {
    "widget": (0,),
    "notice": (0,),
    "heading": (0, 1),
    "pick": (),
    "turn": (),
    "number": (),
}  # they hand texts on
NAMED = {"body", "text", "help", "value", "delta"}
MAKERS = ("noticing.", "watch.noticed")  # functions of other files that make Markdown, held to the same below
OURS = ("plain", "len", "typeset")  # the last of the text of a file of the program, by the name of its model
NUMBER = re.compile(r"([-+,.\d]|\{[\w.]+\})*[bdeEfgGn%]|,")  # how a number is written


def texts(call: ast.Call) -> list[ast.expr]:
    """What a call hands to Streamlit for Markdown."""
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) != "log":
        places, named = OF_STREAMLIT.get(call.func.attr), {*NAMED, "label"}
    else:
        places, named = OF_OURS.get(getattr(call.func, "id", "")), NAMED
    if places is None:
        return []
    found = [call.args[k] for k in places if k < len(call.args)]
    return [*found, *(keyword.value for keyword in call.keywords if keyword.arg in named)]


def harmless(text: ast.AST, known: set[str]) -> bool:
    """Whether a text is written in the code, a number, or went through `plain`; `known` are names of such texts."""
    match text:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper() or name in known  # a constant of the module
        case ast.Call(func=ast.Name(id=name)):
            return name in OURS or f"{name}()" in known
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
            return f"{module}.{name}".startswith(MAKERS)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.GeneratorExp(elt=one)]):
            return harmless(one, known)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.Call(func=ast.Name("map"), args=how)]
        ):
            return ast.unparse(how[0]) == "plain"
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other, op=ast.Add()):
            return harmless(one, known) and harmless(other, known)
        case ast.BoolOp(values=either):
            return all(harmless(one, known) for one in either)
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mult()):
            return True
        case ast.Subscript(value=ast.Name(id=name)):
            return name.isupper()
        case ast.FormattedValue(value=value, format_spec=form):
            number = form is not None and NUMBER.fullmatch(ast.unparse(form)[2:-1])
            return bool(number) or harmless(value, known)
        case ast.JoinedStr(values=parts):
            return all(harmless(part, known) for part in parts)
    return False


def scope(body: ast.AST) -> Iterator[ast.AST]:
    """All that stands in a module or a function, without what stands in functions inside it."""
    for node in ast.iter_child_nodes(body):
        yield node
        if not isinstance(node, ast.FunctionDef):
            yield from scope(node)


def trouble(body: ast.AST, known: frozenset[str] = frozenset()) -> list[str]:
    """The texts in a program that Streamlit is given, and that are neither its own nor plain.

    A function of ours that hands a text on is held to the same where it is called.
    """
    own, nodes = set(known), list(scope(body))
    if isinstance(body, ast.FunctionDef):
        given = {one.arg for one in body.args.args}
        own = own - given | (given if body.name in OF_OURS else set())
    set_here: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            set_here.setdefault(node.targets[0].id, []).append(node.value)
    for name, values in set_here.items():
        (own.add if all(harmless(value, own) for value in values) else own.discard)(name)
    own |= {f"{node.name}()" for node in nodes if isinstance(node, ast.FunctionDef) and makes_plain(node, own)}
    found = [
        f"line {text.lineno}: {ast.unparse(text)}"
        for node in nodes if isinstance(node, ast.Call)
        for text in texts(node) if not harmless(text, own)
    ]  # fmt: skip
    inner = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return found + [one for function in inner for one in trouble(function, frozenset(own))]


def makes_plain(function: ast.FunctionDef, known: set[str]) -> bool:
    """Whether a function answers with nothing but such texts."""
    nodes = list(scope(function))
    known = known - {one.arg for one in function.args.args}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            (known.add if harmless(node.value, known) else known.discard)(node.targets[0].id)
    answers = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
    return bool(answers) and all(harmless(answer, known) for answer in answers)


def test_what_makes_markdown_for_other_files_makes_it_of_plain_texts():
    for path in (ROOT / "ui/figures/noticing.py", ROOT / "ui/sections/train/watch.py"):
        made = [
            node
            for node in syntax(path).body
            if isinstance(node, ast.FunctionDef) and f"{path.stem}.{node.name}".startswith(MAKERS)
        ]
        assert made and [node.name for node in made if not makes_plain(node, set())] == []


@each([*UI, *PAGES, *APP])
def test_streamlit_gets_no_text_from_outside_that_is_not_plain(path):
    assert trouble(syntax(path)) == []


GOOD = """
def notice(text):
    st.markdown("**What to notice.** " + text)
def page(found):
    label = plain(found.title)
    st.error(plain(error))
    def made():
        return "" if found else plain(found)
    st.info(made() + "Press *Train*.", icon=found.icon)
    st.metric(label, f"{found.error:.4f}", f"{found.share:+.0f} % against PCA" if found else None)
    st.markdown(f"**{label}**: {len(found):,} of {found.n:d}, " + ", ".join(plain(name) for name in found))
    log.warning(found)
"""
BAD = [
    "st.error(str(error))", "st.error(error)", "press.warning(f'{error} Below.')", "st.markdown(f'**{title}**')",
    "left.metric(name, 1)", "st.metric('a', found.value)", "bar.progress(0.5, text=words)", "st.button(label='Go ' + name)",
    "st.text_input('a', help=found.help)", "pick('a', titles, 'a', help=found)", "notice(found.text)", "widget(label, titles)",
    "st.info('a' if one else other)", "st.info(one or 'a')", "st.caption(', '.join(names))", "st.error(f'{value:>10}')", "st.error('a %s' % name)",
    "def made(a):\n    return a\nst.error(made(1))",
    "label = plain(a)\nlabel = b\nst.error(label)", "def page(label):\n    st.error(label)",
]  # fmt: skip


def test_the_search_for_such_texts_finds_them_and_nothing_else():
    assert trouble(ast.parse(GOOD)) == []
    assert [program for program in BAD if not trouble(ast.parse(program))] == []


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Run 'vae_2': there is no such run; choose 0.5, 1-2 (or a/b).", None),
        ("level = '7': must be at most 100 %, see README.md", None),
        ("  two\n\n    lines\t", "two lines"),
        (ValueError("*"), "\\*"),
        ("http://host", "http:\N{WORD JOINER}//host"),
    ],
)
def test_an_ordinary_sentence_stays_as_it_is(text, markdown):
    assert plain(text) == (markdown or text)


def test_what_plotly_describes_a_place_with_is_written_in_the_code():
    tree = syntax(ROOT / "ui/figures/charts.py")
    pairs = [
        pair
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for pair in zip(node.keys, node.values, strict=True)
    ]
    described = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == TEMPLATE]
    assert described and all(isinstance(value, ast.Constant) for value in described)


def test_components_make_elements_of_texts_and_no_html():
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "ui" / "components").rglob("*.js")}
    ways = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|eval\("
    )
    assert [name for name, script in scripts.items() if ways.search(script)] == [
        "live_pictures.js"
    ]  # of ui.figures.pictures
