"""Uploads: every kind of picture comes out upright and right, and nothing that is sent can hurt or is believed."""

import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
import torch
from own_zips import deflated, locked, zipped
from PIL import Image

from ae_core.datasets import DATASETS
from ae_core.datasets.framing import ink_box
from ae_core.pictures import decoder, decoding, upload
from ae_core.pictures.names import NO_CLASS
from ae_core.pictures.shaping import FITS, crop_box, dark_on_light, fitted, on_dark, with_channels
from ae_core.pictures.upload import SENTENCES, PictureError, left_out_words, read_upload


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def refusal(data):
    with pytest.raises(PictureError) as caught:
        read_upload(data)
    return str(caught.value)


def halves(left, right, size=(60, 40)):
    """A picture whose left and right half have one colour each."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


RED_BLUE = halves("red", "blue")


# --- what is taken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {"quality": 95}), ("WEBP", {"lossless": True}), ("BMP", {}), ("GIF", {})],
)
def test_each_kind_of_file_is_decoded(kind, options):
    (picture,) = read_upload(saved(RED_BLUE, kind, **options)).pictures
    assert picture.shape == (40, 60, 3)
    assert np.abs(picture[20, 10].astype(int) - [255, 0, 0]).max() < 12
    assert np.abs(picture[20, 50].astype(int) - [0, 0, 255]).max() < 12


def test_a_large_picture_is_made_small_and_its_colours_are_kept():
    (picture,) = read_upload(saved(halves("red", "blue", (4000, 3000)), "JPEG")).pictures
    assert picture.shape == (192, 256, 3)
    assert picture[100, 30, 0] > 240 and picture[100, 220, 2] > 240


def test_sixteen_bits_of_grey_are_scaled_not_cut():
    ramp = Image.fromarray(np.array([[0, 257 * 64, 257 * 128, 65535]], np.uint16))
    assert ramp.mode == "I;16"
    (picture,) = read_upload(saved(ramp)).pictures
    assert np.abs(picture[0, :, 0].astype(int) - [0, 64, 128, 255]).max() <= 1


def test_ink_for_printing_becomes_light_for_a_screen():
    (picture,) = read_upload(saved(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG", quality=95)).pictures
    assert picture.shape[2] == 3 and picture[9, 9, 0] > 180 and picture[9, 9, 1:].max() < 70


def test_what_is_transparent_is_white_in_a_palette_and_in_rgba():
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([255, 0, 0, 0, 0, 0])
    palette.putpixel((0, 0), 1)
    clear = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    for data in (saved(palette, transparency=0), saved(palette, "GIF", transparency=0), saved(clear)):
        (picture,) = read_upload(data).pictures
        assert (picture[5, 5] == 255).all()
    (picture,) = read_upload(saved(palette, transparency=0)).pictures
    assert (picture[0, 0] == 0).all()


def test_a_photograph_is_turned_upright_by_its_exif():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    (picture,) = read_upload(saved(RED_BLUE, "JPEG", exif=exif, quality=95)).pictures
    assert picture.shape == (60, 40, 3)
    assert picture[5, 20, 0] > 200 and picture[55, 20, 2] > 200  # what was left is now on top


def test_of_a_moving_picture_the_first_frame():
    frames = [Image.new("RGB", (12, 12), colour) for colour in ("lime", "red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        (picture,) = read_upload(data).pictures
        assert picture[6, 6, 1] > 230 and picture[6, 6, 0] < 30


# --- what is refused, each with its sentence --------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.02, 0.4, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_file_that_is_cut_off(kind, share):
    whole = saved(Image.effect_noise((120, 90), 60).convert("RGB"), kind)
    assert refusal(whole[: int(share * len(whole))]) in (SENTENCES["broken"], SENTENCES["type"])


@pytest.mark.parametrize(
    "data",
    [b"hello", b"\x00" * 999, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", saved(RED_BLUE, "TIFF"),
     saved(RED_BLUE, "ICO"), b"\x80\x04\x95.", b"MM\x00*" * 50, b"%!PS-Adobe-3.0 EPSF-3.0\n"],
)  # fmt: skip
def test_another_kind_of_file(data):
    assert refusal(data) == SENTENCES["type"]


def test_an_empty_file():
    assert refusal(b"") == SENTENCES["nothing"]


def png_that_claims(width, height):
    """The head of a PNG of any size, with a body of a few bytes."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(4001, 4000), (100_000, 100_000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_huge_dimensions_are_refused_before_any_memory_is_taken(size):
    assert refusal(png_that_claims(*size)) == SENTENCES["pixels"]


def test_a_picture_that_unpacks_to_far_more_than_it_is():
    bomb = saved(Image.new("1", (20_000, 20_000)))
    assert len(bomb) < 60_000
    assert refusal(bomb) == SENTENCES["pixels"]


def test_a_picture_of_16_megapixels_is_still_taken():
    assert read_upload(saved(Image.new("L", (4000, 4000)), compress_level=1)).pictures[0].shape == (256, 256, 1)


def test_more_than_20_megabytes():
    assert refusal(b"\x89PNG\r\n\x1a\n" + bytes(20_000_000)) == SENTENCES["bytes"]


def test_a_decoder_without_memory_or_time_is_ended_and_explained(monkeypatch, tmp_path):
    for body in ("bytearray(2_000_000_000)", "while True: pass"):
        script = tmp_path / "decoder.py"
        script.write_text(
            f"from ae_core.pictures import decoder\ndecoder.SECONDS = 1\ndecoder.limit_this_process()\n{body}\n"
        )
        monkeypatch.setattr(upload, "DECODER", script)
        assert refusal(saved(RED_BLUE)) == SENTENCES["limits"]


def test_a_decoder_that_sleeps_is_ended_too(monkeypatch, tmp_path):
    script = tmp_path / "decoder.py"
    script.write_text("import threading\nthreading.Event().wait()\n")
    monkeypatch.setattr(upload, "DECODER", script)
    monkeypatch.setattr(upload, "WAIT_S", 0.2)
    assert refusal(saved(RED_BLUE)) == SENTENCES["limits"]


@pytest.mark.parametrize(
    "answer",
    [
        {"pictures": [[1, 1, 1]] * 9, "skipped": 0}, {"pictures": [[10**9, 10**9, 3]], "skipped": 0}, [], 7, "x",
        {"pictures": [[-1, 4, 3]], "skipped": 0}, {"pictures": [["a", 1, 1]], "skipped": 0}, {"pictures": []}, {},
        {"pictures": [[1.5, 2, 1]], "skipped": 0}, {"error": "<b>mine</b>"}, {"error": ["x"]},
    ],
)  # fmt: skip
def test_not_even_the_answer_of_the_decoder_is_believed(monkeypatch, answer):
    monkeypatch.setattr(upload, "_decoded", lambda data: json.dumps(answer).encode() + b"\nabc")
    assert refusal(b"anything") in SENTENCES.values()


def test_the_decoder_may_open_no_file_and_write_none(tmp_path):
    script = (
        f"import sys; sys.path.insert(0, {str(decoding.ROOT)!r})\nfrom ae_core.pictures import decoder\n"
        "decoder.limit_this_process()\nfiles = []\n"
        f"open({str(tmp_path / 'x')!r}, 'wb', buffering=0).write(b'mine')"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", script], check=False, capture_output=True)
    assert ended.returncode != 0
    assert not (tmp_path / "x").exists() or (tmp_path / "x").read_bytes() == b""


def test_every_sentence_says_what_the_rule_is():
    for sentence in SENTENCES.values():
        assert sentence.endswith(".") and any(word in sentence for word in ("taken", "allowed", "must", "may"))
        assert "\n" not in sentence


# --- zips -------------------------------------------------------------------------------------------------------------


def test_a_zip_gives_its_pictures_and_counts_the_rest():
    data = deflated([
        ("a/1.png", saved(RED_BLUE)), ("a/", b""), ("readme.txt", b"hello"), ("b.jpg", saved(RED_BLUE, "JPEG")),
        ("lies.png", b"GIF89a"), ("inner.zip", deflated([("c.png", saved(RED_BLUE))])), ("big.png", saved(Image.new("RGB", (640, 480)))),
    ])  # fmt: skip
    upload = read_upload(data)
    assert [picture.shape for picture in upload.pictures] == [(40, 60, 3), (40, 60, 3), (64, 85, 3)]
    assert upload.labels == (NO_CLASS,) * 3, "one folder is no classes"
    assert upload.left_out == {"not a picture": 2, "cannot be read": 1}
    assert (
        left_out_words(upload.left_out)
        == "Left out: 2 not a picture, 1 cannot be read (damaged, locked, or not packed as Deflate, the ordinary way; "
        "zip it again so)."
    )
    assert left_out_words({}) == "" and upload.whole_set


def test_names_in_a_zip_are_never_used(tmp_path, monkeypatch):
    names = [
        "../../evil.png",
        "/etc/passwd",
        "C:\\evil.png",
        "x" * 5000,
        "a\x00.png",
        "<script>.png",
        "con.png",
        "..",
        "a.png",
    ]
    monkeypatch.chdir(tmp_path)
    upload = read_upload(deflated([(name, saved(RED_BLUE)) for name in names]))
    assert len(upload.pictures) == len(names)
    assert list(tmp_path.iterdir()) == []


def test_a_zip_bomb_is_stopped_while_it_inflates():
    data = deflated(
        [(f"{i}.png", b"\x89PNG\r\n\x1a\n" + bytes(19_000_000)) for i in range(12)]
    )  # 228 MB in a quarter of a megabyte
    assert len(data) < 300_000
    assert refusal(data) == SENTENCES["inflated"]


def test_one_file_of_a_zip_that_is_too_large_is_left_out():
    upload = read_upload(deflated([("huge.png", b"BM" + bytes(21_000_000)), ("good.png", saved(RED_BLUE))]))
    assert (len(upload.pictures), upload.left_out) == (1, {"too large": 1})


def test_a_size_that_a_zip_claims_is_not_believed():
    data = bytearray(deflated([("a.png", bytes(1_000_000))]))
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)  # the list says 10 bytes
    assert refusal(bytes(data)) == SENTENCES["empty"]


def test_too_many_names_a_broken_list_and_nothing_in_it():
    assert refusal(deflated([(str(i), b"") for i in range(10_001)])) == SENTENCES["entries"]
    whole = deflated([("a.png", saved(RED_BLUE))])
    assert refusal(whole[:-30]) == SENTENCES["broken"]
    assert refusal(deflated([("a.txt", b"a")])) == SENTENCES["empty"]
    assert refusal(deflated([])) == SENTENCES["empty"]


def test_no_more_pictures_than_allowed(monkeypatch):
    monkeypatch.setattr(decoder, "PICTURES", 3)
    found = decoder.pictures_of_zip(deflated([(f"{i}", saved(RED_BLUE)) for i in range(5)]))
    assert (len(found.pictures), found.left_out) == (3, {"too many": 2})


def appended(data: bytes, inside: list[tuple[str, bytes]]) -> bytes:
    """A zip with more files, packed in the ordinary way."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside:
            archive.writestr(name, content)
    return file.getvalue()


def test_locked_and_oddly_packed_files_are_left_out():
    inside = [("odd.png", saved(RED_BLUE))]
    readme = [("a.txt", b"hello")]
    for way in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        assert refusal(zipped(inside, way)) == SENTENCES["packing"]
        assert refusal(appended(zipped(inside, way), readme)) == SENTENCES["packing"]
        mixed = read_upload(appended(zipped(inside, way), [("plain.png", saved(RED_BLUE))]))
        assert mixed.left_out == {"cannot be read": 1} and "zip it again" in left_out_words(mixed.left_out)
    assert refusal(locked(deflated(inside))) == SENTENCES["locked"]


# --- to the shape of a model ------------------------------------------------------------------------------------------


def test_a_picture_becomes_grey_as_everywhere_and_the_crop_is_the_middle():
    picture = np.asarray(halves("red", "lime", (60, 40)))
    grey = with_channels(picture, 1)
    assert grey.shape == (1, 40, 60)
    assert np.allclose(grey[0].numpy() * 255, np.asarray(Image.fromarray(picture).convert("L")), atol=1)
    assert with_channels(picture[..., :1], 3).shape == (3, 40, 60)
    assert crop_box(40, 60, (1, 28, 28)) == (0, 10, 40, 40)
    assert crop_box(300, 100, (1, 28, 28)) == (100, 0, 100, 100)


@pytest.mark.parametrize("how", FITS)
@pytest.mark.parametrize("size", [(1, 1), (256, 1), (3, 256), (40, 60), (256, 256)])
def test_every_picture_fits_every_data_set(how, size):
    picture = torch.rand(1, *size, generator=torch.Generator().manual_seed(0))
    for data in DATASETS.values():
        for invert in (False, True):
            x = fitted(picture, data, how, invert)
            assert x.shape == (1, *data.shape) and x.isfinite().all() and x.min() >= 0 and x.max() <= 1


def test_ink_on_paper_is_recognised_and_comes_out_like_mnist():
    paper = torch.full((1, 200, 120), 0.9)
    paper[0, 20:180, 50:70] = 0.1  # a stroke in dark ink
    assert dark_on_light(paper) and not dark_on_light(1 - paper)
    x = fitted(paper, DATASETS["mnist"], "framed", invert=True)[0, 0]
    assert x.max() > 0.99 and ink_box(x)[1] - ink_box(x)[0] == 20
    bars = fitted(paper, DATASETS["mnist"], "whole", invert=True)[0, 0]
    assert bars[:, 0].std() < 1e-6 and abs(float(bars[0, 0]) - 0.1) < 1e-5  # the bars have the colour of the paper


def test_the_data_sets_that_come_along_are_light_on_dark():
    assert on_dark(DATASETS["digits"]) and on_dark(DATASETS["shapes"])


def test_a_zip_of_nothing_but_too_large_pictures_is_told_so():
    huge = saved(Image.new("1", (5000, 5000)))
    assert refusal(deflated([("a/1.png", huge), ("b/1.png", huge), ("readme.txt", b"x")])) == SENTENCES["all large"]
