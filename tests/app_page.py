"""A page of the app without a browser: opened at an address, what can be read on it, and what its pads were sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np
import packed
from streamlit.navigation.page import Page
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from ae_core.runs.store import ROOT
from ui.results import decoding
from ui.results.absent_pictures import guarded
from ui.results.asking import when_ready

decoding.GRACE_S = 60.0  # no timer looks again in these pages: each run of one waits for what is decoded
BARE = (
    Page.run
)  # a page that is opened here runs without app.py around it, but for what that does about absent pictures
Page.run = lambda page: when_ready(guarded(lambda: BARE(page)))  # type: ignore[assignment,method-assign]
SCAN = "streamlit.components.v2.manifest_scanner.scan_component_manifests"


def open_page(name: str, **address: str | list[str]) -> AppTest:
    """The page pages/<name>.py, run once at this address without a traceback."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    with mock.patch(SCAN, return_value=[]):  # it reads what every installed package says of itself, for each new page
        app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, [f"{error.message}\n{error.stack_trace}" for error in app.exception]
    return app


def bodies(app: AppTest) -> list[str]:
    """The HTML that the page wrote itself, part by part; what follows a dial comes first."""
    return [text for kind in ("bidi_component", "html") for element in app.get(kind) if (text := body(element))]


def body(element: Any) -> str:
    """The HTML that the page wrote itself in this element, if it did."""
    if element.type == "html":
        return str(element.proto.body)
    live = element.type == "bidi_component" and element.proto.component_name == "live_pictures"
    return str(json.loads(element.proto.json)["html"]) if live else ""


def words(app: AppTest) -> str:
    """Everything that a visitor can read or hear, as one string; what the page wrote itself comes first."""
    kinds: Sequence[Any] = (app.markdown, app.title, app.caption, app.info, app.warning, app.error)
    runs = [
        f"{row['title']} seed {row['seed']} {row['id']} {row['sentence']} {row['why']} {row['error']}"
        for row in listed(app)
    ]
    return " ".join([*bodies(app), *runs, *(str(element.value) for kind in kinds for element in kind)])


def components(app: AppTest, *names: str) -> list[Any]:
    """What was sent for the components of these names."""
    return [e.proto for e in app.get("bidi_component") if e.proto.component_name in names]


def listed(app: AppTest) -> list[dict[str, Any]]:
    """The rows that the list of runs was sent; none where there is no such list."""
    return [row for sent in components(app, "run_list") for row in json.loads(sent.json)["rows"]]


def press_delete(app: AppTest, run: Any) -> AppTest:
    """Let the list of runs send this as the id of the run whose Delete was pressed."""
    (sent,) = components(app, "run_list")
    return _send(app, sent.id, "delete", run)


class Dial:
    """A dial on the page, as a browser would turn it."""

    def __init__(self, app: AppTest, sent: Any) -> None:
        data = json.loads(sent.json)
        self._app, self._id = app, sent.id
        self.key, self.value, self.options = data["name"], data["at"], [name for name, _ in data["stops"]]
        self._place = self.value

    def set_value(self, value: Any) -> Dial:
        """Move it, or let the browser claim so."""
        self._place = value
        return self

    def run(self) -> AppTest:
        """Let the page hear of it."""
        return _send(self._app, self._id, "turned", self._place)


def dials(app: AppTest) -> list[Dial]:
    """The dials on the page, in order."""
    return [Dial(app, sent) for sent in components(app, "dial")]


def controls(app: AppTest) -> list[Any]:
    """Everything with a value that a visitor can set, dials last."""
    kinds: Sequence[Any] = (
        app.selectbox,
        app.slider,
        app.select_slider,
        app.number_input,
        app.segmented_control,
        app.pills,
    )
    return [*(widget for kind in kinds for widget in kind), *dials(app)]


def other_values(widget: Any) -> list[Any]:
    """Other values that a control can take, at least one of which is not the present one."""
    if getattr(widget, "type", "") in ("slider", "number_input"):
        step = widget.step or 1
        return [widget.value + step if widget.value < widget.max else widget.value - step]
    return [widget.options[0], widget.options[-1]] if len(widget.options) > 1 else []


def _send(app: AppTest, component: str, event: str, value: Any) -> AppTest:
    text = json.dumps([{"event": event, "value": value}])
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{component}__events", json_trigger_value=text))
    return app._run(states)


def pads(app: AppTest, *names: str) -> list[bytes]:
    """What was sent to the components of these names, else to the latent pads."""
    return [sent.bytes for sent in components(app, *(names or ("latent_pad",)))]


def header(app: AppTest, nth: int = 0) -> dict[str, Any]:
    """The header of a latent pad: what it shows, and where its numbers lie."""
    return packed.head(pads(app)[nth])


def array(app: AppTest, entry: dict[str, Any]) -> np.ndarray:
    """The numbers that the header of the first pad points to."""
    found = packed.array(pads(app)[0], entry)
    return found.astype(np.float32) if found.dtype == np.float16 else found
