"""Bring the files of a data set, checked against their MD5 and never left half-written."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import threading
import time
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue

from ae_core.datasets.base import DatasetError, Fetching
from ae_core.durable import write_bytes
from ae_core.waits import about_to_wait

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
ANSWER_S = 8.0  # a mirror that has not answered by then counts as out of reach
CHUNK = 1 << 16
LARGEST = 64 << 20  # bytes; no file of these sets comes near it


def fetch_files(mirrors: Sequence[str], resources: Sequence[tuple[str, str]], folder: Path) -> Fetching:
    """Download and unpack `(name.gz, md5)` files into `folder`, yielding (bytes received, bytes expected) of a file.

    Raises
        DatasetError: where no mirror answers within 8 seconds, a file differs from its MD5, or `folder` is read-only.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    for name, md5 in resources:
        target = folder / name.removesuffix(".gz")
        if target.is_file():
            continue
        about_to_wait()
        packed = yield from _first_good(mirrors, name, md5)
        try:
            write_bytes(target, gzip.decompress(packed))
        except OSError as error:
            raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(f"{folder} cannot be written ({error.strerror}): set AE_DATA to a folder of yours.")


def _first_good(mirrors: Sequence[str], name: str, md5: str) -> Generator[tuple[int, int], None, bytes]:
    """Ask all mirrors, read the first that answers, or the next if that fails; the generator's value is the file."""
    failure = (
        "No internet: the servers that hold this data set do not answer; connect and try again, or go on with a "
        "data set that is already here."
    )
    for response in _answers([mirror + name for mirror in mirrors]):
        with response:
            try:
                received = yield from _body(response)
            except (OSError, http.client.HTTPException) as error:
                failure = f"The download of {name} broke off ({error}): the connection failed; try again."
                continue
        if hashlib.md5(received, usedforsecurity=False).hexdigest() == md5:
            return received
        failure = f"The download of {name} is not the expected file: its MD5 differs; try again later."
    raise DatasetError(failure)


def _body(response: http.client.HTTPResponse) -> Generator[tuple[int, int], None, bytes]:
    expected, received = int(response.headers.get("Content-Length") or 0), bytearray()
    while (chunk := response.read(CHUNK)) and len(received) <= LARGEST:
        received += chunk
        yield len(received), max(expected, len(received))
    return bytes(received)


def _answers(urls: Sequence[str]) -> Iterator[http.client.HTTPResponse]:
    """Responses in the order in which they come, for 8 s. Threads, because a look-up of a name has no time limit."""
    answers: Queue[http.client.HTTPResponse | Exception] = Queue()

    def ask(url: str) -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=ANSWER_S))
        except Exception as error:  # any failure of one mirror only means: try the others
            answers.put(error)

    for url in urls:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    until = time.monotonic() + ANSWER_S
    for _ in urls:
        try:
            answer = answers.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            return
        if not isinstance(answer, Exception):
            yield answer
