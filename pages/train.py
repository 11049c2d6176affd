"""Train: choose, press once, watch."""

import streamlit as st

from ae_core.datasets import datasets
from ae_core.knobs import KnobError, declared
from ae_core.models import MODELS, idea
from ae_core.runs.recipe import recipe as new_recipe
from ae_core.runs.recipe import starting_values
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import EXAMPLE, Store
from ae_core.training.loop import Plan
from ui.controls.brought import pick_dataset
from ui.controls.forms import knob_widgets
from ui.controls.pick import pick
from ui.figures.frame import heading, note, notice
from ui.plain import plain
from ui.results.engine import engine
from ui.results.said import say, show_said
from ui.sections.train import watch
from ui.sections.train.download import offer_download
from ui.sections.train.lesson import show_lesson
from ui.sections.train.own_pictures import offer_import, offer_removal, what_was_kept
from ui.sections.train.published import compare, offer_presets

FOLLOWED = "train_run"  # session key: the run this visitor started or opened


def followed() -> Run | None:
    """The run in the address, else the last one of this visit, else the finished example; None where nothing is
    there.
    """
    run_id = st.query_params.get("run") or st.session_state.get(FOLLOWED) or EXAMPLE
    try:
        run = Store.default().find(run_id)
    except RunError as error:
        st.session_state.pop(FOLLOWED, None)
        st.query_params.pop("run", None)
        shipped = [run for run in Store.default().listing() if run.id == EXAMPLE]
        if run_id != EXAMPLE:
            say(FOLLOWED, EXAMPLE, f"{error} Below is the finished example." if shipped else str(error))
        return shipped[0] if shipped else None
    if not run.pretrained:
        st.session_state[FOLLOWED] = st.query_params["run"] = run.id
    return run


heading(
    "Train", "Choose an autoencoder and pictures, press once, and watch it learn to rebuild pictures it has never seen."
)
controls, result = st.columns([1, 2.3], gap="large")

with controls:
    model = pick("Model", {name: kind.title for name, kind in MODELS.items()}, "model", "vanilla")
    note(idea(model))
    data = pick_dataset(datasets())
    name = data.name
    note(data.about)
    what_was_kept(data)
    offer_removal(data)
    ready = data.present() or offer_download(data)
    starts = starting_values(model, data)
    own, general = declared(MODELS[model]), declared(Plan)
    chosen = knob_widgets({"latent": own["latent"], "epochs": general["epochs"]}, starts)
    press = st.container()  # on the first screen, above what most leave as it is
    with st.expander("More knobs", icon=":material/tune:"):
        chosen |= knob_widgets({k: v for k, v in own.items() if k not in chosen}, starts)
    with st.expander("How it is trained", icon=":material/fitness_center:"):
        chosen |= knob_widgets({k: v for k, v in general.items() if k not in chosen}, starts)
    if not engine():
        press.warning("Training is off: the app was started without its server; start it with streamlit run app.py.")
    if press.button(
        "Train", type="primary", width="stretch", icon=":material/play_arrow:", disabled=not (ready and engine())
    ):
        try:
            recipe = new_recipe(
                model, name, *({k: chosen[k] for k in knobs if k in chosen} for knobs in (own, general))
            )
            run = engine().submit(recipe)  # type: ignore[union-attr]
            st.session_state[FOLLOWED] = st.query_params["run"] = run.id
        except (KnobError, RunError) as error:
            press.error(plain(error))
    offer_import()
    offer_presets()

with result:
    run = followed()
    show_said(FOLLOWED, run.id if run else EXAMPLE)
    if run is None:
        st.info("Nothing has been trained here yet. Press *Train* to see the first.", icon=":material/info:")
    else:
        if run.pretrained:
            st.markdown("**A finished example.** Press *Train* to see your own.")
        watch.follow(run)
        compare(run)

show_lesson(model)

notice(watch.noticed(run))
