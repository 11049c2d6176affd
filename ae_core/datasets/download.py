"""Bring the files of a data set, checked against their MD5 and never left half-written."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import threading
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue

from ae_core.datasets.base import DatasetError, Fetching
from ae_core.durable import write_bytes

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
        packed = yield from _first_good(mirrors, name, md5)
        try:
            write_bytes(target, gzip.decompress(packed))
        except OSError as error:
            raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(f"{folder} cannot be written ({error.strerror}): set AE_DATA to a folder of yours.")


def _first_good(mirrors: Sequence[str], name: str, md5: str) -> Generator[tuple[int, int], None, bytes]:
    """Race the mirrors for the first answer, then read it; the generator's value is the packed file."""
    with _first_answer([mirror + name for mirror in mirrors]) as response:
        expected, received = int(response.headers.get("Content-Length") or 0), bytearray()
        try:
            while chunk := response.read(CHUNK):
                received += chunk
                if len(received) > LARGEST:
                    break
                yield len(received), max(expected, len(received))
        except (OSError, http.client.HTTPException) as error:
            raise DatasetError(
                f"The download of {name} broke off ({error}): the connection failed; try again."
            ) from error
    if hashlib.md5(received, usedforsecurity=False).hexdigest() != md5:
        raise DatasetError(f"The download of {name} is not the expected file: its MD5 differs; try again later.")
    return bytes(received)


@contextlib.contextmanager
def _first_answer(urls: Sequence[str]) -> Iterator[http.client.HTTPResponse]:
    """The first mirror to answer. Threads, because looking up a host name cannot be given a time limit."""
    answers: Queue[http.client.HTTPResponse | Exception] = Queue()

    def ask(url: str) -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=ANSWER_S))
        except Exception as error:  # any failure of one mirror only means: try the others
            answers.put(error)

    for url in urls:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    failures: list[str] = []
    while len(failures) < len(urls):
        try:
            answer = answers.get(timeout=ANSWER_S)
        except Empty:
            break
        if isinstance(answer, Exception):
            failures.append(str(answer))
            continue
        with answer:
            yield answer
        return
    raise DatasetError(
        "No internet: the servers that hold this data set do not answer; connect and try again, or go on with a "
        "data set that is already here."
    )
