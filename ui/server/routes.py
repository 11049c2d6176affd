"""What a page asks for while nobody waits for a rerun: a decoded code, a test picture, a network, pictures that follow
a dial.

    /api/decode/{run}?code=0.5,-1.2    uint8, (channels, height, width) flat
    /api/picture/{data set}/{index}    the same, of a test picture
    /api/encoder/{run}/{version}       the layers of a dense encoder, to be run in the browser
    /api/decoder/{run}/{version}       those of a dense decoder
    /api/live/{token}?draw=3           HTML of the pictures of a visit, as they are while a dial moves

Routes have no session: every value is checked here, and an id is looked up, never joined to a path.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import streamlit as st
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ae_core.datasets import DatasetError, dataset
from ae_core.pictures.pixels import as_bytes
from ae_core.runs.opened import opened
from ae_core.runs.run import RunError
from ae_core.runs.store import Store
from ui.controls import live
from ui.results import networks
from ui.results.asking import NotReady

LONGEST = 40_000  # characters of a code of 2048 numbers, with room


class BadRequest(ValueError):
    """A request that cannot be answered; the text says why."""


def decode_bytes(run_id: str, text: str) -> bytes:
    """The picture of the code in `text`, numbers with commas, decoded by the newest weights of a run.

    Raises
        RunError: where there is no such run or no weights.
        BadRequest: where the code is not as many finite numbers as the model takes.
    """
    model = opened(Store.default().find(run_id)).model
    try:
        code = [float(part) for part in text[:LONGEST].split(",")]
    except ValueError as error:
        raise BadRequest("code: must be numbers with commas between them.") from error
    if len(code) != model.latent or not all(map(math.isfinite, code)):
        raise BadRequest(f"code: must be {model.latent} finite numbers, as the model takes; there are {len(code)}.")
    with torch.inference_mode():
        picture = model.decode(torch.tensor([code], dtype=torch.float32))
    return as_bytes(picture).numpy().tobytes()


def picture_bytes(name: str, index: str) -> bytes:
    """Test picture `index` of a data set. DatasetError or BadRequest where there is none."""
    images = dataset(name).load().test.images
    if not index.isascii() or not index.isdigit() or not int(index[:9]) < len(images):
        raise BadRequest(f"picture: must be a number from 0 to {len(images) - 1}.")
    return as_bytes(images[int(index[:9])]).numpy().tobytes()


async def _decode(request: Request) -> Response:
    return await _answer(decode_bytes, request.path_params["run"], request.query_params.get("code", ""))


async def _picture(request: Request) -> Response:
    return _lasting(await _answer(picture_bytes, request.path_params["name"], request.path_params["index"]))


def _network(part: networks.Part) -> Callable[[Request], Awaitable[Response]]:
    """What answers requests for the encoders, or for the decoders."""

    async def found(request: Request) -> Response:
        asked = request.path_params
        return _lasting(await _answer(networks.packed, part, asked["run"], asked["version"]))

    return found


async def _live(request: Request) -> Response:
    found = await _answer(live.answer, request.path_params["token"], dict(request.query_params))
    found.headers["Cache-Control"] = "no-store"
    return found


def _lasting(answer: Response) -> Response:
    """The same answer, which a browser may keep: at its address there will never be another."""
    if answer.status_code == 200:
        answer.headers["Cache-Control"] = "max-age=86400, immutable"
    return answer


async def _answer(make: Callable[..., bytes], *arguments: Any) -> Response:
    try:
        content = await run_in_threadpool(make, *arguments)
    except (RunError, DatasetError, live.NoOffer) as error:
        return PlainTextResponse(str(error), 404)
    except (BadRequest, live.BadPlace) as error:
        return PlainTextResponse(str(error), 400)
    except NotReady as error:
        return PlainTextResponse(str(error), 503)
    return Response(content, media_type="application/octet-stream")


def routes() -> list[Route]:
    """The routes of the app, under the base path of the server if it has one."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}" if base else ""
    return [
        Route(f"{prefix}/api/decode/{{run}}", _decode),
        Route(f"{prefix}/api/picture/{{name}}/{{index}}", _picture),
        Route(f"{prefix}/api/encoder/{{run}}/{{version}}", _network("encoder")),
        Route(f"{prefix}/api/decoder/{{run}}/{{version}}", _network("decoder")),
        Route(f"{prefix}/api/live/{{token}}", _live),
    ]
