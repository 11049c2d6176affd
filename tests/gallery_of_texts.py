"""A Streamlit script for a test: every way in which the app shows a text, with every probe."""

import numpy as np
import streamlit as st
from probes import PROBES

from ui.components.dial.dial import dial
from ui.components.run_list.run_list import run_list
from ui.figures import charts
from ui.figures.frame import note, table
from ui.figures.pictures import Row, Tile, sheet, tiles
from ui.plain import plain

HERE = st.Page(lambda: None, title="Gallery")
st.navigation([HERE], position="hidden")
BLANK = np.zeros((1, 8, 8, 1), np.uint8)
WAYS = {
    "error": st.error, "warning": st.warning, "info": st.info, "markdown": st.markdown, "caption": st.caption,
    "header": st.header, "badge": st.badge, "button": st.button, "toggle": st.toggle,
    "expander": st.expander, "popover": st.popover, "number_input": st.number_input, "text_input": st.text_input,
    "progress": lambda text: st.progress(0.5, text=text),
    "page_link": lambda text: st.page_link(HERE, label=text),
    "metric": lambda text: st.metric(text, "1"), "value": lambda text: st.metric("a", text),
    "cell": lambda text: st.markdown(f"| a | b |\n|---|---|\n| {text} | {text} |"),
    "bold": lambda text: st.markdown(f"**{text}** and *{text}*"),
}  # fmt: skip

FEW = ("error", "badge", "button", "metric", "cell", "bold")  # one of each kind, where there is little time

for k, probe in enumerate(PROBES):
    for way in WAYS if "all" in st.query_params else FEW:
        with st.container(key=f"{way}-{k}"):
            WAYS[way](plain(probe))
    with st.container(key=f"pills-{k}"):
        st.pills("a", [probe], format_func=plain, key=f"chosen-{k}", label_visibility="collapsed")
    with st.container(key=f"segments-{k}"):
        st.segmented_control("a", [probe], format_func=plain, key=f"part-{k}", label_visibility="collapsed")
    with st.container(key=f"sheet-{k}"):
        st.html(sheet([Row(probe, BLANK, probe, probe)], [probe], probe))
    with st.container(key=f"tiles-{k}"):
        st.html(tiles([Tile(probe, BLANK[0], probe, [probe])]))
    with st.container(key=f"table-{k}"):
        st.html(table(("", probe), [(probe, probe)]))
    with st.container(key=f"note-{k}"):
        note(probe)
st.toast(plain(" · ".join(PROBES)), duration="infinite")
names = [(probe, np.arange(3), np.ones(3), "#3f90da", "solid") for probe in PROBES]
charts.show(charts.compared_curves(names, PROBES[0]), key="curves", height=1400, alt=PROBES[0])
bars = charts.weight_of_numbers(np.ones(len(PROBES)), list(PROBES), PROBES[1], 0.5)
charts.show(bars, key="bars", height=700, alt=PROBES[1])
st.session_state["turned"] = "a"
dial(PROBES[0], {"a": PROBES[1], "b": PROBES[2]}, "turned", 300)
rows = [
    {"id": probe, "title": probe, "seed": 0, "sentence": probe, "state": probe, "colour": "gray", "curve": [1.0, 2.0],
     "error": probe, "notes": [probe], "can": ["watch"]}
    for probe in PROBES
]  # fmt: skip
run_list(rows, "#3f90da", "list")
