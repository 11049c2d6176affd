"""Compare without a browser: the numbers of its table, what it says of units and knobs, and any address."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
import torch
from app_page import bodies, open_page, words
from own_zips import files, picture, zipped
from PIL import Image
from sklearn.decomposition import PCA as Sklearn
from sklearn.linear_model import LogisticRegression

from ae_core.datasets import DATASETS
from ae_core.pictures.shaping import fitted, with_channels
from ae_core.pictures.upload import read_upload
from ae_core.runs.execution import execute
from ae_core.runs.recipe import differences, recipe
from ae_core.runs.run import Status
from ae_core.runs.store import Store
from ui.controls.pick import short_title
from ui.controls.sketching import read, written

SIX = {
    "vanilla": recipe("vanilla", "digits", {"latent": 4, "reconstruction": "mse"}, {"epochs": 2}),
    "again": recipe("vanilla", "digits", {"latent": 4, "reconstruction": "mse"}, {"epochs": 2, "seed": 1}),
    "larger": recipe("vanilla", "digits", {"latent": 8, "reconstruction": "mse"}, {"epochs": 2}),
    "multilayer": recipe("multilayer", "digits", {"latent": 4}, {"epochs": 1}),
    "vae": recipe("vae", "digits", {"latent": 4}, {"epochs": 1}),
    "linear": recipe("linear", "digits", {"latent": 4}, {"epochs": 1}),
}


def tables(app):
    """The rows of every table on the page, each by what it is called."""
    found = []
    for text in re.findall(r"(?s)<tbody>(.*?)</tbody>", words(app)):
        rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', text)
        found.append({name: re.findall(r"<td>(.*?)</td>", cells) for name, cells in rows})
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Six short runs, kept for the whole file."""
    store = Store(tmp_path_factory.mktemp("six") / "runs", None)
    runs = {name: store.create(made, origin="test") for name, made in SIX.items()}
    for run in runs.values():
        assert execute(run).state == "done"
    return store.root, runs


@pytest.fixture
def six(trained):
    """The same six in the runs folder that the page reads."""
    shutil.copytree(trained[0], Store.default().root)
    return trained[1]


def chosen(runs, *names):
    return ",".join(runs[name].id for name in names)


def test_it_opens_with_finished_runs_of_one_size_of_code():
    app = open_page("compare")
    assert not app.exception and not app.error
    first = tables(app)[0]
    assert len(first) >= 3 and len({row[2] for row in first.values()}) == 1
    assert "What to notice" in words(app) and "vanilla-handwriting" in words(app)


def test_one_run_stands_beside_pca(six):
    app = open_page("compare", runs=six["vae"].id)
    assert not app.exception and "Choose a second" in words(app)
    assert list(tables(app)[0])[-1] == "PCA" and len(tables(app)[0]) == 2


def test_six_runs_stand_on_the_same_pictures(six):
    app = open_page("compare", runs=chosen(six, *SIX))
    assert not app.exception and not app.error
    assert len(tables(app)[0]) == 7
    (both,) = (body for body in bodies(app) if "ae-beside" in body)
    outputs, errors = both.split("</figure>")[:2]
    assert outputs.count("<img") == 8 and errors.count("<img") == 8  # the input, six runs, PCA
    assert "The codes differ in size (4, 8 numbers)" in words(app)
    assert all(run.id in words(app) for run in six.values())


def strips(app):
    """The pictures of every row of a sheet by what is read to those who cannot see: uint8 (height, all widths, 4)."""
    found = re.findall(r'src="data:image/png;base64,([^"]+)" alt="([^"]*)"></div>', words(app))
    return {alt: np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")) for data, alt in found}


def test_outputs_errors_and_classes_are_those_of_the_pictures(six):
    run = six["vae"]
    app = open_page("compare", runs=chosen(six, "vae", "linear"), set="2")
    test, model, rows = DATASETS["digits"].load().test, run.load()[0], strips(app)
    turn = sorted(
        range(len(test.labels)), key=lambda k: (test.labels[:k].tolist().count(test.labels[k]), test.labels[k])
    )
    x = test.images[turn[8:16]]
    y = model.reconstruct(x)
    name = short_title(run)
    assert f"Test pictures {', '.join(map(str, turn[8:16]))}." in words(app)
    cells = re.findall(
        r"<span[^>]*>([^<]+)</span>", re.findall(r'(?s)<div class="ae-cells">(.*?)</div>', words(app))[0]
    )
    assert [int(text) for text in cells] == test.labels[turn[8:16]].tolist()
    for k in range(8):
        at = slice(10 * k + 1, 10 * k + 9)  # a cell is eight pixels and a margin of one on each side
        assert np.abs(rows[f"Rebuilt by {name}"][:, at, 0] / 255 - y[k, 0].numpy()).max() < 0.003
        error, colour = (y - x)[k, 0].numpy(), rows[f"Signed error of {name}"][:, at].astype(int)
        assert (colour[..., 0] >= colour[..., 2])[error > 0.05].all(), "too bright is red"
        assert (colour[..., 2] >= colour[..., 0])[error < -0.05].all(), "too dark is blue"
        assert (colour[..., 3] < 0.15 * 255)[np.abs(error) < 0.01].all(), "right is almost clear"


def test_a_run_that_is_still_being_trained_is_not_offered(six):
    run = Store.default().find(six["vae"].id)
    run.write_status(Status(**{**vars(run.status()), "state": "waiting"}))
    app = open_page("compare", dataset="digits")
    assert not any(run.id.rpartition("-")[2][:6] in option for option in app.multiselect(key="runs").options)
    assert any(six["linear"].id.rpartition("-")[2][:6] in option for option in app.multiselect(key="runs").options)


def test_the_numbers_of_the_table_are_those_of_the_run(six):
    run = Store.default().find(six["larger"].id)
    run.write_status(Status(**{**vars(run.status()), "seconds": 12.34}))
    row = tables(open_page("compare", runs=chosen(six, "larger", "vanilla")))[0]
    cells = next(cells for name, cells in row.items() if run.id.rpartition("-")[2][:6] in name)
    model, data = run.load()[0], DATASETS["digits"].load()
    mse = float((model.reconstruct(data.test.images[:]) - data.test.images[:]).square().mean())
    code, test_code = (model.encode(x).numpy() for x in (data.train.images[:1000], data.test.images[:]))
    mean, spread = code.mean(0), code.std(0)
    probe = LogisticRegression(max_iter=1000).fit((code - mean) / spread, data.train.labels[:1000])
    accuracy = probe.score((test_code - mean) / spread, data.test.labels)
    assert cells == [
        f"{mse:.4f}", f"{-10 * np.log10(mse):.1f} dB", "8", "32", f"{64 * 8 + 8 + 8 * 64 + 64:,}",
        "12.3 s", f"{100 * accuracy:.1f} %",
    ]  # fmt: skip


def test_pca_has_the_size_of_the_first_code(six):
    cells = tables(open_page("compare", runs=chosen(six, "larger", "vanilla")))[0]["PCA"]
    data = DATASETS["digits"].load()
    pca, rows = Sklearn(8).fit(data.train.images[:].flatten(1).numpy()), data.test.images[:].flatten(1).numpy()
    mse = ((pca.inverse_transform(pca.transform(rows)).clip(0, 1) - rows) ** 2).mean()
    assert cells[:3] == [f"{mse:.4f}", f"{-10 * np.log10(mse):.1f} dB", "8"]
    assert cells[4:6] == [f"{64 * 9}", "none"]


def test_only_the_knobs_that_differ_are_listed(six):
    assert tables(open_page("compare", runs=chosen(six, "vanilla", "again")))[1] == {"Seed": ["0", "1"]}
    both = tables(open_page("compare", runs=chosen(six, "vanilla", "larger")))[1]
    assert list(both.values()) == [["4", "8"]]
    assert "No knob differs" not in words(open_page("compare", runs=chosen(six, "vanilla", "larger")))


def test_differences_of_recipes():
    assert differences([SIX["vanilla"], SIX["again"]]) == {"seed": [0, 1]}
    assert differences([SIX["vanilla"]]) == {}
    kinds = [recipe("sparse", "digits", {"penalty": penalty}, {}) for penalty in ("l1", "topk")]
    assert differences(kinds) == {"penalty": ["l1", "topk"], "weight": [0.1, None], "active": [None, 8]}
    found = differences([SIX["vanilla"], SIX["vae"]])
    assert found["model"] == ["vanilla", "vae"] and found["beta"] == [None, 1.0]
    assert "latent" not in found and "dataset" not in found


def test_losses_of_one_unit_share_a_chart_and_others_do_not(six):
    app = open_page("compare", runs=chosen(six, "vanilla", "again"))
    assert app.session_state["curves"] == "loss" and len(app.get("plotly_chart")) == 1
    app = open_page("compare", runs=chosen(six, "vanilla", "vae"))
    assert app.session_state["curves"] == "error" and "cannot be compared" in words(app)
    app = open_page("compare", runs=chosen(six, "vanilla", "vae"), curves="loss")
    assert len(app.get("plotly_chart")) == 2 and "a chart of its own" in words(app)


def test_the_curve_of_the_error_ends_where_the_model_is(six):
    from ae_core.datasets.choosing import SHOWN, one_of_each
    from ui.sections.compare import chosen, curves

    (one,), _ = chosen.compared([six["vanilla"]])
    (curve,) = curves.error_curves([one])
    test = DATASETS["digits"].load().test
    x = test.images[one_of_each(test.labels, SHOWN)]
    assert curve.values[-1] == pytest.approx(float((one.opened.model.reconstruct(x) - x).square().mean()), rel=0.01)
    assert curve.epochs[-1] == 2


def test_pictures_of_one_class_leave_the_probe_out():
    app = open_page("compare", runs="linear-shapes")
    assert not app.exception and app.session_state["dataset"] == "shapes"
    assert tables(app)[0]["linear-shapes"][-1] == "one class"


def test_a_run_whose_weights_are_damaged_is_explained_and_the_others_are_shown(six):
    broken = Store.default().find(six["vae"].id)
    for path in broken.folder.glob("weights-*"):
        path.write_bytes(b"no weights")
    app = open_page("compare", runs=chosen(six, "vanilla", "vae"))
    assert not app.exception and "differs from its checksum" in app.warning[0].value
    assert len(tables(app)[0]) == 2


def test_seven_runs_in_the_address_are_too_many(six):
    app = open_page("compare", runs=chosen(six, *SIX) + ",vae-digits")
    assert not app.exception
    assert "at most 6" in app.toast[0].value and len(app.session_state["runs"]) <= 6


def test_nothing_chosen_and_nothing_finished_both_show_a_way_forward(monkeypatch):
    app = open_page("compare", runs="")
    assert "Choose one run" in app.info[0].value and not app.exception
    from ui.sections.compare import chosen

    monkeypatch.setattr(chosen, "finished", lambda name: {})
    app = open_page("compare")
    assert "is finished yet" in app.info[0].value and not app.exception


def test_the_address_keeps_the_chosen_runs(six):
    app = open_page("compare", runs=chosen(six, "vae", "linear"))
    app.multiselect(key="runs").select(six["vanilla"].id).run()
    assert not app.exception
    text = app.query_params["runs"]
    assert (text if isinstance(text, str) else text[0]) == chosen(six, "vae", "linear", "vanilla")


def pixels(app):
    """The pictures of all tiles, by what stands in bold below each; those of one name in their order."""
    found = {}
    for source, name in re.findall(r'src="data:image/png;base64,([^"]+)"[^>]*>\s*<figcaption><b>(.*?)</b>', words(app)):
        image = Image.open(io.BytesIO(base64.b64decode(source)))
        found.setdefault(name, []).append(torch.from_numpy(np.asarray(image).astype(np.float32)) / 255)
    return found


def names_of(runs):
    return [short_title(run) for run in runs]


def test_a_drawing_goes_through_every_run_and_pca(six):
    ink = torch.rand(8, 8, generator=torch.Generator().manual_seed(1)).numpy()
    chosen = [six["vae"], six["linear"]]
    app = open_page("compare", runs=",".join(run.id for run in chosen), source="drawing", drawn=written(ink))
    x = torch.from_numpy(read(written(ink), 8, 8).astype(np.float32) / 255)[None, None]
    found = pixels(app)
    assert (found["Input"][0] - x[0, 0]).abs().max() < 0.003
    train = DATASETS["digits"].load().train.images[:]
    oracle = Sklearn(4).fit(train.flatten(1).numpy())
    pca = oracle.inverse_transform(oracle.transform(x.flatten(1).numpy())).reshape(8, 8).clip(0, 1)
    wanted = [run.load()[0].reconstruct(x)[0, 0] for run in chosen] + [torch.from_numpy(pca)]
    for name, output in zip([*names_of(chosen), "PCA"], wanted, strict=True):
        error, colour = (output - x[0, 0]), found[name][1]
        assert (colour[..., 0] > colour[..., 2])[error > 0.05].all() and (colour[..., 0] < colour[..., 2])[
            error < -0.05
        ].all()
        assert (found[name][0] - output).abs().max() < 0.003, name
        assert f"{(output - x[0, 0]).square().mean():.4f} per pixel" in words(app)
    assert "Your drawing. Squared error" in words(app) and "seed 0 · epoch 1" in words(app)


@pytest.mark.parametrize(("name", "address"), [
    ("compare", {"source": "drawing"}), ("compare", {"source": "upload"}), ("denoise", {"source": "drawing"}),
    ("denoise", {"source": "upload", "applied": "hundred"}), ("reconstruct", {"section": "drawing"}), ("reconstruct", {"section": "upload"}),
], ids=str)  # fmt: skip
def test_before_anything_is_drawn_or_brought_along_a_test_picture_stands_there(name, address):
    app = open_page(name, **address)
    test, (which, label) = (
        DATASETS["handwriting"].load().test,
        re.search(r"test picture (\d+), class (\d)", words(app).lower()).groups(),
    )
    assert int(label) == test.labels[int(which)] and "Until then, a test picture stands here" in words(app)
    drawn = (
        open_page(name, **address, drawn=written(test.images[5, 0].numpy())) if "drawing" in address.values() else None
    )
    assert drawn is None or ("Until then" not in words(drawn) and "your drawing" in words(drawn).lower())


def test_own_pictures_go_through_every_run_one_or_eight_of_a_zip(six):
    app = open_page("compare", runs=f"{six['vae'].id},{six['linear'].id}", source="upload")
    app.file_uploader(key="upload").upload("one.png", picture(3, (8, 8)), "image/png").run()
    assert pixels(app).keys() >= {"Input", "PCA", *names_of([six["vae"], six["linear"]])}
    app.file_uploader(key="upload").upload("many.zip", zipped(files(12)), "application/zip").run()
    app.slider(key="upload_picture").set_value(3).run()
    assert not app.exception and "Your pictures 3 to 10 of 12" in words(app)
    app.slider(key="upload_picture").set_value(12).run()
    assert "Your pictures 5 to 12 of 12" in words(app)
    inputs, *_ = re.findall(r'base64,([^"]+)" alt="Your pictures"', words(app))
    strip = np.asarray(Image.open(io.BytesIO(base64.b64decode(inputs))).convert("RGBA"))
    kept = read_upload(zipped(files(12))).pictures[4]
    wanted = fitted(with_channels(kept, 1), DATASETS["digits"], "crop", invert=False)[0, 0].numpy()
    assert (
        np.abs(strip[:, 1:9, 0] / 255 - wanted).max() < 0.003
        or np.abs(1 - strip[:, 1:9, 0] / 255 - wanted).max() < 0.003
    )


@pytest.mark.parametrize("page", ["compare", "denoise"])
def test_a_run_that_is_not_here_is_told_and_others_are_shown(page):
    app = open_page(page, runs="vanilla-digits,[Log in](http://probe.invalid),gone-1")
    (warning,) = [warning.value for warning in app.warning if "no such run" in warning.value]
    assert "gone-1" in warning and "[Log in](" not in warning  # what came from outside is text
