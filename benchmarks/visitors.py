"""Many visitors without a browser: raw WebSocket clients that act about once a second, in one asyncio process.

    python -m benchmarks.visitors --url ws://127.0.0.1:8501/_stcore/stream --visitors 50 --seconds 30

Prints JSON: milliseconds from the question for the pictures of a dial to its answer, and from a BackMsg sent to
`script_finished` received, by kind of action, and all errors.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from benchmarks.session import Problem, Session

RAMP_S = 4.0
# Pages with a dial that pictures follow: what is asked for in the address, and the label of the dial.
KNOBS = {
    "reconstruct": ("show=random", "Random draw"),
    "denoise": ("", "Random draw of the damage"),
    "generate": ("section=samples", "Random draw"),
    "compare": ("", "Set of eight test pictures"),
}


@dataclass
class Tally:
    """What the visitors saw; times in milliseconds, the trainings' pictures counted."""

    opened: list[float] = field(default_factory=list)
    knob: list[float] = field(default_factory=list)  # a dial is turned, and its pictures are there
    fragment: list[float] = field(default_factory=list)  # the page hears of it, and its part is drawn again
    page: list[float] = field(default_factory=list)
    by_page: dict[str, list[float]] = field(default_factory=dict)  # knobs and whole pages, by name of the page
    pictures: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cpu_s: float = 0.0


async def counted(page: str, visit: Awaitable[None], tally: Tally) -> None:
    """Count what goes wrong in a visit; it ends this visit and no other."""
    try:
        await visit
    except (Problem, WebSocketException, TimeoutError, OSError) as error:
        tally.errors.append(f"/{page}: {type(error).__name__}: {error}")


@contextlib.asynccontextmanager
async def opened(url: str, page: str, query: str, tally: Tally) -> AsyncIterator[Session]:
    """A session whose first page has been drawn."""
    streamlit = Subprotocol("streamlit")
    async with connect(url, subprotocols=[streamlit], max_size=None, compression=None, proxy=None) as socket:
        session = Session(socket, url, page, query)
        tally.opened.append(await session.run())
        await session.drawn()
        yield session


async def turn_knob(session: Session, chance: random.Random, tally: Tally) -> float:
    """Turn the dial of this page: other pictures must come, and stay when the page has heard of it."""
    label = KNOBS[session.name][1]
    if session.live is None or label not in session.dials:
        raise Problem(f"no pictures follow {label!r} on /{session.name}")
    (name, stops), (address, at) = session.dials[label], session.live
    stop = chance.choice([one for one in stops if one != at[name]])
    began = time.perf_counter()
    pictures = await asyncio.to_thread(session.ask, f"/{address}?{urlencode({**at, name: stop})}")
    took = 1000 * (time.perf_counter() - began)
    if pictures in session.pictures:
        raise Problem("the dial was turned and the pictures did not change")
    tally.fragment.append(await session.turn(label, stop))
    await session.drawn()
    if pictures not in session.pictures:
        raise Problem("the page shows other pictures than those that followed the dial")
    return took


async def reload(session: Session, chance: random.Random, tally: Tally) -> float:
    """The whole page once more."""
    return await session.run()


Action = Callable[[Session, random.Random, Tally], Awaitable[float]]


async def visitor(url: str, page: str, knob: bool, *, begin: float, end: float, seed: int, tally: Tally) -> None:
    """Open a page during the ramp and act on it about once a second until the end."""
    chance = random.Random(seed)
    action, times = (turn_knob, tally.knob) if knob else (reload, tally.page)
    await asyncio.sleep(chance.uniform(0, RAMP_S / 2))
    async with opened(url, page, KNOBS[page][0] if knob else "", tally) as session:
        await asyncio.sleep(begin - time.monotonic() + chance.uniform(0, 1))
        while time.monotonic() < end:
            times.append(await action(session, chance, tally))
            tally.by_page.setdefault(page, []).append(times[-1])
            await asyncio.sleep(chance.uniform(0.5, 1.5))


async def weigh(url: str, page: str, query: str = "") -> tuple[int, tuple[int, str]]:
    """Bytes that a page sends over the socket when it is opened, and the size and kind of its largest element."""
    async with opened(url, page, query, Tally()) as session:
        return session.received, session.largest


async def trainer(url: str, end: float, seed: int, tally: Tally) -> None:
    """Press Train and watch, as the page of a browser does, until the end; then press Stop."""
    async with opened(url, "train", f"epochs=10000&seed={seed}", tally) as session:
        await session.press("Train")
        seen: set[str] = set()
        while time.monotonic() < end:
            if not session.timers:
                raise Problem("the training is not running")
            fragment, seconds = next(iter(session.timers.items()))
            await asyncio.sleep(seconds)
            await session.run(fragment, timer=True)
            seen.update(session.pictures)
        tally.pictures.append(len(seen))
        await session.press("Stop")


async def crowd(
    url: str, *, visitors: int, seconds: float, pages: float, trainings: int, seed: int, knobs: str, whole: str
) -> Tally:
    """All visitors at once; the share `pages` of them run the pages `whole`, the others turn the dial of `knobs`."""
    tally, begin = Tally(), time.monotonic() + RAMP_S
    end = begin + seconds
    share, entire, parts = round(visitors * pages), whole.split(","), knobs.split(",")
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(visitors))  # each has a connection of its own
    places = [entire[i % len(entire)] if i < share else parts[i % len(parts)] for i in range(visitors)]
    async with asyncio.TaskGroup() as group:
        for i in range(trainings):
            group.create_task(counted("train", trainer(url, end, i, tally), tally))
        for i, page in enumerate(places):
            visit = visitor(url, page, i >= share, begin=begin, end=end, seed=1000 * seed + i, tally=tally)
            group.create_task(counted(page, visit, tally))
    tally.cpu_s = time.process_time()
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description="Raw WebSocket visitors of a running app; prints JSON.")
    parser.add_argument("--url", required=True, help="ws://127.0.0.1:PORT/_stcore/stream")
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pages", type=float, default=0, help="share of the visitors who run whole pages")
    parser.add_argument("--whole", default=",runs", help="names of those pages, with commas; the start page has none")
    parser.add_argument(
        "--knobs", default="reconstruct", help=f"pages on which the others turn a knob: {', '.join(KNOBS)}"
    )
    parser.add_argument("--trainings", type=int, default=2, help="trainings started and watched beside them")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(asdict(asyncio.run(crowd(**vars(arguments)))), allow_nan=False))


if __name__ == "__main__":
    main()
