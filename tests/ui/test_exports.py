"""What the app hands out: files that say what is on screen, and nothing that a spreadsheet would execute."""

import csv
import io

import numpy as np
import pytest
import safetensors.torch
import torch
from app_page import open_page
from PIL import Image

from ae_core.datasets import DATASETS
from ae_core.durable import Damaged
from ae_core.export import ExportError, training_script
from ae_core.pictures.gif import gif
from ae_core.runs.checkpoints import manifest, newest_bytes
from ae_core.tables import codes_csv, csv_bytes, curves_csv
from ui.figures import export
from ui.figures.pictures import Row, Sheet, grey, mosaic
from ui.figures.sheet_file import EDGE, GAP, LABEL, LINE, plain_png, sheet_png
from ui.results.asking import forget
from ui.sections.compare.table import Measured, table_file


def read(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.fixture
def run(run_of):
    return run_of("vae", latent=3)


# --- CSV --------------------------------------------------------------------------------------------------------------

DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("http://x")',
    "-",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_text_that_a_spreadsheet_would_compute_is_made_harmless(text):
    (head, row) = read(csv_bytes([text], [[text]]))
    assert head == row == ["'" + text]


@pytest.mark.parametrize("text", ["a=b", "vae-digits", "1-2", "", 'ä, "quoted"', "two\nlines", "'=1"])
def test_any_other_text_stays_as_it_is(text):
    assert read(csv_bytes(["x", "y"], [[text, 1]]))[1] == [text, "1"]


def test_numbers_stay_numbers_also_negative_ones_and_those_of_numpy():
    values = [-1, -0.25, 1e-12, np.float32(-0.1), np.int64(-7), np.float64(2.5), True, None]
    row = read(csv_bytes(["x"] * 8, [values]))[1]
    assert [float(text) for text in row[:6]] == pytest.approx([-1, -0.25, 1e-12, -0.1, -7, 2.5], rel=1e-6)
    assert row[6:] == ["True", ""]


def test_codes_come_back_from_the_file_as_they_were():
    codes = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    head, *rows = read(codes_csv(codes, [0, 1, 2, 1, 0], ["=a", "b", "c"]))
    assert head == ["picture", "class", "z1", "z2", "z3"] and [row[1] for row in rows] == ["'=a", "b", "c", "b", "'=a"]
    assert np.array([row[2:] for row in rows], np.float32) == pytest.approx(codes.numpy(), rel=1e-6)


def test_every_logged_value_is_in_the_file(run):
    head, *rows = read(curves_csv({run.id: ("nats", run.metrics())}))
    assert head == ["run", "unit", "step", "epoch", "seconds", "part", "term", "value"]
    lines = run.metrics()
    assert len(rows) == sum(len(line.get("train") or {}) + len(line["test"]) for line in lines)
    last = {(row[5], row[6]): float(row[7]) for row in rows if row[2] == str(lines[-1]["step"])}
    assert last["test", "kl"] == pytest.approx(lines[-1]["test"]["kl"], rel=1e-6)


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_the_file_of_a_sheet_holds_the_pictures_pixel_for_pixel_and_where_they_are_from():
    pixels = grey(DATASETS["digits"].load().test.images[:4].numpy())
    made = sheet_png(
        [Sheet([Row("Input", pixels, "four"), Row("±", pixels[::-1], "four")], "0123", "class")],
        ["run x · seed 0"],
    )
    image = Image.open(io.BytesIO(made))
    assert image.text["Description"] == "run x · seed 0"
    factor, shown = 9, np.asarray(image.convert("L"))
    left, top = EDGE + LABEL + factor, EDGE
    cell = shown[top : top + 8 * factor, left : left + 8 * factor][::factor, ::factor]
    assert np.array_equal(cell, pixels[0, :, :, 0])
    second = shown[top + 8 * factor + GAP :, left : left + 8 * factor][: 8 * factor : factor, ::factor]
    assert np.array_equal(second, pixels[3, :, :, 0])
    assert 8 * factor >= 3 * LINE


def test_long_and_strange_words_do_not_break_a_sheet():
    pixels = np.zeros((1, 32, 32, 3), np.uint8)
    rows = [Row("x" * 300, pixels, "", "<b>&</b> " * 40), Row("", pixels, "")]
    image = Image.open(io.BytesIO(sheet_png([Sheet(rows), Sheet(rows[:1], ["−0.5"])], ["word " * 200, ""])))
    assert image.width < 2000 and image.height < 3000


def test_a_manifold_is_enlarged_and_says_where_it_is_from():
    pixels = grey(DATASETS["digits"].load().test.images[:9].numpy())
    image = Image.open(io.BytesIO(plain_png(mosaic(pixels, 3), "run x")))
    assert image.size == (96, 96) and image.text["Description"] == "run x"
    assert np.array_equal(np.asarray(image)[:32:4, :32:4], pixels[0, :, :, 0])


def test_an_animation_goes_there_and_back_with_every_grey_level():
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    pictures = np.stack([ramp, ramp[::-1], ramp.T, ramp + 2])[..., None]
    film = Image.open(io.BytesIO(gif(pictures)))
    assert film.n_frames == 6 and film.info["loop"] == 0 and film.width >= 280
    for frame, wanted in enumerate([0, 1, 2, 3, 2, 1]):
        film.seek(frame)
        seen = np.asarray(film.convert("L"))[:: film.height // 8, :: film.width // 8]
        assert np.array_equal(seen, pictures[wanted, :, :, 0])
    with pytest.raises(ValueError, match="must be two or more"):
        gif(pictures[:1])


def test_an_animation_may_have_colours():
    film = Image.open(
        io.BytesIO(gif(np.stack([np.full((32, 32, 3), (250, 0, 0), np.uint8), np.zeros((32, 32, 3), np.uint8)])))
    )
    assert film.convert("RGB").getpixel((5, 5)) == (250, 0, 0)


# --- a run ------------------------------------------------------------------------------------------------------------


def test_a_run_gives_its_curves_codes_weights_and_program(run):
    files = export.of_run(run)
    made = {file.name.rpartition(".")[2]: file.make() for file in files if "codes" not in file.name}
    assert made["py"].decode() == training_script(run.recipe())
    tensors = safetensors.torch.load(made["safetensors"])
    model = run.load()[0]
    assert all(tensors[f"model.{name}"].equal(value) for name, value in model.state_dict().items())
    codes = next(file for file in files if "codes" in file.name)
    rows = read(codes.make())[1:]
    wanted = model.encode(DATASETS["digits"].load().test.images[:])
    assert np.array([row[2:] for row in rows], np.float32) == pytest.approx(wanted.numpy(), abs=1e-5)


def test_curves_and_codes_of_the_files_are_those_of_the_runs(run, run_of):
    other = run_of("vanilla", latent=3)
    rows = read(export.curves([run, other]).make())[1:]
    for one in (run, other):
        wanted = {(str(line["step"]), term): value for line in one.metrics() for term, value in line["test"].items()}
        found = {(row[2], row[6]): float(row[7]) for row in rows if row[0] == one.id and row[5] == "test"}
        assert found == pytest.approx(wanted, rel=1e-6)
        assert {row[1] for row in rows if row[0] == one.id} == {one.recipe().unit}
    (codes,) = export.codes(run)
    assert [int(row[1]) for row in read(codes.make())[1:]] == DATASETS["digits"].load().test.labels.tolist()
    assert [row[0] for row in read(codes.make())[1:4]] == ["0", "1", "2"]
    files = export.of_run(run)
    assert [file.name.rpartition(run.id)[2] for file in files[:3]] == ["-curves.csv", "-codes.csv", ".safetensors"]


def test_the_pictures_of_a_page_and_where_they_are_from_go_into_the_file():
    pixels = grey(DATASETS["digits"].load().test.images[:4].numpy())
    sheet = Sheet([Row("Input", pixels, "four")])
    made = export.pictures("mine", [sheet], ["run x", "seed 0"])
    assert made.name == "mine.png" and made.make() == sheet_png([sheet], ["run x", "seed 0"])
    assert Image.open(io.BytesIO(made.make())).text["Description"] == "run x seed 0"


def test_the_table_of_compare_is_written_as_it_was_computed():
    values = (0.0123456789, 19.0848, 4, 16, 99, 1.25, 0.5)
    names = ("mse", "psnr", "latent", "code_bytes", "parameters", "seconds", "probe_accuracy")
    lines = [Measured("vae", dict(zip(names, values, strict=True))), Measured("=PCA", {"mse": 0.5, "latent": 8})]
    made = table_file(DATASETS["digits"], lines)
    head, first, second = read(made.make())
    assert head == [
        "run", "data", "squared error per pixel", "PSNR in dB", "numbers in the code", "bytes of code as float32",
        "parameters", "seconds of training", "probe accuracy",
    ]  # fmt: skip
    assert [float(text) for text in first[2:]] == pytest.approx(list(values), rel=1e-6)
    assert second[0] == "'=PCA" and second[-2:] == ["", ""] and first[:2] == ["vae", "Digits 8×8"]


def test_what_cannot_be_written_is_refused_with_its_sentence(run, monkeypatch):
    def refuses(recipe):
        raise ExportError("The source is not here: install the project with its source and try again.")

    monkeypatch.setattr(export, "training_script", refuses)
    forget()
    *files, refused = export.of_run(run)
    assert "source is not here" in refused and not any(file.name.endswith(".py") for file in files)


def test_damaged_weights_are_not_handed_out(run):
    (run.folder / manifest(run.folder)[-1].file).write_bytes(b"nothing")
    with pytest.raises(Damaged):
        newest_bytes(run.folder)


@pytest.mark.parametrize(
    ("page", "address", "names"),
    [
        ("train", {}, ["curves.csv", "codes.csv", "safetensors", ".py"]),
        ("reconstruct", {}, ["reconstructions.png", "curves.csv", "codes.csv", "safetensors"]),
        ("denoise", {}, [".png"]),
        ("denoise", {"applied": "hundred"}, []),
        ("latent", {}, ["map.html", "codes.csv"]),
        ("generate", {}, ["generated.png"]),
        ("generate", {"section": "manifold"}, ["manifold.png"]),
        ("generate", {"section": "between"}, [".png", "straight.gif", "spherical.gif"]),
        ("generate", {"section": "arithmetic"}, ["arithmetic.png"]),
        ("compare", {}, ["compare-handwriting.png", "compare-handwriting.csv", "curves.csv"]),
    ],
)
def test_every_page_offers_what_it_shows_and_computes_nothing_before(monkeypatch, page, address, names):
    made = []
    monkeypatch.setattr(export, "sheet_png", lambda *_: made.append("sheet"))
    monkeypatch.setattr(export, "latent_page", lambda *_: made.append("page"))
    app = open_page(page, **address)
    assert not app.get("download_button")
    for menu in app.get("popover"):
        app.session_state[menu.proto.id.split("-", 2)[2]] = True
    app.run()
    offered = [button.proto.id for button in app.get("download_button")]
    for name in names:
        assert any(name in found for found in offered), (name, offered)
    assert made == []
