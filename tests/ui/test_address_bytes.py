"""Bytes in an address: there and back, links of earlier versions, and nothing else taken for them."""

from __future__ import annotations

import base64
import zlib

import pytest

from ui.controls.address_bytes import packed, unpacked

SEVENS = bytes(range(0, 256, 7))


@pytest.mark.parametrize("data", [b"", b"\0", SEVENS, b"\xff" * 5000])
def test_bytes_go_there_and_come_back(data):
    text = packed(data)
    assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert unpacked(text, len(data), 10_000) == data


def test_a_link_that_was_sent_around_opens():
    assert unpacked("eNoBJQDa_wAHDhUcIyoxOD9GTVRbYmlwd36FjJOaoaivtr3Ey9LZ4Ofu9fzm0RI3", len(SEVENS), 200) == SEVENS


@pytest.mark.parametrize(
    "text",
    ["", "!", "AAAA", "é", "A" * 201, packed(SEVENS)[:-4], packed(SEVENS + b"1"), packed(SEVENS[1:]), packed(b"\0" * 10**7),
     packed(SEVENS)[:9] + "." + packed(SEVENS)[9:], packed(SEVENS)[:9] + "\n" + packed(SEVENS)[9:],
     base64.urlsafe_b64encode(zlib.compress(SEVENS) + b"and more").decode()],
)  # fmt: skip
def test_what_was_not_packed_here_is_refused(text):
    with pytest.raises(ValueError, match="must"):
        unpacked(text, len(SEVENS), 200)
