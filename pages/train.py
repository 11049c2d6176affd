"""Train: choose, press once, watch; what was trained before stays beside it."""

import streamlit as st

from ae_core.datasets import datasets
from ae_core.knobs import KnobError, declared
from ae_core.models import MODELS, idea
from ae_core.runs.recipe import recipe as new_recipe
from ae_core.runs.recipe import starting_values
from ae_core.runs.run import RunError
from ae_core.runs.store import EXAMPLE
from ae_core.training.loop import Plan
from ui.components.scroll.scroll import scroll_to
from ui.controls.brought import pick_dataset
from ui.controls.forms import knob_widgets
from ui.controls.pick import pick
from ui.figures.frame import heading, note, notice
from ui.plain import plain
from ui.results.engine import engine
from ui.results.said import show_said
from ui.sections.train import followed, form, watch
from ui.sections.train.download import offer_download
from ui.sections.train.lesson import show_lesson
from ui.sections.train.own_pictures import offer_import, offer_removal, what_was_kept
from ui.sections.train.published import compare, offer_presets

RESULT = "train_result"  # the part of the page that a press of Train leads to on a phone

heading("Train", "Choose a network and pictures, press once, and watch it learn.")
shown, pressed = followed.followed(), False
controls, result = st.columns([1, 1.8], gap="medium")

with controls:
    model = pick("Model", {name: kind.title for name, kind in MODELS.items()}, form.MODEL, "vanilla")
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
            shown, pressed = followed.train(recipe, shown), True
        except (KnobError, RunError) as error:
            press.error(plain(error))
    offer_import()
    offer_presets()

with result, st.container(key=RESULT):
    show_said(followed.RUN, shown.run.id if shown.run else EXAMPLE)
    show_said(followed.BEFORE, None)
    shown, again = followed.offer_again(shown)
    if shown.run is None:
        st.info("Nothing has been trained here yet. Press *Train* to see the first.", icon=":material/info:")
    else:
        if shown.run.pretrained and not shown.before:
            st.markdown("**A finished example.** Press *Train* to see your own.")
        watch.follow(shown.run, shown.before)
        compare(shown.run)

show_lesson(model)
notice(watch.noticed(shown.run))
scroll_to(RESULT, now=pressed or again)
