"""The data set chosen on one page is the one that the next page begins with."""

from __future__ import annotations

import pytest
from app_page import open_page, words


def go_on(app, name, **address):
    app.query_params.clear()
    for key, value in address.items():
        app.query_params[key] = value
    return app.switch_page(f"pages/{name}.py").run()


@pytest.mark.parametrize("page", ["reconstruct", "latent", "generate"])
def test_from_a_choice_of_pictures_to_a_run_on_them(page):
    app = open_page("compare", dataset="digits")
    go_on(app, page)
    assert not app.exception
    assert app.selectbox(key="run").value.split("-")[1] == "digits"
    app.selectbox(key="run").select("vanilla-handwriting").run()  # here it is the visitor who chooses
    assert app.selectbox(key="run").value == "vanilla-handwriting"
    go_on(app, "denoise")
    assert app.selectbox(key="dataset").value == "handwriting"


def test_from_a_run_to_the_pictures_it_learned_from():
    app = open_page("reconstruct", run="vae-digits")
    go_on(app, "train")
    assert app.selectbox(key="dataset").value == "digits"
    app.selectbox(key="dataset").select("shapes").run()
    assert app.selectbox(key="dataset").value == "shapes"
    go_on(app, "latent")
    assert app.selectbox(key="run").value.split("-")[1] == "shapes"


def test_what_an_address_asks_for_comes_first():
    app = open_page("compare", dataset="digits")
    go_on(app, "reconstruct", run="linear-handwriting")
    assert app.selectbox(key="run").value == "linear-handwriting"
    go_on(app, "compare", runs="vae-digits,vanilla-digits")
    assert app.selectbox(key="dataset").value == "digits" and "vae-digits" in words(app)


def test_the_run_of_the_same_name_takes_its_place():
    app = open_page("reconstruct", run="vae-handwriting-2d")
    go_on(app, "compare")
    app.selectbox(key="dataset").select("digits").run()
    go_on(app, "reconstruct")
    assert app.selectbox(key="run").value == "vae-digits-2d"


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "model"), [("denoise", "denoising"), ("compare", "vanilla")])
def test_a_link_names_the_networks_so_it_shows_them_also_when_others_were_trained(page, model, run_of):
    first = open_page(page, dataset="digits")
    address = {name: first.query_params[name] for name in ("runs", "dataset")}
    run = run_of(model, latent=16)  # the newest comes first
    assert run.id in open_page(page, dataset="digits").multiselect(key="runs").value
    again = open_page(page, **{name: "".join(value) for name, value in address.items()})
    assert again.multiselect(key="runs").value == first.multiselect(key="runs").value
    assert not again.warning and not again.toast


@pytest.mark.parametrize("page", ["reconstruct", "latent", "generate"])
def test_a_link_names_the_run_and_the_networks_beside_it(page):
    app = open_page(page, **({"section": "drawing"} if page == "reconstruct" else {}))
    assert app.query_params["run"] in (app.selectbox(key="run").value, [app.selectbox(key="run").value])
    if page == "reconstruct":
        assert "".join(app.query_params["with"]).split(",") == app.multiselect(key="with").value
