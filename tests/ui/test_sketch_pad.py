"""What the sketch pad sends is checked, framed, and kept in the address as a short text."""

import base64

import numpy as np
import pytest

from ui.components.sketch_pad.sketch_pad import fineness, read_drawing
from ui.controls.sketching import read, written


def runs(*pairs):
    return base64.b64encode(bytes(value for pair in pairs for value in pair)).decode()


def sent(ink, **changes):
    return {"ink": ink, "size": [112, 112], "origin": "drawing", "picture": -1, "done": True, **changes}


FULL = 112 * 112
BLACK = runs(*[(255, 0)] * (FULL // 255), (FULL % 255, 0))


def test_runs_of_bytes_become_ink():
    ink = runs(*[(255, 0)] * 49, (FULL - 49 * 255 - 1, 51), (1, 255))
    made = read_drawing(sent(ink, origin="picture", picture=3, done=False), 8, 8)
    assert made.ink.shape == (112, 112) and made.ink.dtype == np.float32
    assert made.ink[-1, -1] == 1 and made.ink[-1, -2] == pytest.approx(0.2) and made.ink[0].sum() == 0
    assert (made.whole_picture, made.example, made.done) == (True, 3, False)


@pytest.mark.parametrize(
    "state",
    [
        None, {}, "x", 7, [], {"ink": BLACK}, sent(7), sent(None), sent("not base64!"), sent("é" * 9), sent(BLACK[:-8]),
        sent(BLACK + BLACK), sent("A" * 10_000_000), sent(BLACK, size=[28, 28]), sent(BLACK, size="112"),
        sent(BLACK, picture="1"), sent(runs((FULL % 255, 0)) + "AA"),
    ],
)  # fmt: skip
def test_nothing_that_a_browser_sends_is_believed(state):
    assert read_drawing(state, 8, 8) is None


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (32, 32), (64, 64), (9, 13)])
def test_a_drawing_in_the_address_comes_back_in_sixteen_greys(shape):
    picture = np.random.default_rng(0).random(shape)
    again = read(written(picture), *shape)
    assert again.shape == shape and again.dtype == np.uint8
    assert np.abs(again / 255 - picture).max() <= 0.5 / 15 + 1e-6
    again = read(written(again / 255), *shape)
    assert (again == read(written(picture), *shape)).all()  # opened and sent on, it stays as it is
    assert fineness(*shape) * min(shape) >= 72


def test_the_address_of_a_usual_drawing_is_short(mnist):
    assert max(len(written(picture.numpy())) for picture in mnist.test.images[:50, 0]) < 400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "28x28.",
        "8x8.AAAA",
        "28x28.eNpjyN3EwHxtnQADQzwDA8cPCGbwF2A_Nt-AsXYTAwCFXAhB",
        "8x8." + "A" * 99999,
        "8x8.é",
    ],
)
def test_another_text_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="must be one of 8x8 pixels"):
        read(text, 8, 8)


def test_a_text_that_inflates_to_much_is_not_inflated():
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(50_000), 9)).decode()
    with pytest.raises(ValueError, match="must be"):
        read("8x8." + bomb, 8, 8)
