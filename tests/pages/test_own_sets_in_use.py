"""Own pictures in use: runs on them, pages that show them, the command line; and what is said when they are gone."""

from __future__ import annotations

import pytest
import torch
from app_page import bodies, open_page
from fresh_python import finished
from own_zips import files, imported, left_over, picture, zipped
from programs import loss_alone
from small_runs import stop_at
from streamlit.testing.v1 import AppTest

from ae_core.datasets import DatasetError, datasets, own
from ae_core.pictures.names import MOST_CLASSES
from ae_core.pictures.upload import SENTENCES
from ae_core.runs.execution import execute
from ae_core.runs.recipe import recipe
from ae_core.runs.run import Run
from ae_core.runs.store import Store

# --- runs on it -------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(store: Store) -> Run:
    """A finished run on own pictures in colour."""
    entry = imported(colour=True)
    run = store.create(recipe("vae", entry.name, {"latent": 4, "hidden": [16]}, {"epochs": 3}), origin="app")
    assert execute(run).state == "done"
    return run


ELSEWHERE = """
import sys
from ae_core.__main__ import main
from ae_core.runs.execution import execute_by_id
root, run_id = sys.argv[1:]
execute_by_id(root, run_id)
sys.argv[1:] = ["evaluate", run_id, "--json"]
main()
"""


@pytest.mark.slow
def test_another_process_trains_on_it_and_measures_it(store):
    entry = imported()
    made = recipe("vanilla", entry.name, {"latent": 4}, {"epochs": 2})
    run = store.create(made, origin="app")
    there = finished("-c", ELSEWHERE, str(store.root), run.id)
    assert run.status().state == "done", run.status().error
    assert there.returncode == 0 and f'"dataset": "{entry.name}"' in there.stdout, there.stderr


def test_the_program_of_a_run_trains_the_same_from_the_exported_pictures(run, tmp_path):
    made = run.recipe()
    (tmp_path / f"{made.dataset}.safetensors").write_bytes(made.data.packed())
    assert loss_alone(made, tmp_path) == pytest.approx(run.status().test["loss"], rel=1e-6, abs=0)


def test_all_is_measured_of_a_set_with_one_class(command, store):
    run = store.create(recipe("vanilla", imported(files(40, "a")).name, {"latent": 4}, {"epochs": 1}), origin="app")
    execute(run)
    status, out, err = command("evaluate", run.id, "--full", "--json")
    assert status == 0, err
    assert "trustworthiness" in out and "probe_accuracy" not in out and "silhouette" not in out


def test_a_run_whose_pictures_were_deleted_opens_says_so_and_keeps_its_codes(run, store):
    made = run.recipe()
    wanted = run.load()[0].encode(made.data.load().test.images[:])
    made.data.remove()
    assert made.dataset not in datasets() and not made.data.present() and run.recipe() == made
    with pytest.raises(DatasetError, match=r"no longer here: they were deleted; bring the same zip along again"):
        made.data.load()
    codes, labels = run.codes()
    torch.testing.assert_close(codes, wanted)
    assert labels.bincount().tolist() == [4, 4, 4]
    again = store.create(made, origin="app")
    assert "they were deleted" in execute(again).error
    imported(colour=True)
    assert execute(again).state == "done" and again.status().test == run.status().test


def test_a_run_that_goes_on_drops_the_codes_of_its_old_weights(store, look_always):
    entry = imported()
    run = store.create(recipe("vanilla", entry.name, {"latent": 4}, {"epochs": 5}), origin="app")
    execute(run, stop_at(run, 2))
    early = run.codes()[0]
    run.clear_stop()
    seen = []
    execute(run, lambda step: seen.append(run.codes()))
    assert seen and seen == [None] * len(seen) and not torch.equal(run.codes()[0], early)


# --- pages ------------------------------------------------------------------------------------------------------------


def said(app: AppTest) -> str:
    return " ".join(str(e.value) for e in [*app.error, *app.info, *app.warning, *app.get("toast")])


SMALLEST = {
    "grey, one class": (False, files(40, ("a",))),
    "colour, eight classes": (True, files(40, "abcdefgh")),
    "classes of which some are in one part only": (False, [
        *[(f"train/{'ab'[k % 2]}/{k}.png", picture(k)) for k in range(40)],
        *[(f"test/{'bc'[k % 2]}/{k}.png", picture(100 + k)) for k in range(8)],
    ]),
    "one class to learn from": (False, [
        *[(f"b/train/good/{k}.png", picture(k)) for k in range(32)],
        *[(f"b/test/{'good' if k % 2 else 'all'}/{k}.png", picture(100 + k)) for k in range(8)],
    ]),
    "as many classes as there may be": (False, files(2 * MOST_CLASSES, [f"kind {k}" for k in range(MOST_CLASSES)])),
}  # fmt: skip
VISITS = [
    ("train", {}), *(("reconstruct", {"section": s}) for s in ("test", "drawing", "upload", "foreign", "sizes", "path")),
    *(("generate", {"section": s}) for s in ("samples", "manifold", "numbers", "between", "arithmetic", "prior")),
    *(("latent", {"map": kind}) for kind in ("pca", "dims", "three")), ("denoise", {}), ("compare", {}),
]  # fmt: skip


@pytest.mark.parametrize("kind", SMALLEST)
def test_every_page_shows_the_smallest_set_and_says_when_it_is_gone(kind, store):
    colour, inside = SMALLEST[kind]
    entry = imported(inside, colour=colour)
    made = recipe("convolutional", entry.name, {"latent": 16, "hidden": [4]}, {"epochs": 1})
    run = store.create(made, origin="app")
    assert execute(run).state == "done", run.status().error
    for name, more in VISITS:
        app = open_page(name, run=run.id, runs=run.id, **more)
        assert not app.error and "no longer here" not in said(app), (name, more, said(app))
    entry.remove()
    for name, more in VISITS:
        app = open_page(name, run=run.id, runs=run.id, **more)
        assert "they were deleted" in said(app), (name, more, said(app))


def test_a_zip_is_kept_chosen_and_deleted_on_the_train_page():
    app = open_page("train")
    app.file_uploader(key="own_zip").upload("p.zip", zipped([*files(), ("x.txt", b"")]), "application/zip").run()
    app.number_input(key="side").set_value(16).run()
    sentence = "48 pictures to learn from and 12 to test on, in 3 classes: a, b, c. Left out: 1 not a picture."
    assert f">{sentence}" in " ".join(bodies(app))
    app.button(key="own_keep").click().run()
    assert not app.exception and not app.error
    (name,) = own.own_entries()
    assert name.startswith("own-16-grey-3-") and app.selectbox(key="dataset").value == name
    assert f"Kept: {sentence}" in " ".join(bodies(app))
    app.button(key="own_delete_yes").click().run()
    assert not app.exception and not own.own_entries() and app.selectbox(key="dataset").value == "handwriting"


def test_a_zip_that_is_no_data_set_gets_its_sentence_on_the_train_page():
    app = open_page("train")
    app.file_uploader(key="own_zip").upload("p.zip", zipped(files(3)), "application/zip").run()
    app.button(key="own_keep").click().run()
    assert "3 different pictures: a data set must have at least 40" in app.error[0].value and not app.exception
    app.file_uploader(key="own_zip").upload("p.zip", b"PK\x05\x06 nothing", "application/zip").run()
    assert [error.value for error in app.error] == [SENTENCES["broken"]]


# --- command line -----------------------------------------------------------------------------------------------------


def test_the_command_line_imports_lists_trains_and_deletes(command, tmp_path):
    (tmp_path / "p.zip").write_bytes(zipped([*files(), ("x.txt", b"")]))
    status, out, err = command("import-pictures", str(tmp_path / "p.zip"), "--side", "8", "--colour", "true")
    assert (status, err) == (0, "")
    name = out.split(":")[0]
    assert (
        name.startswith("own-8-colour-3-")
        and "48 pictures to learn from and 12 to test on, in 3 classes: a, b, c." in out
    )
    assert out.endswith(" Left out: 1 not a picture.\n") and name in command("list")[1]
    status, out, _ = command("train", "vanilla", "--dataset", name, "--epochs", "1", "--json")
    assert status == 0 and f'"dataset": "{name}"' in out
    assert command("delete-pictures", name) == (0, f"{name} is deleted.\n", "")
    assert not own.own_entries() and not left_over()
    for wrong in (["delete-pictures", name], ["delete-pictures", "digits"], ["train", "vanilla", "--dataset", name],
                  ["import-pictures", str(tmp_path / "nothing")], ["import-pictures", str(tmp_path / "p.zip"), "--side", "7"]):  # fmt: skip
        status, out, err = command(*wrong)
        assert (status, out, err.count("\n")) == (2, "", 1), (wrong, err)
