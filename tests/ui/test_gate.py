"""What stands before every request: names of the server, closed doors, headers, and the total of a visit's files."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_routes import create_upload_routes

from ui.controls import uploads
from ui.server import hosts
from ui.server.gate import Gate


class Answer:
    """What an ASGI application says to one request."""

    def __init__(self, messages):
        self.messages = messages
        self.status = messages[0].get("status", messages[0]["type"])
        self.headers = {name.decode(): value.decode() for name, value in messages[0].get("headers", ())}
        self.text = b"".join(message.get("body", b"") for message in messages).decode()


async def asked(app, path="/", host=("localhost:8501",), kind="http", method="GET", body=(b"",), **more):
    """Send one request to an application; a body comes in its parts."""
    given = [(b"host", name.encode("latin-1")) for name in host]
    given += [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in more.items()]
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body[:-1]]
    parts.append({"type": "http.request", "body": body[-1], "more_body": False})
    coming = iter([{"type": "websocket.connect"}] if kind == "websocket" else parts)
    said = []

    async def receive():
        await asyncio.sleep(0)
        return next(coming)

    async def send(message):
        said.append(message)

    scope = {
        "type": kind, "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": given,
        "scheme": "http", "server": ("localhost", 8501), "client": ("127.0.0.1", 1), "http_version": "1.1", "asgi": {},
        **({"method": method} if kind == "http" else {"subprotocols": []}),
    }  # fmt: skip
    await app(scope, receive, send)
    return Answer(said)


def ask(app, *args, **named):
    return asyncio.run(asked(app, *args, **named))


@pytest.fixture
def app():
    """Something behind the gate that answers everything."""

    async def page(request):
        return PlainTextResponse("here")

    async def stream(socket):
        await socket.accept()

    routes = [WebSocketRoute("/{path:path}", stream), Route("/{path:path}", page, methods=["GET", "PUT"])]
    return Starlette(routes=routes, middleware=[Middleware(Gate)])


@pytest.fixture
def of_machine(monkeypatch):
    """The machine is called Lab7, of lab.example."""
    monkeypatch.setattr(hosts.socket, "gethostname", lambda: "Lab7")
    monkeypatch.setattr(hosts.socket, "getfqdn", lambda: "lab7.lab.example.")
    hosts._of_machine.cache_clear()
    yield
    hosts._of_machine.cache_clear()


OURS = [
    "localhost", "localhost:8501", "LOCALHOST:8501", "localhost.", "localhost.:8501", "app.localhost", "ip6-localhost",
    "127.0.0.1", "127.0.0.1:8501", "127.8.9.1", "192.168.1.5:8501", "8.8.8.8", "0.0.0.0:8501", "10.0.0.1.:80",
    "[::1]", "[::1]:8501", "[fe80::1]:8501", "[2001:DB8::7]", "[::ffff:10.0.0.1]",
    "lab7", "LAB7:8501", "lab7.", "lab7.local", "lab7.lab.example", "Lab7.Lab.Example.:8501",
]  # fmt: skip
STRANGE = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost", "lab7.evil.example", "local",
           "127.1", "2130706433", "0x7f000001", "xn--bcher-kva.example", "evil.example:8501"]  # fmt: skip
NO_NAMES = ["", " ", "localhost:", "localhost:x", "localhost:123456", "localhost:80:80", "a@localhost", "localhost@evil.example",
            "localhost:x@evil.example", "localhost/evil.example", "localhost#evil", "localhost?x", "localhost\\x", "::1", "[::1",
            "[::1]x", "[evil.example]", "[127.0.0.1]", "[fe80::1%25eth0]", "a..b", ".", "bücher.example", "local host", "localhost,evil",
            "<b>", "http://localhost"]  # fmt: skip


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", OURS)
def test_a_name_of_this_machine_and_every_address_in_numbers_is_answered(app, of_machine, host, kind):
    answer = ask(app, host=[host], kind=kind)
    assert answer.status == (200 if kind == "http" else "websocket.accept")


@pytest.mark.parametrize("host", STRANGE)
def test_a_stranger_is_refused_with_a_sentence_that_names_the_variable(app, of_machine, host):
    answer = ask(app, host=[host])
    assert answer.status == 421 and answer.headers["content-type"].startswith("text/plain")
    name = host.partition(":")[0]
    assert (
        answer.text == f"Host = {name!r}: is not a name of this server; where it shall be one, start the server with"
        f" AE_HOSTS={name}."
    )
    refused = ask(app, host=[host], kind="websocket")
    assert refused.status == "websocket.close" and "AE_HOSTS" in refused.messages[0]["reason"]


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_is_no_name_is_refused(app, of_machine, host):
    answer = ask(app, host=[host])
    assert answer.status == 400 and answer.text.startswith(f"Host = {host!r}: must be")
    assert ask(app, host=[host], kind="websocket").status == "websocket.close"


@pytest.mark.parametrize("host", [("localhost", "evil.example"), ("localhost", "localhost")])
def test_two_hosts_are_refused(app, of_machine, host):
    assert ask(app, host=host).status == 400


def test_who_names_no_host_is_answered_but_not_in_a_socket(app, of_machine):
    assert ask(app, host=()).status == 200  # as what looks after servers asks; browsers always name one
    assert ask(app, host=(), kind="websocket").status == "websocket.close"


def test_a_name_that_the_variable_lists_is_answered(app, of_machine, monkeypatch):
    monkeypatch.setenv(hosts.VARIABLE, " Lab.Example.org:443,bücher.example ,, ")
    for host in ("lab.example.org", "LAB.example.org.:8501", "xn--bcher-kva.example"):
        assert ask(app, host=[host]).status == 200
    assert ask(app, host=["www.lab.example.org"]).status == 421


def test_what_is_no_name_in_the_variable_is_told_in_one_sentence_and_left_out(app, of_machine, monkeypatch, caplog):
    monkeypatch.setenv(hosts.VARIABLE, "https://lab.example.org/, *, ok.example")
    assert ask(app, host=["ok.example"]).status == 200
    assert ask(app, host=["evil.example"]).status == 421
    told = [record.getMessage() for record in caplog.records if record.name == hosts.log.name]
    assert told == [
        f"AE_HOSTS: {bad!r} is not the name of a host; write names like lab.example.org, with commas."
        for bad in ("https://lab.example.org/", "*")
    ]


def test_the_full_name_of_the_machine_is_asked_for_only_where_no_other_fits(app, monkeypatch):
    asked_for = []
    monkeypatch.setattr(hosts.socket, "getfqdn", lambda: asked_for.append(1) or "lab7.lab.example")
    hosts._of_machine.cache_clear()
    for host in ("localhost", "10.0.0.1", "[::1]"):
        ask(app, host=[host])
    assert asked_for == []
    for _ in range(3):
        ask(app, host=["evil.example"])
    assert asked_for == [1]
    hosts._of_machine.cache_clear()


# --- pages of other origins -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://localhost:8501", "localhost:8501", "websocket.accept"),
        ("http://192.168.1.5:8501", "192.168.1.5:8501", "websocket.accept"),
        ("http://lab7:8501", "lab7:8501", "websocket.accept"),
        ("http://evil.example", "localhost:8501", "websocket.close"),
        ("http://evil.example:8501", "192.168.1.5:8501", "websocket.close"),
        ("http://6.6.6.6", "192.168.1.5:8501", "websocket.close"),
        ("http://localhost@evil.example", "localhost:8501", "websocket.close"),
        ("null", "localhost:8501", "websocket.close"),
        ("http://[", "localhost:8501", "websocket.close"),
    ],
)
def test_a_page_of_another_server_cannot_open_the_stream(app, of_machine, origin, host, status):
    assert ask(app, "/_stcore/stream", host=[host], kind="websocket", origin=origin).status == status


def test_streamlit_itself_still_looks_at_origins_and_tokens():
    for name in ("server.enableCORS", "server.enableXsrfProtection"):
        assert config.get_option(name) is True


# --- what is closed, and the headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["", "lab/app"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 200), ("train", 200), ("api/picture/digits/3", 200), ("static/js/index.js", 200), ("media/x", 200),
        ("_stcore/health", 200), ("_stcore/host-config", 200),
        ("_stcore/metrics", 404), ("_stcore/metrics/", 404), ("_stcore/script-health-check", 404),
        ("_stcore/agent/openapi.json", 404), ("_stcore/agent/mcp", 404), ("_stcore/bidi-components/x/y.js", 404),
        ("component/x/y.html", 404), ("auth/login", 404), ("oauth2callback", 404),
    ],
)  # fmt: skip
def test_only_what_the_app_needs_is_open(app, monkeypatch, base, path, status):
    monkeypatch.setattr(
        "streamlit.get_option", lambda name: base if name == "server.baseUrlPath" else config.get_option(name)
    )
    app.middleware_stack = None
    assert ask(app, f"/{base}/{path}" if base else f"/{path}").status == status


@pytest.mark.parametrize(
    ("path", "host"), [("/", "localhost"), ("/_stcore/metrics", "localhost"), ("/", "evil.example")]
)
def test_every_answer_has_the_headers(app, path, host):
    headers = ask(app, path, host=[host]).headers
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in policy["script-src"].replace("'wasm-unsafe-eval'", "")
    assert policy["frame-ancestors"] == " ".join(["'self'", *config.get_option("client.allowedOrigins")])
    sources = {source for name, rule in policy.items() if name != "frame-ancestors" for source in rule.split()}
    own = {"'self'", "'none'", "'unsafe-inline'", "'wasm-unsafe-eval'", "blob:", "data:"}
    assert all(re.fullmatch(r"'sha256-[\w+/]+='", source) for source in sources - own)  # no other host


# --- the total of a visit's files -------------------------------------------------------------------------------------


MB = 1_000_000
TOKEN = generate_xsrf_token_string()


@pytest.fixture
def files(monkeypatch):
    """Where Streamlit keeps the files of visits."""
    return MemoryUploadedFileManager("/_stcore/upload_file")


@pytest.fixture
def taking(files, monkeypatch):
    """Streamlit's own way of taking a file, behind the gate; one visit is open."""
    monkeypatch.setattr(uploads.runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=files))
    open_visits = SimpleNamespace(is_active_session=lambda visit: visit == "visit")
    return Starlette(routes=create_upload_routes(open_visits, files, ""), middleware=[Middleware(Gate)])


def sent(name, size, visit="visit", token=TOKEN, length=True):
    """One file as a browser sends it: how it is asked."""
    head = (
        f'--b0\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = (head.encode(), b"x" * size, b"\r\n--b0--\r\n")
    whole = {"content_length": str(sum(map(len, body)))} if length else {"transfer_encoding": "chunked"}
    return {
        "path": f"/_stcore/upload_file/{visit}/{name}", "method": "PUT", "body": body, "x_xsrftoken": token,
        "cookie": f"_streamlit_xsrf={token}", "content_type": "multipart/form-data; boundary=b0", **whole,
    }  # fmt: skip


def sizes(files, visit="visit"):
    return {name: len(file.data) for name, file in files.file_storage.get(visit, {}).items()}


@pytest.mark.parametrize("length", [True, False])
def test_files_are_taken_until_the_total_and_of_the_next_one_nothing_is_kept(taking, files, length):
    for name in ("a.png", "b.png", "c.png"):
        assert ask(taking, **sent(name, 18 * MB, length=length)).status == 204
    assert sizes(files) == dict.fromkeys(("a.png", "b.png", "c.png"), 18 * MB)
    assert ask(taking, **sent("d.png", 18 * MB, length=length)).status == 204
    dropped = files.file_storage["visit"]["d.png"]
    assert (dropped.name, dropped.type, dropped.data) == ("d.png", uploads.DROPPED, b"")
    files.remove_file("visit", "a.png")
    assert ask(taking, **sent("e.png", 18 * MB, length=length)).status == 204
    assert sizes(files)["e.png"] == 18 * MB
    assert not uploads._coming


def test_the_same_file_sent_again_takes_no_more_room(taking, files):
    for _ in range(5):
        ask(taking, **sent("a.png", 18 * MB))
    assert sizes(files) == {"a.png": 18 * MB}


def test_files_that_come_at_once_share_the_total(taking, files):
    async def together():
        return await asyncio.gather(*(asked(taking, **sent(f"{k}.png", 10 * MB)) for k in range(9)))

    assert {answer.status for answer in asyncio.run(together())} == {204}
    assert sorted(sizes(files).values()) == [0] * 4 + [10 * MB] * 5
    assert not uploads._coming


def test_very_many_small_files_have_an_end_too(taking, files):
    most = uploads.MOST_BYTES // uploads.LEAST_BYTES
    files.file_storage["visit"] = {f"{k}": SimpleNamespace(data=b"") for k in range(most)}
    ask(taking, **sent("one-more.png", 1))
    assert sizes(files)["one-more.png"] == 0


@pytest.mark.parametrize("more", [{"visit": "another"}, {"token": "x"}])
def test_streamlit_still_refuses_strangers(taking, files, more):
    assert ask(taking, **sent("a.png", 100, **more)).status in (400, 403)
    assert not sizes(files) and not uploads._coming
