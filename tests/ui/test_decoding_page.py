"""What a visitor sees of a decoding: how far it is, the line for a place, a stop, and one sentence where it is
refused.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
from app_page import open_page
from own_zips import files, picture, zipped

from ae_core.pictures.decoding import Decoding
from ae_core.pictures.upload import SENTENCES
from ui.results import decoding


class Held(Decoding):
    """A decoding that goes on when the test wants it to; `waiting` is how many are before it."""

    made: ClassVar[list[Held]] = []
    waiting = 0

    def begin(self):
        Held.made.append(self)
        return self

    @property
    def ahead(self):
        return self.waiting

    def answered(self):
        """Let it be decoded now."""
        super().begin().ended.wait()


@pytest.fixture
def held(monkeypatch):
    monkeypatch.setattr(decoding, "GRACE_S", 0.0)
    monkeypatch.setattr("ae_core.pictures.upload.Decoding", Held)
    monkeypatch.setattr(Held, "made", [])
    return Held.made


def bring(app, content, name="p.zip", key="upload"):
    return app.file_uploader(key=key).upload(name, content, "application/zip").run()


def bar(app):
    return [element.proto.text for element in app.get("progress")]


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def test_the_page_is_there_while_a_file_is_decoded_and_the_file_then(held):
    app = bring(open_page("reconstruct", section="upload"), zipped(files(12)))
    assert bar(app) == ["Decoding …"] and "Until then, a test picture stands here." in app.info[0].value
    (one,) = held
    one.done, one.of, one._began = 6, 12, one._looked - 5
    app.run()
    assert held == [one] and bar(app)[0].startswith("Decoding: 6 of 12 pictures · about ")
    assert app.get("progress")[0].proto.value == 50
    one.answered()
    app.run()
    assert not bar(app) and not app.info and app.slider(key="upload_picture").max == 12 and held == [one]


def test_who_waits_for_a_place_is_told_how_many_are_before(held, monkeypatch):
    monkeypatch.setattr(Held, "waiting", 2)
    app = bring(open_page("train"), zipped(files(12)), key="own_zip")
    assert bar(app) == ["Waiting for a free place: 2 files are decoded at a time, and 2 must end before yours"]


def test_a_stop_ends_it_and_it_can_be_decoded_after_all(held):
    app = press(bring(open_page("compare", source="upload"), picture(0), "p.png"), "Stop")
    assert held[0].stopped and not bar(app) and "Decoding: stopped." in [text.value for text in app.markdown]
    press(app, "Decode it")
    assert len(held) == 2 and bar(app) == ["Decoding …"] and not held[1].stopped


def test_another_file_or_none_ends_it(held):
    app = bring(open_page("denoise", source="upload"), picture(0), "p.png")
    bring(app, picture(1), "q.png")
    assert [one.stopped for one in held] == [True, False]
    app.file_uploader(key="upload").set_value([]).run()
    assert held[1].stopped and not bar(app)


def test_who_comes_back_after_nobody_looked_begins_again(held):
    app = bring(open_page("reconstruct", section="upload"), picture(0), "p.png")
    held[0].gone = True
    held[0].ended.set()
    app.run()
    assert len(held) == 2 and bar(app) == ["Decoding …"]


def test_a_refused_file_is_refused_once_and_the_sentence_stays(held):
    app = bring(open_page("reconstruct", section="upload"), b"hello", "p.png")
    held[0].answered()
    for _ in range(2):
        app.run()
        assert [error.value for error in app.error] == [SENTENCES["type"]] and len(held) == 1
