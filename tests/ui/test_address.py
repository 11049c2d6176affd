"""The address and quick hands: what a browser sent before it heard of the last change is no news; a link is."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ui.controls import address


def page() -> None:
    import streamlit as st

    from ui.controls import address
    from ui.controls.pick import pick, pick_several

    pick("Data", {"digits": "Digits", "shapes": "Shapes"}, "dataset")
    pick_several("Runs", {name: name.upper() for name in ("vae", "linear", "sparse", "vanilla")}, "runs", [], 4)
    st.session_state.setdefault("pins", []).append(address.asked("pin", str))
    address.tell("pin", st.session_state.get("clicked"))


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until the test moves it."""
    now = [100.0]
    monkeypatch.setattr(address.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def opened(clock):
    """The page, opened by a link that names two runs."""
    app = AppTest.from_function(page)
    app.query_params["runs"] = "vae,linear"
    app.run()
    assert app.multiselect(key="runs").value == ["vae", "linear"] and not app.exception
    return app


def test_a_second_click_that_carries_the_old_address_does_not_undo_the_first(opened):
    opened.multiselect(key="runs").select("sparse").run()
    opened.query_params["runs"] = "vae,linear"  # on its way before the browser had heard of the new address
    opened.selectbox(key="dataset").select("shapes").run()
    assert opened.multiselect(key="runs").value == ["vae", "linear", "sparse"]
    assert opened.query_params["runs"] == "vae,linear,sparse"


def test_a_link_to_where_one_was_before_is_followed(opened, clock):
    opened.multiselect(key="runs").select("sparse").run()
    clock[0] += address.UNDER_WAY_S
    opened.query_params["runs"] = "vae,linear"
    opened.run()
    assert opened.multiselect(key="runs").value == ["vae", "linear"]


def test_a_new_address_is_followed_at_once(opened):
    opened.multiselect(key="runs").select("sparse").run()
    opened.query_params["runs"] = "vanilla"
    opened.run()
    assert opened.multiselect(key="runs").value == ["vanilla"]


def test_what_a_component_put_into_the_address_is_no_news_either(opened):
    for pin in ("1,1", "2,2"):
        opened.session_state["clicked"] = pin
        opened.run()
    opened.query_params["pin"] = "1,1"
    opened.run()
    assert opened.session_state["pins"] == [None] * 4
    opened.query_params["pin"] = "3,3"
    opened.run()
    assert opened.session_state["pins"][-1] == "3,3"


def page_and_another() -> None:
    import streamlit as st

    from ui.controls import address
    from ui.controls.pick import pick

    if st.query_params.get("page") == "told":
        address.asked("run", str)
        address.tell("run", "vae")
    else:
        pick("Run", {"vanilla": "Vanilla", "vae": "VAE"}, "run")


def test_what_one_page_told_the_address_is_news_for_the_widget_of_another(clock):
    app = AppTest.from_function(page_and_another)
    app.query_params["page"] = "told"
    app.run()
    app.query_params["page"] = "pick"
    app.run()
    assert app.selectbox(key="run").value == "vae" and not app.exception
