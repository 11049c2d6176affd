"""Many visitors without a browser: raw WebSocket clients that act about once a second, in one asyncio process.

    python -m benchmarks.visitors --url ws://127.0.0.1:8501/_stcore/stream --visitors 50 --seconds 30

Prints JSON: milliseconds from a BackMsg sent to `script_finished` received, by kind of action, and all errors.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

RAMP_S, TIMEOUT_S, WAIT_S = 4.0, 10.0, 60.0
# Pages with a slider whose part of the page answers alone: what is asked for in the address, and the slider's label.
KNOBS = {
    "reconstruct": ("show=random", "Random draw"),
    "denoise": ("", "Random draw of the damage"),
    "generate": ("section=samples", "Random draw"),
    "compare": ("", "Set of eight test pictures"),
}


class Problem(Exception):
    """The app answered, but not as it should."""


@dataclass
class Tally:
    """What the visitors saw; times in milliseconds, the trainings' pictures counted."""

    opened: list[float] = field(default_factory=list)
    fragment: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    by_page: dict[str, list[float]] = field(default_factory=dict)  # both kinds, by name of the page
    pictures: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cpu_s: float = 0.0


class Session:
    """One visitor's socket, and what a browser remembers: address, widgets, timers, cached messages."""

    def __init__(self, socket: ClientConnection, page: str, query: str) -> None:
        self.socket, self.name, self.query, self.page_hash = socket, page, query, ""
        self.values: dict[str, WidgetState] = {}  # what this visitor has set, by widget id
        self.widgets: dict[str, tuple[str, str]] = {}  # label -> (widget id, fragment id), as on the page now
        self.timers: dict[str, float] = {}  # fragment id -> seconds
        self.cached: dict[str, ForwardMsg] = {}  # large messages, which the server then names by their hash
        self.ranges: dict[str, tuple[int, int]] = {}  # label of a slider -> its lowest and its highest value
        self.pictures: list[str] = []  # of the last run
        self.received, self.largest = 0, (0, "")  # bytes so far, and the size and kind of the largest element

    async def run(self, fragment: str = "", trigger: str = "", timer: bool = False) -> float:
        """Ask for a run of the page, or of one fragment, and wait for its end; returns milliseconds."""
        request = BackMsg()
        state = request.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.name, self.page_hash
        state.fragment_id, state.is_auto_rerun = fragment, timer
        state.cached_message_hashes.extend(self.cached)
        state.widget_states.widgets.extend(self.values.values())
        if trigger:
            state.widget_states.widgets.append(WidgetState(id=trigger, trigger_value=True))
        self._forget(fragment)
        began = time.perf_counter()
        await self.socket.send(request.SerializeToString())
        async with asyncio.timeout(TIMEOUT_S):
            while not self._take(await self._next()):
                pass
        return 1000 * (time.perf_counter() - began)

    async def drawn(self) -> None:
        """Follow the timers of the page, as a browser does, until what is computed beside the server is on it."""
        async with asyncio.timeout(WAIT_S):
            while not self.pictures and self.timers:
                fragment, seconds = next(iter(self.timers.items()))
                await asyncio.sleep(seconds)
                await self.run(fragment, timer=True)

    def _forget(self, fragment: str) -> None:
        """Drop what the coming run draws anew."""
        self.pictures = []
        self.widgets = {k: v for k, v in self.widgets.items() if fragment and v[1] != fragment}
        self.timers = self.timers if fragment else {}

    async def _next(self) -> ForwardMsg:
        data = await self.socket.recv()
        self.received += len(data)
        return ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())

    def _take(self, message: ForwardMsg) -> bool:
        """Take in one message; True where it ends the run. Problem where it carries an error."""
        if message.metadata.cacheable and message.hash:
            self.cached[message.hash] = message
        match message.WhichOneof("type"):
            case "navigation":  # the whole page is drawn, whatever was asked for
                self._forget("")
                self.page_hash = message.navigation.page_script_hash
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "auto_rerun":
                self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            case "session_event" if message.session_event.HasField("script_compilation_exception"):
                raise Problem(message.session_event.script_compilation_exception.message)
            case "page_not_found":
                raise Problem("page not found")
            case "delta":
                self._draw(message.delta)
            case "ref_hash":
                self._draw(self.cached[message.ref_hash].delta)
            case "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise Problem("the page does not compile")
                return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN  # else it goes on
        return False

    def _draw(self, delta: Delta) -> None:
        element = delta.new_element
        self.largest = max(self.largest, (element.ByteSize(), element.WhichOneof("type") or ""))
        match element.WhichOneof("type"):
            case "exception":
                raise Problem(f"{element.exception.type}: {element.exception.message}")
            case "alert" if element.alert.format == Alert.ERROR:
                raise Problem(f"error on the page: {element.alert.body}")
            case "slider":
                self.widgets[element.slider.label] = element.slider.id, delta.fragment_id
                self.ranges[element.slider.label] = int(element.slider.min), int(element.slider.max)
            case "button":
                self.widgets[element.button.label] = element.button.id, delta.fragment_id
            case "html" if "<img" in element.html.body:
                self.pictures.append(element.html.body)
            case "bidi_component" if element.bidi_component.component_name == "run_list":
                self.pictures.append(element.bidi_component.json)  # its curves

    def widget(self, label: str) -> tuple[str, str]:
        """Widget id and fragment id of what has this label now. Problem where nothing has."""
        if label not in self.widgets:
            raise Problem(f"there is no {label!r} on /{self.name}")
        return self.widgets[label]

    async def press(self, label: str) -> float:
        """Press a button."""
        button, fragment = self.widget(label)
        return await self.run(fragment, trigger=button)


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
        session = Session(socket, page, query)
        tally.opened.append(await session.run())
        await session.drawn()
        yield session


async def turn_knob(session: Session, chance: random.Random) -> float:
    """Move the slider of this page: one run of its fragment, which must bring another picture."""
    label = KNOBS[session.name][1]
    slider, fragment = session.widget(label)
    known, (low, high) = session.values.get(slider), session.ranges[label]
    before, at = session.pictures, known.double_array_value.data[0] if known else low
    value = WidgetState(id=slider)
    value.double_array_value.data.append(chance.choice([k for k in range(low, high + 1) if k != at]))
    session.values[slider] = value
    began = time.perf_counter()
    await session.run(fragment)
    await session.drawn()
    took = 1000 * (time.perf_counter() - began)
    if not session.pictures or session.pictures == before:
        raise Problem("the slider was moved and the picture did not change")
    return took


async def reload(session: Session, chance: random.Random) -> float:
    """The whole page once more."""
    return await session.run()


Action = Callable[[Session, random.Random], Awaitable[float]]


async def visitor(url: str, page: str, knob: bool, *, begin: float, end: float, seed: int, tally: Tally) -> None:
    """Open a page during the ramp and act on it about once a second until the end."""
    chance = random.Random(seed)
    action, times = (turn_knob, tally.fragment) if knob else (reload, tally.page)
    await asyncio.sleep(chance.uniform(0, RAMP_S / 2))
    async with opened(url, page, KNOBS[page][0] if knob else "", tally) as session:
        await asyncio.sleep(begin - time.monotonic() + chance.uniform(0, 1))
        while time.monotonic() < end:
            times.append(await action(session, chance))
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
    """All visitors at once; the share `pages` of them run the pages `whole`, the others turn the slider of `knobs`."""
    tally, begin = Tally(), time.monotonic() + RAMP_S
    end = begin + seconds
    share, entire, parts = round(visitors * pages), whole.split(","), knobs.split(",")
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
    print(json.dumps(asdict(asyncio.run(crowd(**vars(arguments))))))


if __name__ == "__main__":
    main()
