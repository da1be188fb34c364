"""Dots: doubled and undone, and the end of a text, at every cut."""

import itertools
import random

import pytest

from harness.protocol.transparency import END, DataReader, stuff, unstuff, whole_lines

STUFFED = {
    "nothing": (b"", b".\r\n"),
    "a line": (b"hi\r\n", b"hi\r\n.\r\n"),
    "a line without an end": (b"hi", b"hi\r\n.\r\n"),
    "an empty line": (b"\r\n", b"\r\n.\r\n"),
    "a lone dot": (b".\r\n", b"..\r\n.\r\n"),
    "dots first": (b".a\r\n..b\r\nc.\r\n", b"..a\r\n...b\r\nc.\r\n.\r\n"),
    "a dot behind a bare LF": (b"a\n.\r\n", b"a\n.\r\n.\r\n"),
    "a dot behind a bare CR": (b"a\r.\r\n", b"a\r.\r\n.\r\n"),
    "a bare CR at the end": (b"a\r", b"a\r\r\n.\r\n"),
    "a lone dot without an end": (b"a\r\n.", b"a\r\n..\r\n.\r\n"),
}


@pytest.mark.parametrize(("content", "wire"), STUFFED.values(), ids=STUFFED)
def test_a_dot_that_opens_a_line_is_doubled(content: bytes, wire: bytes):
    assert stuff(content) == wire


@pytest.mark.parametrize(("content", "wire"), STUFFED.values(), ids=STUFFED)
def test_what_is_stuffed_is_read_as_it_was(content: bytes, wire: bytes):
    reader = DataReader()
    reader.feed(wire)

    assert reader.take() == whole_lines(content)
    assert reader.size == len(wire) - len(b".\r\n")


def test_a_single_dot_is_removed_too():
    # RFC 5321 4.5.2: if the first character is a period, it is deleted; not only one of two.
    assert unstuff(b".a\r\n.b\r\n..c\r\n") == b"a\r\nb\r\n.c\r\n"


# what is sent after 354 -> the content, and what is left for the next command
DATA = {
    "empty message": (b".\r\n", b"", b""),
    "one line": (b"hi\r\n.\r\n", b"hi\r\n", b""),
    "stuffed dot": (b"..\r\n.\r\n", b".\r\n", b""),
    "dot opens the message": (b"..hid\r\n.\r\n", b".hid\r\n", b""),
    "empty lines": (b"\r\n\r\n.\r\n", b"\r\n\r\n", b""),
    "bare LF around a dot": (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", b""),
    "bare CR around a dot": (b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", b""),
    "bare LF at the end": (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", b""),
    "bare CR at the end": (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", b""),
    "CR CR LF": (b"a\r\r\n.\r\n", b"a\r\r\n", b""),
    "next command follows": (b"hi\r\n.\r\nQUIT\r\n", b"hi\r\n", b"QUIT\r\n"),
    "another end follows": (b"hi\r\n.\r\n.\r\n", b"hi\r\n", b".\r\n"),
    "all octets": (bytes(range(256)) + b"\r\n.\r\n", bytes(range(256)) + b"\r\n", b""),
}


def read(reader: DataReader, segments: list[bytes]) -> tuple[bytes, bytes]:
    """The content, and what is left of all segments."""
    for at, segment in enumerate(segments):
        reader.feed(segment)
        content = reader.take()
        if content is not None:
            return content, reader.rest + b"".join(segments[at + 1 :])
    raise AssertionError("the text never ended")


def cuts(wire: bytes) -> list[list[bytes]]:
    """The octets in two segments, cut everywhere, and octet by octet."""
    halves = [[wire[:cut], wire[cut:]] for cut in range(len(wire) + 1)]
    return [*halves, [bytes([octet]) for octet in wire]]


@pytest.mark.parametrize(("wire", "content", "rest"), DATA.values(), ids=DATA)
def test_data_is_read_the_same_wherever_the_network_cuts_it(
    wire: bytes, content: bytes, rest: bytes
):
    for segments in cuts(wire):
        reader = DataReader()

        assert read(reader, segments) == (content, rest)
        assert reader.size == len(wire) - len(rest) - len(b".\r\n")
        assert not reader.too_big


# more marks -> the same habit, for each server that is lax in one way
LAX = {
    "LF.LF": (b"\n.\n", b"a\n.\nNOOP\r\n.\r\n", b"a\n", b"NOOP\r\n.\r\n"),
    "LF.CRLF": (b"\n.\r\n", b"a\n.\r\nNOOP\r\n.\r\n", b"a\n", b"NOOP\r\n.\r\n"),
    "LF.CR": (b"\n.\r", b"a\n.\rNOOP\r\n.\r\n", b"a\n", b"NOOP\r\n.\r\n"),
    "CRLF.LF": (b"\r\n.\n", b"a\r\n.\nNOOP\r\n.\r\n", b"a\r\n", b"NOOP\r\n.\r\n"),
    "CRLF.CR": (b"\r\n.\r", b"a\r\n.\rNOOP\r\n.\r\n", b"a\r\n", b"NOOP\r\n.\r\n"),
    "CR.CR": (b"\r.\r", b"a\r.\rNOOP\r\n.\r\n", b"a\r", b"NOOP\r\n.\r\n"),
    "CR.LF": (b"\r.\n", b"a\r.\nNOOP\r\n.\r\n", b"a\r", b"NOOP\r\n.\r\n"),
    "CR.CRLF": (b"\r.\r\n", b"a\r.\r\nNOOP\r\n.\r\n", b"a\r", b"NOOP\r\n.\r\n"),
}


@pytest.mark.parametrize(("mark", "wire", "content", "rest"), LAX.values(), ids=LAX)
def test_a_lax_reader_ends_at_its_mark_wherever_the_network_cuts(
    mark: bytes, wire: bytes, content: bytes, rest: bytes
):
    for segments in cuts(wire):
        assert read(DataReader(ends=(END, mark)), segments) == (content, rest)
        assert read(DataReader(ends=(mark, END)), segments) == (content, rest)


@pytest.mark.parametrize("mark", [row[0] for row in LAX.values()], ids=LAX)
@pytest.mark.parametrize("name", ["one line", "stuffed dot", "empty message", "empty lines"])
def test_a_lax_reader_reads_an_honest_text_as_an_honest_one_does(mark: bytes, name: str):
    wire, content, rest = DATA[name]
    for segments in cuts(wire):
        assert read(DataReader(ends=(END, mark)), segments) == (content, rest)


def test_the_first_line_stands_behind_a_line_end_for_lax_marks_too():
    reader = DataReader(ends=(END, b"\n.\n"))
    reader.feed(b".\nQUIT\r\n")

    assert reader.take() == b""
    assert reader.rest == b"QUIT\r\n"


def test_how_doubling_is_undone_can_be_another():
    assert read(DataReader(unstuff=bytes.upper), [b"..a\r\n.\r\n"]) == (b"..A\r\n", b"")


@pytest.mark.parametrize("limit", [9, 10, 99])
def test_doubled_dots_do_not_count_for_the_limit(limit: int):
    content = b".\r\n" * 3
    for segments in cuts(stuff(content)):
        reader = DataReader(limit=limit)

        assert read(reader, segments) == (content, b"")
        assert not reader.too_big


@pytest.mark.parametrize("limit", [0, 1, 8])
def test_content_over_the_limit_is_thrown_away_and_its_end_found(limit: int):
    wire = stuff(b".\r\n" * 3)
    for segments in cuts(wire + b"QUIT\r\n"):
        reader = DataReader(limit=limit)

        assert read(reader, segments) == (b"", b"QUIT\r\n")
        assert reader.too_big
        assert reader.size == len(wire) - 3


def test_content_over_the_limit_takes_no_memory():
    reader = DataReader(limit=1000)
    for _ in range(1000):
        reader.feed(b"x" * 998 + b"\r\n")
        assert reader.take() is None
    reader.feed(b".\r\n")

    assert reader.too_big
    assert len(reader._buffer) < 2000  # the promise is about memory, which nothing public shows
    assert reader.take() == b""
    assert reader.size == 1_000_000


def test_content_survives_any_segments():
    source = random.Random(5321)
    pieces = [b"\r\n", b".", b"\r\n.", b"\r\n..", b"\n", b"\r", b"a", b" "]
    for _ in range(300):
        content = b"".join(source.choices(pieces, k=source.randrange(12))) + b"\r\n"
        wire = stuff(content) + b"QUIT\r\n"
        places = sorted(source.choices(range(len(wire)), k=3))
        segments = [wire[a:b] for a, b in itertools.pairwise([0, *places, len(wire)])]

        assert read(DataReader(), segments) == (content, b"QUIT\r\n")


def test_a_long_text_in_small_segments_is_not_searched_again_and_again():
    class Counting(DataReader):
        searched = 0

        def _find(self) -> tuple[int, bytes]:
            self.searched += len(self._buffer) - self._searched
            return super()._find()

    reader = Counting()
    for _ in range(10_000):
        reader.feed(b"0123456789")
        reader.take()

    assert reader.searched < 2 * 100_000
