"""A file that is decoded: news of it, a line for a place, a stop that ends the process, and an end when nobody
looks.
"""

from __future__ import annotations

import io
import json
import os
import textwrap
import time

import pytest
from own_zips import files, picture, zipped
from PIL import Image
from processes import gone

from ae_core.pictures import decoder, modes, upload
from ae_core.pictures import decoding as module
from ae_core.pictures.decoding import Decoding
from ae_core.pictures.upload import PictureError, decoding, read_upload, upload_of

LONG_S = 30.0
ANSWER = json.dumps({"pictures": [[1, 1, 1]], "folders": [0], "skipped": 0})


def until(happened):
    """Wait for a state, and give what it is."""
    end = time.monotonic() + LONG_S
    while not (found := happened()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)
    return found


@pytest.fixture
def held(tmp_path):
    """Makes decodings whose process says what it is told to and then waits until `go` exists; and that file."""
    go, made = tmp_path / "go", []

    def begin(says="", silence_s=LONG_S, gone_s=None, after=""):
        program = tmp_path / f"{len(made)}.py"
        body = f"""
            import os, sys, time
            def say(text):
                sys.stdout.write(text + chr(10))
                sys.stdout.flush()
            {says}
            while not os.path.exists({str(go)!r}):
                time.sleep(0.005)
                {after or "pass"}
            say({ANSWER!r})
            sys.stdout.write("x")
        """
        program.write_text(textwrap.dedent(body))
        made.append(Decoding(b"a file", program, silence_s, gone_s).begin())
        return made[-1]

    yield begin, go
    for one in made:
        one.stop()
        assert one.ended.wait(LONG_S)
    assert module._line == []


def pid_of(one):
    return until(lambda: one._process).pid


def test_its_news_come_while_it_goes_on_and_then_its_answer(held):
    begin, go = held
    one = begin("""say('{"done": 3, "of": 12}')""")
    until(lambda: one.done)
    assert (one.done, one.of) == (3, 12) and not one.ended.is_set() and one.ahead == 0
    assert one.left == pytest.approx(3 * (time.monotonic() - one._began), rel=0.2)
    go.touch()
    assert one.ended.wait(LONG_S) and one.answer == ANSWER.encode() + b"\nx"


def test_two_at_a_time_and_the_others_in_the_order_in_which_they_came(held):
    begin, _ = held
    first, second, third, fourth = (begin() for _ in range(4))
    pid_of(first), pid_of(second)
    assert [one.ahead for one in (first, second, third, fourth)] == [0, 0, 1, 2]
    assert third._process is None and third.left is None
    first.stop()
    pid_of(third)
    assert fourth.ahead == 1 and fourth._process is None
    fourth.stop()
    assert fourth.ended.wait(LONG_S) and fourth._process is None, "who waits is stopped without ever having begun"


def test_a_stop_ends_the_process_at_once(held):
    begin, _ = held
    one = begin()
    pid = pid_of(one)
    one.stop()
    until(lambda: gone(pid))
    assert one.ended.wait(LONG_S) and one.stopped and one.answer == b""


def test_it_ends_when_nobody_looks_any_more_and_goes_on_while_somebody_does(held):
    begin, _ = held
    watched, left = begin(gone_s=2.0), begin(gone_s=0.2)
    pid = pid_of(left)
    while not left.ended.is_set():
        watched.look()
        left.ended.wait(0.01)
    assert left.gone and not left.stopped and gone(pid)
    assert not watched.ended.is_set() and not watched.gone
    waiting = [begin(), begin(gone_s=0.1)][1]
    assert waiting.ended.wait(LONG_S) and waiting.gone and waiting._process is None


def test_silence_is_ended_and_news_are_no_silence(held):
    begin, go = held
    silent = begin(silence_s=0.3)
    talks = begin("n = 0", silence_s=LONG_S / 4, after="""n += 1; say('{"done": %d, "of": 100000}' % n)""")
    assert silent.ended.wait(LONG_S) and not talks.ended.is_set() and silent.answer == b""
    until(lambda: talks.done > 10)
    go.touch()
    assert talks.ended.wait(LONG_S) and talks.answer


def test_nothing_it_says_keeps_it_for_ever(held, monkeypatch):
    monkeypatch.setattr(module, "IN_ALL", 0.02)
    begin, _ = held
    talks = begin("n = 0", after="""n += 1; say('{"done": %d, "of": 100000}' % n)""")
    assert talks.ended.wait(LONG_S) and talks.answer == b""


@pytest.mark.parametrize(
    "line",
    ['{"done": 5, "of": 3}', '{"done": -1, "of": 3}', '{"done": 0, "of": 0}', '{"done": 1, "of": 1e9}', '{"done": "<b>", "of": 2}',
     '{"done": 1, "of": 999999999}', '{"done": 1, "of": 2, "more": 3}', '{"done": 1' + " " * 200 + ', "of": 2}', "[1, 2]", "[" * 90],
)  # fmt: skip
def test_news_that_cannot_be_are_the_answer_and_that_is_refused(held, line):
    begin, go = held
    go.touch()
    one = begin(f"say({line!r})")
    assert one.ended.wait(LONG_S) and (one.done, one.of) == (0, 0)
    with pytest.raises(PictureError):
        upload_of(one.answer)


def test_an_answer_without_end_is_cut_off(held, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    begin, go = held
    go.touch()
    one = begin("say('x' * 100_000)")
    assert one.ended.wait(LONG_S) and one.answer == b""


def test_a_machine_without_room_for_a_process_is_one_sentence(monkeypatch):
    def full(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(module.subprocess, "Popen", full)
    with pytest.raises(PictureError, match="needs more memory or time"):
        read_upload(picture(0))


def test_a_zip_tells_of_its_pictures_and_one_at_a_time(monkeypatch):
    told = []
    monkeypatch.setattr(decoder, "TELLING", True)
    monkeypatch.setattr(decoder, "tell", lambda done, of: told.append((done, of)))
    decoder.answer(zipped([*files(5), ("readme.txt", b"text")]))
    assert told == [(k, 5) for k in range(5)]
    one = decoding(zipped(files(5))).begin()
    assert one.ended.wait(LONG_S) and (one.done, one.of) == (4, 5)
    assert len(upload_of(one.answer).pictures) == 5


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system knows no niceness")
def test_the_decoder_lets_pages_go_first(tmp_path, monkeypatch):
    script = tmp_path / "decoder.py"
    script.write_text(
        "import os\nfrom ae_core.pictures import decoder\n"
        "decoder.limit_this_process()\n"
        'print(\'{"done": %d, "of": 20}\' % os.getpriority(os.PRIO_PROCESS, 0), flush=True)\n'
    )
    monkeypatch.setattr(upload, "DECODER", script)
    one = decoding(b"anything").begin()
    assert one.ended.wait(LONG_S)
    assert one.done == min(19, os.getpriority(os.PRIO_PROCESS, 0) + decoder.NICE) and decoder.NICE >= 10


def test_large_pictures_are_made_small_before_anything_else_is_done_with_them(monkeypatch):
    sizes = []
    monkeypatch.setattr(modes, "_on_paper", lambda image: sizes.append(image.size) or image)
    for mode in ("L", "RGB", "RGBA"):
        file = io.BytesIO()
        Image.new(mode, (1200, 900)).save(file, "PNG")
        modes.picture(file.getvalue(), decoder.SIDES_IN_ZIP)
    assert sizes == [(85, 64)] * 3
