"""What every request passes first: whom the server answers, what is closed, and what a browser may do with the
answer.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.controls import uploads
from ui.server import hosts

CORE, OPEN = "_stcore/", ("health", "host-config", "stream", "upload_file/")  # of what Streamlit serves there
CLOSED = ("component/", "auth/", "oauth2callback")  # components of an older kind, and logins, of which there are none
_UPLOAD = re.compile(r"_stcore/upload_file/(?P<visit>[^/]+)/(?P<file>[^/]+)")
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def content_policy() -> str:
    """What the browser may load for a page, and from where: from this server alone.

    `blob:` scripts are components, whose programs arrive as data; what Streamlit reads messages with tries WebAssembly;
    styles stand in the page and at single elements; pictures of pages are `data:`, saved figures `blob:`. Whose frames
    may hold a page is Streamlit's own setting, which also says whose frames may steer it.
    """
    page = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
    inline = [f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'" for text in _INLINE.findall(page)]
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "blob:", "'wasm-unsafe-eval'", *inline],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-src": ["'none'"],
        "frame-ancestors": ["'self'", *st.get_option("client.allowedOrigins")],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())


class Refusal(NamedTuple):
    """Why a request is not answered, for who has sent it."""

    status: int
    sentence: str


class Gate:
    """ASGI middleware: refuses what asks for a name that is not ours, closes what nobody needs, adds headers to the
    rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        base = str(st.get_option("server.baseUrlPath") or "").strip("/")
        self._base = f"/{base}/" if base else "/"
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", content_policy().encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        headers = Headers(scope=scope)
        path = scope["path"].removeprefix(self._base)
        refusal = await _misdirected(scope, headers) or await _foreign(scope, headers) or _closed(path)
        if refusal and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.sentence[:120]})
        elif refusal:
            await PlainTextResponse(refusal.sentence, refusal.status)(scope, receive, say)
        elif scope.get("method") == "PUT" and (found := _UPLOAD.fullmatch(path)):
            with uploads.Arrival(found["visit"], found["file"], headers.get("content-length", "")) as arrival:
                await self._app(scope, receive if arrival.welcome else uploads.emptied(receive), say)
        else:
            await self._app(scope, receive, say)


async def _misdirected(scope: Scope, headers: Headers) -> Refusal | None:
    """Why the host that a request names is not this one."""
    given = headers.getlist("host")
    if not given and scope["type"] == "http":
        return None  # no browser leaves it out; what looks after servers asks like that
    name = hosts.name_of(given[0]) if len(given) == 1 else None
    if name is None:
        return Refusal(400, f"Host = {', '.join(given)[:100]!r}: must be one name or address of this server.")
    if await _known(name):
        return None
    return Refusal(
        421,
        f"Host = {name[:100]!r}: is not a name of this server; where it shall be one, start the server with "
        f"{hosts.VARIABLE}={name[:100]}.",
    )


async def _known(name: str) -> bool:
    return hosts.known_at_once(name) or await run_in_threadpool(hosts.of_machine, name)


async def _foreign(scope: Scope, headers: Headers) -> Refusal | None:
    """Why a page of another origin may not talk to a page of the app.

    Streamlit checks that too, but only after it has asked the internet for the address of this machine.
    """
    origin = headers.get("origin")
    if scope["type"] != "websocket" or origin is None or not st.get_option("server.enableCORS"):
        return None
    name = hosts.name_of(origin.partition("://")[2])
    listed = origin in st.get_option("server.corsAllowedOrigins")
    if listed or (name and (name == hosts.name_of(headers["host"]) or (not hosts.number(name) and await _known(name)))):
        return None
    return Refusal(403, f"Origin = {origin[:100]!r}: pages of other servers may not use this one.")


def _closed(path: str) -> Refusal | None:
    """Why there is nothing at a path, below the base path of the server."""
    core = path.startswith(CORE) and not path.removeprefix(CORE).startswith(OPEN)
    return Refusal(404, "There is nothing here.") if core or path.startswith(CLOSED) else None
