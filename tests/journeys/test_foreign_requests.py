"""Addresses and records that say what they should not, in a real browser: words, no more, and nothing leaves this
machine.
"""

from __future__ import annotations

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode

import pytest
from browser import JOURNEY, PATHS, Server, expect, settled
from every_page import KEYS
from probes import FOREIGN, HOST, MARK, PROBES, SAID

from ae_core.records import shown
from ae_core.runs.run import Run
from ae_core.runs.store import ROOT
from ui.controls import uploads

pytestmark = JOURNEY
SHOWN = 20  # characters of a bad value that the shortest message repeats
PICTURE, LINK = f"![{MARK}](http://{HOST}/p.png)", f"[{MARK}](http://{HOST}/login)"
FAILED, STRANGE, NAMED = "vanilla-digits-failed", "vanilla-digits-strange", f"vanilla-**{MARK}**-[a](b)"
PLANTED = (PICTURE, LINK, NAMED)  # what the records hold that somebody has planted
LOOKS = [
    *(path for path in PATHS if path),
    *(f"reconstruct?section={name}" for name in ("drawing", "upload", "foreign", "sizes", "path")),
    *(f"generate?section={name}" for name in ("manifold", "numbers", "between", "arithmetic", "prior")),
]


def hostile(runs):
    """Runs as somebody might plant them: a failed one, one with a recipe of nonsense, one with a name that is
    Markdown.
    """
    for name in (FAILED, STRANGE, NAMED):
        shutil.copytree(ROOT / "pretrained" / "vanilla-digits", runs / name)
    failed = Run(runs / FAILED)
    status = json.loads((failed.folder / "status.json").read_text())
    status |= {"state": "failed", "error": f"{PICTURE} {LINK} **{MARK}** http://{HOST}/{MARK}"}
    (failed.folder / "status.json").write_text(json.dumps(status))
    record = failed.record()
    record["recipe"] |= {"model": LINK, "dataset": PICTURE}
    (runs / STRANGE / "run.json").write_text(json.dumps(record))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own, whose runs folder somebody else has written to."""
    runs = tmp_path_factory.mktemp("planted") / "runs"
    runs.mkdir()
    hostile(runs)
    with Server(runs, STREAMLIT_SERVER_MAX_UPLOAD_SIZE="100") as started:  # MB, so that one file can be too much
        yield started


def said(page, probes):
    """The texts on a page that hold a probe, after a look that none of them has become more than text."""
    settled(page)
    texts = [text for text in page.evaluate(SAID) if MARK in text]
    listed = [", ".join(map(shown, probe.split(","))) for probe in probes]  # where a page takes it for several names
    expected = [probe[:SHOWN] for probe in (*probes, *PLANTED)] + listed
    assert [text for text in texts if not any(probe in text for probe in expected)] == []
    assert page.evaluate(FOREIGN) == []
    return texts


def address(look, asked):
    """A look at a page, with more in its address."""
    return f"{look}{'&' if '?' in look else '?'}{urlencode(asked)}"


@pytest.mark.parametrize(
    "look",
    [
        look if look == "train" else pytest.param(look, marks=pytest.mark.slow)
        for look in LOOKS
        if "?" not in look and look != "runs"
    ],
)
def test_a_bad_address_is_answered_in_words(visit, look):
    asked = {key: (PICTURE, LINK)[k % 2] for k, key in enumerate(KEYS)}
    assert said(visit(address(look, asked)), (PICTURE, LINK))


def test_what_a_record_says_is_words(visit):
    probes = (PICTURE, LINK, f"**{MARK}**")
    page = visit(f"train?run={FAILED}")
    alert = page.get_by_role("alert").filter(has_text=MARK)
    expect(alert).to_contain_text("**")
    assert said(page, probes)
    for path in ("runs", f"train?{urlencode({'run': STRANGE})}", f"train?{urlencode({'run': NAMED})}"):
        page = visit(path)
        page.wait_for_function(
            f"() => ({SAID})().some((text) => text.includes({json.dumps(MARK)}))"
        )  # the list is drawn late
        assert said(page, probes), path


def test_a_foreign_picture_would_not_be_asked_for_either(visit):
    page = visit("runs")
    settled(page)
    blocked = page.evaluate(
        """async (url) => {
            const told = new Promise((tell) => document.addEventListener("securitypolicyviolation", tell, { once: true }));
            document.body.append(Object.assign(new Image(), { src: url }));
            return (await told).blockedURI;
        }""",
        f"http://{HOST}/p.png",
    )
    assert blocked.startswith(f"http://{HOST}")
    visit.trouble.clear()  # the browser has complained, as it should


@pytest.fixture
def elsewhere(server):
    """The address of another server, whose page holds the app in a frame."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<iframe src='{server.url}/runs'></iframe>".encode())

        def log_message(self, *_):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{other.server_port}/"
        other.shutdown()


def test_a_page_of_another_server_may_not_hold_the_app_in_a_frame(elsewhere, visit):
    page = visit("runs")
    with page.expect_console_message(lambda told: "frame-ancestors" in told.text):
        page.goto(elsewhere)
    assert page.frames[-1].url.startswith("chrome-error:")
    visit.trouble.clear()  # another server, and the browser has complained, as it should


def test_a_file_beyond_the_total_of_a_visit_is_dropped_with_a_sentence(visit, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(uploads.MOST_BYTES + 1))
    page = visit("reconstruct?section=upload")
    page.locator("input[type=file]").set_input_files(str(tmp_path / "large.png"))
    expect(page.get_by_role("alert").filter(has_text="more than 60 MB together")).to_be_visible()
    expect(page.get_by_text("large.png")).to_be_visible()
    settled(page)


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("probe", PROBES[::3])
def test_foreign_requests_of_every_look_with_all_its_parameters_at_once(visit, look, probe):
    said(visit(address(look, dict.fromkeys((key for key in KEYS if key != "run"), probe))), (probe,))


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_foreign_requests_of_every_look_with_each_parameter_alone(visit, look):
    page = visit(look)
    home = page.url
    for key in KEYS:
        page.goto(address(home, {key: f"{PICTURE} {LINK}"}))
        said(page, (f"{PICTURE} {LINK}",))
    assert said(visit(address(look, {"run": LINK})), (LINK,)) or look in ("denoise", "compare", "runs")
