"""Cuts: whatever the mode, the octets stay the same."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.wire import read_cut
from harness.wire.cuts import ENDS, LONG

WRITE = b"MAIL FROM:<a@b>\r\nbare\nlone\rRCPT TO:<c@d>\r\nno end"


@pytest.mark.parametrize("mode", ["whole", "lines", "bytes", "random:0", "random:4711"])
@pytest.mark.parametrize("octets", [WRITE, b"", b"x", b"\r\n", b"\n" * 50])
def test_no_cut_changes_the_octets(mode, octets):
    pieces = read_cut(mode, "rfc5321/case")(octets)

    assert b"".join(pieces) == octets
    assert all(pieces)


def test_whole_is_one_piece():
    assert read_cut("whole", "")(WRITE) == [WRITE]


def test_lines_end_with_lf():
    assert read_cut("lines", "")(WRITE) == [
        *(b"MAIL FROM:<a@b>\r\n", b"bare\n", b"lone\rRCPT TO:<c@d>\r\n", b"no end")
    ]


def test_bytes_are_single_octets():
    assert len(read_cut("bytes", "")(WRITE)) == len(WRITE)


def test_a_random_cut_depends_on_its_seed_and_the_case_alone():
    def pieces(mode: str, name: str) -> list[bytes]:
        return read_cut(mode, name)(WRITE * 4)

    assert pieces("random:1", "a") == pieces("random:1", "a")
    assert pieces("random:1", "a") != pieces("random:2", "a")
    assert pieces("random:1", "a") != pieces("random:1", "b")
    assert len(pieces("random:1", "a")) > 4


@pytest.mark.parametrize("mode", ["", "words", "random", "random:", "random:x", "random:-1"])
def test_an_unknown_mode_is_a_usage_error(mode):
    with pytest.raises(UsageError, match="none of whole, lines, bytes, random:SEED"):
        read_cut(mode, "")


@pytest.mark.parametrize("mode", ["whole", "lines", "bytes", "random:1"])
@pytest.mark.parametrize("size", [LONG, LONG + 1, 1_000_000])
def test_of_a_very_long_write_the_middle_goes_in_one(mode, size):
    octets = (b"a line\r\n" * (size // 8 + 1))[:size]
    pieces = read_cut(mode, "case")(octets)
    longest = max(map(len, pieces))

    assert b"".join(pieces) == octets
    assert (longest >= size - 2 * ENDS) == (mode == "whole" or size > LONG)
    assert len(pieces) < 40_000
