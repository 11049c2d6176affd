"""One visitor's socket without a browser: asks for runs of a page, follows its timers, and knows what stands on it."""

from __future__ import annotations

import asyncio
import json
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection

TIMEOUT_S, WAIT_S = 10.0, 60.0
EVENTS = "$$STREAMLIT_INTERNAL_KEY_"  # before the id of a component, for what happens once in it


class Problem(Exception):
    """The app answered, but not as it should."""


class Session:
    """One visitor's socket, and what a browser remembers: address, widgets, timers, cached messages."""

    def __init__(self, socket: ClientConnection, url: str, page: str, query: str) -> None:
        self.http = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
        self.socket, self.name, self.query, self.page_hash = socket, page, query, ""
        self.values: dict[str, WidgetState] = {}  # what this visitor has set, by widget id
        self.widgets: dict[str, tuple[str, str]] = {}  # label -> (widget id, fragment id), as on the page now
        self.timers: dict[str, float] = {}  # fragment id -> seconds
        self.cached: dict[str, ForwardMsg] = {}  # large messages, which the server then names by their hash
        self.dials: dict[str, tuple[str, list[str]]] = {}  # label of a dial -> its name, and its stops
        self.live: tuple[str, dict[str, str]] | None = (
            None  # where pictures that follow dials are, and where those stand
        )
        self.pictures: list[str] = []  # of the last run
        self.received, self.largest = 0, (0, "")  # bytes so far, and the size and kind of the largest element

    async def run(self, fragment: str = "", trigger: WidgetState | None = None, timer: bool = False) -> float:
        """Ask for a run of the page, or of one fragment, and wait for its end; returns milliseconds."""
        request = BackMsg()
        state = request.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.name, self.page_hash
        state.fragment_id, state.is_auto_rerun = fragment, timer
        state.cached_message_hashes.extend(self.cached)
        state.widget_states.widgets.extend(self.values.values())
        if trigger:
            state.widget_states.widgets.append(trigger)
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

    def ask(self, address: str) -> str:
        """What is at an address of the server. Problem where it does not answer with a picture."""
        self.http.request("GET", address)
        answer = self.http.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise Problem(f"{address.partition('?')[0]}: {answer.status} {text}")
        return text

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
            case "button":
                self.widgets[element.button.label] = element.button.id, delta.fragment_id
            case "html" if "<img" in element.html.body:
                self.pictures.append(element.html.body)
            case "bidi_component":
                self._mount(element.bidi_component, delta.fragment_id)

    def _mount(self, component: BidiComponent, fragment: str) -> None:
        match component.component_name:
            case "run_list":
                self.pictures.append(component.json)  # its curves
            case "dial":
                data = json.loads(component.json)
                self.widgets[data["label"]] = component.id, fragment
                self.dials[data["label"]] = data["name"], [name for name, _ in data["stops"]]
            case "live_pictures":
                data = json.loads(component.json)
                self.pictures.append(data["html"])
                self.live = data["address"], data["at"]

    def widget(self, label: str) -> tuple[str, str]:
        """Widget id and fragment id of what has this label now. Problem where nothing has."""
        if label not in self.widgets:
            raise Problem(f"there is no {label!r} on /{self.name}")
        return self.widgets[label]

    async def press(self, label: str) -> float:
        """Press a button."""
        button, fragment = self.widget(label)
        return await self.run(fragment, WidgetState(id=button, trigger_value=True))

    async def turn(self, label: str, stop: str) -> float:
        """Let the page hear where a dial stands."""
        dial, fragment = self.widget(label)
        event = json.dumps([{"event": "turned", "value": stop}], allow_nan=False)
        return await self.run(fragment, WidgetState(id=f"{EVENTS}{dial}__events", json_trigger_value=event))
