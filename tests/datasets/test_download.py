"""Downloads, against a small server on this machine that can also misbehave."""

from __future__ import annotations

import errno
import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ae_core.datasets import DatasetError, download
from ae_core.datasets.download import fetch_files

CONTENT = bytes(range(256)) * 2000
PACKED = gzip.compress(CONTENT, compresslevel=0, mtime=0)  # larger than one chunk
GOOD = [("pictures.gz", hashlib.md5(PACKED).hexdigest())]


class Misbehaving(BaseHTTPRequestHandler):
    """/good/ answers well, /short/ breaks off in the middle, everything else is not found."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind not in ("good", "short"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PACKED)))
        self.end_headers()
        self.wfile.write(PACKED if kind == "good" else PACKED[: len(PACKED) // 2])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    http = ThreadingHTTPServer(("127.0.0.1", 0), Misbehaving)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes the connection and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_good_file_arrives_unpacked_with_its_progress(server, tmp_path):
    progress = list(fetch_files([server + "/good/"], GOOD, tmp_path / "raw"))
    assert (tmp_path / "raw" / "pictures").read_bytes() == CONTENT
    received = [bytes_so_far for bytes_so_far, _ in progress]
    assert received == sorted(received) and len(received) > 1
    assert progress[-1] == (len(PACKED), len(PACKED)) and {expected for _, expected in progress} == {len(PACKED)}
    assert everything_in(tmp_path) == ["raw/pictures"]


def test_a_file_that_is_there_is_not_fetched_again(nobody, tmp_path):
    (tmp_path / "pictures").write_bytes(CONTENT)
    assert list(fetch_files([nobody], GOOD, tmp_path)) == []


def test_a_file_with_another_md5_is_refused(server, tmp_path):
    with pytest.raises(DatasetError, match=r"pictures.gz is not the expected file: its MD5 differs; try again later"):
        list(fetch_files([server + "/good/"], [("pictures.gz", "0" * 32)], tmp_path))
    assert everything_in(tmp_path) == []


def test_a_body_that_breaks_off_is_refused(server, tmp_path):
    with pytest.raises(DatasetError, match=r"^The download of pictures.gz .*try again"):
        list(fetch_files([server + "/short/"], GOOD, tmp_path))
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("first", ["nobody", "missing"])
def test_the_second_mirror_is_used_where_the_first_fails(first, server, nobody, tmp_path):
    failing = nobody if first == "nobody" else server + "/missing/"
    list(fetch_files([failing, server + "/good/"], GOOD, tmp_path))
    assert (tmp_path / "pictures").read_bytes() == CONTENT


def test_a_silent_mirror_does_not_hold_up_the_other(server, silent, tmp_path):
    began = time.monotonic()
    list(fetch_files([silent, server + "/good/"], GOOD, tmp_path))
    assert time.monotonic() - began < download.ANSWER_S
    assert (tmp_path / "pictures").read_bytes() == CONTENT


def test_where_no_mirror_is_reached_it_is_a_sentence(nobody, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DatasetError, match=r"^No internet: .*; connect and try again"):
        list(fetch_files([nobody, nobody], GOOD, tmp_path))
    assert everything_in(tmp_path) == []


def test_where_no_mirror_says_a_word_it_is_a_sentence_within_ten_seconds(silent, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    assert download.ANSWER_S < 10
    monkeypatch.setattr(download, "ANSWER_S", 0.2)
    began = time.monotonic()
    with pytest.raises(DatasetError, match=r"^No internet: "):
        list(fetch_files([silent, silent], GOOD, tmp_path))
    assert time.monotonic() - began < 5
    assert everything_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_a_sentence(server, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(DatasetError, match=r"taken.*cannot be written .*: set AE_DATA to a folder of yours"):
        list(fetch_files([server + "/good/"], GOOD, tmp_path / "taken" / "raw"))


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_file_that_cannot_be_written_is_a_sentence_and_leaves_nothing(number, server, tmp_path, monkeypatch):
    def refused(*arguments: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr("os.replace", refused)
    with pytest.raises(DatasetError, match=r"cannot be written \(refused\): set AE_DATA"):
        list(fetch_files([server + "/good/"], GOOD, tmp_path))
    assert everything_in(tmp_path) == []


def test_leaving_a_download_in_the_middle_leaves_nothing(server, tmp_path):
    fetching = fetch_files([server + "/good/"], GOOD, tmp_path)
    next(fetching)
    fetching.close()
    assert everything_in(tmp_path) == []
