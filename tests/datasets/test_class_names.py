"""Names and colours of classes stay usable, however many there are and whatever they are called."""

from __future__ import annotations

import numpy as np
import pytest
from app_page import open_page
from own_zips import files, imported
from safetensors.torch import load_file

from ae_core.datasets import dataset
from ae_core.pictures.names import MOST_CLASSES
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe
from ae_core.runs.run import Run
from ae_core.runs.store import Store
from ui.colours import CLASSES, class_colour
from ui.components.latent_pad.latent_pad import payload
from ui.controls.sketching import EXAMPLES, _examples


def trained(store: Store, folders: list[str], n: int = 80) -> Run:
    run = store.create(recipe("vanilla", imported(files(n, folders)).name, {"latent": 2}, {"epochs": 1}), origin="app")
    assert execute(run).state == "done"
    return run


def test_each_class_has_a_colour_of_its_own_and_the_first_ten_are_as_ever():
    colours = [class_colour(k) for k in range(MOST_CLASSES)]
    assert tuple(colours[:10]) == CLASSES and len(set(colours)) == MOST_CLASSES
    parts = np.array([list(bytes.fromhex(colour[1:])) for colour in colours])
    assert parts.mean(1).min() > 20 and parts.mean(1).max() < 240, "none is lost on a dark or on a light page"
    first = parts[:30].astype(float)
    apart = np.linalg.norm(first[:, None] - first[None], axis=2) + 1e3 * np.eye(30)
    assert apart.min() > 24, "three dozen letters are not told apart by luck"
    names = [str(k) for k in range(MOST_CLASSES)]
    assert payload([], np.zeros(0, np.uint8), names, None)[0]["colours"] == colours


def test_of_many_classes_one_is_chosen_from_a_list_and_of_few_by_a_button(store):
    few, many = trained(store, ["all", "*", "b"]), trained(store, [f"c{k}" for k in range(26)], 260)
    app = open_page("reconstruct", run=few.id)
    assert app.button_group(key="class").options == ["all", "no. 1", "all", "b"]
    app = open_page("reconstruct", run=few.id, **{"class": "all"})
    assert not app.error and app.button_group(key="class").value == "all"
    app = open_page("reconstruct", run=many.id, **{"class": "c25"})
    assert app.selectbox(key="class").value == "c25" and app.selectbox(key="class").options[:3] == ["all", "c0", "c1"]
    assert not app.error and not app.exception


def test_a_sketch_begins_as_one_of_a_few_pictures_however_many_classes_there_are():
    entry = imported(files(400, [f"c{k}" for k in range(MOST_CLASSES)]))
    pictures, names = _examples(entry)
    assert len(pictures) == len(names) == EXAMPLES < MOST_CLASSES


@pytest.mark.parametrize("divided", [True, False])
def test_the_lines_that_a_program_reads_the_pictures_with_divide_them_as_the_app_does(divided, tmp_path):
    inside = [
        (f"{'train' if k % 3 else 'test'}/{name}" if divided else name, data)
        for k, (name, data) in enumerate(files(60))
    ]
    entry = dataset(imported(inside).name)
    (tmp_path / f"{entry.name}.safetensors").write_bytes(entry.packed())
    names = {"load_file": lambda name: load_file(tmp_path / name), "torch": __import__("torch")}
    exec(entry.program.lines, names)
    split = entry.load()
    assert len(split.test) == (20 if divided else 12)
    assert names["train"].equal(split.train.images[:]) and names["test"].equal(split.test.images[:])
