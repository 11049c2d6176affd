"""Tables of labels beside pictures, and tables whose rows are pictures."""

from __future__ import annotations

import gzip
import io
import re

import numpy as np
import pytest
from own_zips import zipped
from PIL import Image
from sklearn.datasets import load_digits

from ae_core.pictures.names import LEARN, NEITHER, TEST, names
from ae_core.pictures.set_import import Turning, import_set
from ae_core.pictures.tables import labelled
from ae_core.pictures.upload import SENTENCES, PictureError, read_upload

FILES = [f"img/{k}.png" for k in range(6)]
LABELS = ["a", "b", "c", "a", "b", "c"]


def told(text: str | bytes, files: list[str] = FILES, at: str = "labels.csv") -> list[str] | None:
    data = text.encode() if isinstance(text, str) else text
    found = labelled([names(file) for file in files], [(names(at), data)])
    return found[0] if found else None


def lines(separator: str, file: str, head: str = "") -> str:
    return head + "\n".join(separator.join((file.format(k), label)) for k, label in enumerate(LABELS))


# --- labels -----------------------------------------------------------------------------------------------------------

SAME = {
    "header": lines(",", "{}.png", "file,label\n"),
    "no header": lines(",", "{}.png"),
    "no ending": lines(",", "{}", "id,class\n"),
    "path": lines(",", "img/{}.png"),
    "path of another system": lines(",", ".\\img\\{}.PNG", "name,target\n"),
    "mark of UTF-8": "\ufeff" + lines(",", "{}.png", "file,label\n"),
    "semicolon": lines(";", "{}.png", "file;label\n"),
    "tab": lines("\t", "{}.png", "file\tlabel\n"),
    "space": lines(" ", "img/{}.png"),
    "UTF-16": lines("\t", "{}.png", "file\tlabel\n").encode("utf-16"),
    "what stands above": lines(";", "{}.png", "sep=;\n# by hand, twice\nfile;label\n"),
    "a header that begins as a comment": "#id,file,class\n" + "\n".join(
        f"{9 - k},{k}.png,{label}" for k, label in enumerate(LABELS)
    ),
    "quotes and carriage returns": lines('","', '"{}.png', '"file","label"\n').replace("\n", '"\r\n').replace('""', '"') + '"',
    "label first": "\n".join(f"{label},{k}.png" for k, label in enumerate(LABELS)),
    "more columns": "id,file,label,x\n" + "\n".join(f"{9 - k},{k}.png,{label},0.5" for k, label in enumerate(LABELS)),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_a_table_of_labels_in_many_spellings(case):
    assert told(SAME[case]) == LABELS


LONGER = {
    "absolute": lines(",", "/home/me/sets/img/{}.png", "file,label\n"),
    "absolute, of another system": lines(",", "C:\\sets\\img\\{}.png"),
    "longer": lines(",", "sets/img/{}.png", "file,label\n"),
    "a folder of another name": lines(",", "sets/images/{}.png"),
    "without ending": lines(",", "sets/img/{}"),
}


@pytest.mark.parametrize("case", LONGER)
def test_paths_that_are_longer_than_those_of_the_pictures(case):
    assert told(LONGER[case]) == LABELS


def test_a_longer_path_means_what_lies_under_its_longest_end_or_nothing():
    files = ["train/1.png", "train/2.png", "test/1.png", "test/2.png"]
    assert told("/d/train/1.png,a\n/d/train/2.png,b\n/d/test/1.png,c\n/d/test/2.png,d", files) == ["a", "b", "c", "d"]
    assert told("/d/val/1.png,a\n/d/val/2.png,b", files) is None, "either of two"
    both = "/d/train/{}.png,a\n/d/test/{}.png,b\n"
    assert told("".join(both.format(k, k) for k in range(6))) is None, "either of two labels"
    assert told("".join(f"img/{k}.png,a\nother/{k}.png,b\n" for k in range(6))) == ["a"] * 6


def test_numbers_without_ending_are_files_where_they_are_more_and_labels_where_they_are_fewer():
    files = [f"{k}.png" for k in range(60)]
    assert told("\n".join(f"{k},{k % 10}" for k in range(60)), files) == [str(k % 10) for k in range(60)]
    assert told("\n".join(f"{k % 10}.0,{k}" for k in range(60)), files) == [str(k % 10) for k in range(60)]


def test_a_label_for_a_missing_file_is_counted_and_a_file_without_one_has_no_class():
    pictures = [names(file) for file in FILES]
    labels, unknown, used = labelled(
        pictures, [(("labels.csv",), b"file,label\n0.png,x\n1.png,y\n2.png,x\n77.png,y\n")]
    )
    assert (labels, unknown, used) == (["x", "y", "x", "", "", ""], 1, {0})


def test_two_files_of_one_name_are_told_apart_by_the_folder_of_the_table_or_not_at_all():
    files = ["train/1.png", "train/2.png", "test/1.png", "test/2.png"]
    pictures = [names(file) for file in files]
    assert told("1.png,a\n2.png,b", files) is None
    tables = [(names("train/labels.csv"), b"1.png,a\n2.png,b"), (names("test/labels.csv"), b"1.png,c\n2.png,d")]
    assert labelled(pictures, tables)[0] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("text", ["", "\n\n", "a", ",,,\n,,,", "0.png,a", "file,x,z\n0.png,1,2\n1.png,1,2\n2.png,1,2", "\0" * 50,
                                  b"\xff\xfe\x00", '"', "head\nx,0.png\ny,1.png\nx,2.png", "0.png\n1.png\n2.png\n3.png"])  # fmt: skip
def test_another_text_is_no_table_of_labels(text):
    assert told(text) is None


# --- pixels -----------------------------------------------------------------------------------------------------------

DIGITS = load_digits()
PIXELS, DIGIT = DIGITS.images[:50].reshape(50, 64).astype(int), DIGITS.target[:50]


def folded(usage: str = "", head: str = "emotion,pixels", values=PIXELS) -> bytes:
    rows = [f'{digit},"{" ".join(map(str, row))}"' for row, digit in zip(values, DIGIT, strict=True)]
    ends = usage.split() or [""]
    rows = [row + ("," + ends[k % len(ends)] if usage else "") for k, row in enumerate(rows)]
    return "\n".join([head + ",Usage" * bool(usage)] * bool(head) + rows).encode()


def table(values=PIXELS, separator: str = ",", head: str = "", label: int = 0) -> bytes:
    rows = [
        np.insert(row.astype(object), label if label >= 0 else 64, digit)
        for row, digit in zip(values, DIGIT, strict=True)
    ]
    return (head + "\n".join(separator.join(map(str, row)) for row in rows)).encode()


GREY = np.round(PIXELS * 255 / 16).astype(int)
HEAD = "label," + ",".join(f"pixel{k}" for k in range(64)) + "\n"


def saved_by_numpy(values: np.ndarray, **options: str) -> bytes:
    file = io.BytesIO()
    np.savetxt(file, values, **options)
    return file.getvalue()


COUNTED = ",".join(map(str, range(64)))
FROM_1 = ",".join(map(str, range(1, 65)))
INDEXED = b"".join(b"%d,%s\n" % (k, row) for k, row in enumerate(table(GREY).splitlines()))
TABLES = {
    "0 to 16": table(),
    "0 to 255": table(GREY),
    "0 to 1": table(PIXELS / 16),
    "header": table(GREY, head=HEAD),
    "label last, by its name": table(GREY, head=HEAD[6:-1] + ",label\n", label=-1),
    "label last, because the first corner never changes": table(GREY * (np.arange(64) > 0), label=-1),
    "semicolons": table(GREY, ";"),
    "tabs and a mark": b"\xef\xbb\xbf" + table(GREY, "\t"),
    "an index, as pandas writes it": b"," + table(GREY, head=HEAD).replace(b"\n", b"\n7,"),
    "packed": gzip.compress(table(GREY, head=HEAD)),
    "spaces": table(GREY, " "),
    "spaces, as NumPy writes floats": saved_by_numpy(np.column_stack([DIGIT, GREY])),
    "commas and a header, as NumPy writes them": saved_by_numpy(
        np.column_stack([GREY, DIGIT]), fmt="%d", delimiter=",", header=HEAD[6:-1] + ",label"
    ),
    "what stands above": b'# made by hand, 2024\n\n"sep=,"\r\n' + table(GREY, head=HEAD),
    "a separator for spreadsheets": b"SEP=;\n" + table(GREY, ";"),
    "UTF-16": table(GREY, head=HEAD).decode().encode("utf-16"),
    "UTF-16, the other way around": b"\xfe\xff" + table(GREY, "\t").decode().encode("utf-16-be"),
    "pixels counted from 0": table(GREY, head=f"label,{COUNTED}\n"),
    "pixels counted from 1": table(GREY, head=f"class,{FROM_1}\n"),
    "pixels counted, label last": table(GREY, head=f"{COUNTED},label\n", label=-1),
    "pixels counted, and an index": f",label,{COUNTED}\n".encode() + INDEXED,
    "pixels counted, and an index with a name": f"Unnamed: 0,label,{COUNTED}\n".encode() + INDEXED,
    "all columns counted": table(GREY, head=f"{COUNTED},64\n"),
    "all columns counted, and an index": f",{COUNTED},64\n".encode() + INDEXED,
    "all pixels in one cell": folded(),
    "all pixels in one cell, no header": folded(head=""),
    "all pixels in one cell, and a use": folded("Training"),
    "in a zip": zipped([("__MACOSX/._d.csv", b"x"), ("digits.csv", table(GREY, head=HEAD))]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_table_of_pixels_in_many_spellings(case):
    found = read_upload(TABLES[case])
    assert found.whole_set and not found.left_out and found.classes == tuple("0123456789")
    assert list(found.labels) == DIGIT.tolist()
    wanted = GREY * (np.arange(64) > 0) if "corner" in case else GREY
    np.testing.assert_allclose(np.stack(found.pictures).reshape(50, 64), wanted, atol=0.51)


@pytest.mark.parametrize(
    ("usage", "parts"),
    [("Training PublicTest PrivateTest", [LEARN, TEST, TEST]), ("train test", [LEARN, TEST]), ("Training", [NEITHER]),
     ("a b", [NEITHER, NEITHER]), ("train val test x", [LEARN, LEARN, TEST, NEITHER])],
)  # fmt: skip
def test_a_column_of_the_use_divides_the_rows(usage, parts):
    found = read_upload(folded(usage))
    assert list(found.parts) == [parts[k % len(parts)] for k in range(50)] and list(found.labels) == DIGIT.tolist()


def test_two_tables_called_as_the_parts_divide_their_rows():
    head, *rows = table(GREY, head=HEAD).splitlines(keepends=True)
    both = {"mnist_train.csv": head + b"".join(rows[:30]), "mnist_test.csv": head + b"".join(rows[30:])}
    found = read_upload(zipped([*both.items(), ("readme.md", b"x")]))
    assert found.left_out == {"not a picture": 1} and found.classes == tuple("0123456789")
    assert list(found.parts) == [TEST] * 20 + [LEARN] * 30, "in the order of the names"
    assert list(found.labels) == [*DIGIT[30:], *DIGIT[:30]]
    np.testing.assert_array_equal(np.stack(found.pictures).reshape(50, 64), np.concatenate([GREY[30:], GREY[:30]]))


@pytest.mark.parametrize("beside", ["readme.txt", "LICENSE", "labels.txt"])
def test_a_table_beside_other_texts_is_read(beside):
    found = read_upload(zipped([("digits.csv", table(GREY, head=HEAD)), (beside, b"MIT, or so,\nas you like")]))
    assert len(found.pictures) == 50 and found.left_out == {"not a picture": 1}


@pytest.mark.parametrize("text", ["0 1 2\n3 4 5\n", "one\ntwo\n", "label|0|1\n3|4|5\n"])
@pytest.mark.parametrize("how", ["plain", "UTF-16", "packed", "zip"])
def test_a_text_that_is_not_understood_gets_a_sentence_about_tables(text, how):
    data = text.encode("utf-16" if how == "UTF-16" else "utf-8")
    data = gzip.compress(data) if how == "packed" else zipped([("a.csv", data)]) if how == "zip" else data
    with pytest.raises(PictureError) as caught:
        read_upload(data)
    assert str(caught.value) == SENTENCES["table"]


@pytest.mark.parametrize(
    "tables",
    [{"a.csv": table(), "b.csv": table()}, {"train.csv": table(), "test.csv": b"\n"}, {"train.csv": table(), "test.csv": table(), "more.csv": table()},
     {"train.csv": table(GREY, head=HEAD), "test.csv": table(GREY, head=HEAD[6:-1] + ",label\n", label=-1)}],
)  # fmt: skip
def test_other_tables_in_a_zip_are_a_sentence(tables):
    with pytest.raises(PictureError, match=f"This zip holds {len(tables)} CSVs and no pictures: one is taken"):
        read_upload(zipped([*tables.items()]))


def test_rows_without_labels_are_pictures_without_classes():
    found = read_upload("\n".join(",".join(map(str, row)) for row in GREY).encode())
    assert len(found.pictures) == 50 and found.classes == () and found.pictures[0].shape == (8, 8, 1)


@pytest.mark.parametrize("index", ["", "index", None])
def test_counted_pixels_without_labels_are_no_picture(index):
    rows = [",".join(map(str, row if index is None else [k, *row])) for k, row in enumerate(GREY)]
    head = COUNTED if index is None else f"{index},{COUNTED}"
    found = read_upload("\n".join([head, *rows]).encode())
    assert found.classes == () and not found.left_out
    np.testing.assert_array_equal(np.stack(found.pictures).reshape(50, 64), GREY)


def test_of_too_many_rows_every_class_keeps_its_share():
    rows = [f"{k // 1000}," + ",".join([str(k % 256)] * 16) for k in range(5000)]
    found = read_upload("\n".join(rows).encode())
    assert found.left_out == {"too many": 3000} and np.bincount(found.labels).tolist() == [400] * 5


def test_a_row_that_is_not_all_numbers_is_left_out():
    found = read_upload(table(GREY).replace(b"\n1,", b"\n1,?", 1).replace(b"\n2,", b"\n2,nan", 1))
    assert found.left_out == {"cannot be read": 2} and len(found.pictures) == 48


FAINT = {
    "0 to 31": (np.round(PIXELS * 31 / 16).astype(int), {}, "from 0 to 31 of 255, .*; multiply them by 8, bring"),
    "224 to 255": (224 + PIXELS, {}, "from 224 to 240 of 255, .*; spread them over 0 to 255, bring"),
    "turned around": (PIXELS * 2, {"negative": True}, "from 223 to 255 of 255, .*; spread them over 0 to 255, bring"),
    "most alone": (
        np.where(np.arange(50)[:, None] < 20, GREY, PIXELS + 100),
        {},
        "30 of them are nearly of one grey, their values less than 26 of 255 apart: .*; bring ones that show more",
    ),
}


@pytest.mark.parametrize("case", FAINT)
def test_pictures_that_show_next_to_nothing_are_kept_with_a_word_about_it(case):
    values, knobs, sentence = FAINT[case]
    assert re.search(sentence, import_set(read_upload(table(values)), Turning(side=8, **knobs)).sentence)


def test_masks_of_0_and_1_are_told_and_pictures_that_show_something_are_not():
    masks = [(f"{k % 2}/{k}.png", grey_png(np.arange(64).reshape(8, 8) % (k + 2) == 0)) for k in range(44)]
    made = import_set(read_upload(zipped(masks)), Turning(side=8))
    assert "from 0 to 1 of 255, and a network learns next to nothing from them; multiply them by 255," in made.sentence
    for values in (PIXELS, GREY, PIXELS / 16, GREY // 4):
        assert "grey" not in import_set(read_upload(table(values)), Turning(side=8)).sentence


def grey_png(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


REFUSED = {
    "no square": (
        b"\n".join([b",".join([b"1"] * 31)] * 50),
        "This CSV has 31 grey levels in a row: that must be a square",
    ),
    "no square beside a label": (
        "\n".join(",".join(map(str, [k % 3] + [1] * 768)) for k in range(50)).encode(),
        "This CSV has 768 grey levels in a row: that must be a square",
    ),
    "decimal commas": (table(PIXELS / 16, ";").replace(b".", b","), "This CSV has commas in its numbers, as 0,5"),
    "two columns": (b"1,2\n3,4\n", "This CSV has 1 grey levels in a row"),
    "decimal commas and tabs": (table(PIXELS / 16, "\t").replace(b".", b","), "This CSV has commas in its numbers"),
    "decimal commas and a header": (
        table(PIXELS / 16, ";", head=HEAD.replace(",", ";")).replace(b".", b","),
        "This CSV has commas in its numbers, as 0,5",
    ),
    "a row too short": (table(GREY) + b"\n1,2,3", "Line 51 of this CSV has 3 columns: it must have 65"),
    "too bright": (table(GREY * 257), "This CSV has the grey level 65535: all must be from 0 to 255"),
    "negative": (table(PIXELS / 16 - 0.5), "This CSV has the grey level -0.5: all must be from 0 to 255"),
    "labels alone": (b"file,label\n1.png,a\n2.png,b\n", "This CSV has 1 grey levels in a row"),
    "a cell with too few pixels": (
        b'emotion,pixels\n1,"' + b" ".join([b"7"] * 15) + b'"\n2,"' + b" ".join([b"7"] * 16) + b'"',
        "Line 2 of this CSV has 16 columns: it must have 17",
    ),
    "a row too short, below what stands above": (
        b"sep=,\n# x\n" + table(GREY) + b"\n1,2,3",
        "Line 53 of this CSV has 3 columns: it must have 65",
    ),
    "no rows": (HEAD.encode(), "This CSV has no row of numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_table_is_refused_with_what_it_has(case):
    with pytest.raises(PictureError) as caught:
        read_upload(REFUSED[case][0])
    assert str(caught.value).startswith(REFUSED[case][1]) and "\n" not in str(caught.value)
