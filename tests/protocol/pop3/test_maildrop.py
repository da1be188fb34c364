import pytest

from harness.protocol.pop3.maildrop import top_of

MESSAGE = b"A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\nthree\r\n"
TOPS = {
    "no lines": (MESSAGE, 0, b"A: 1\r\nB: 2\r\n\r\n"),
    "one line": (MESSAGE, 1, b"A: 1\r\nB: 2\r\n\r\none\r\n"),
    "all lines": (MESSAGE, 3, MESSAGE),
    "more lines than there are": (MESSAGE, 9, MESSAGE),
    "a body without its last line end": (MESSAGE[:-2], 9, MESSAGE),
    "no body": (b"A: 1\r\n\r\n", 5, b"A: 1\r\n\r\n"),
    "no blank line": (b"A: 1\r\n", 5, b"A: 1\r\n"),
    "no header": (b"\r\none\r\ntwo\r\n", 1, b"\r\none\r\n"),
    "blank lines in the body": (b"A: 1\r\n\r\n\r\n\r\none\r\n", 2, b"A: 1\r\n\r\n\r\n\r\n"),
    "nothing": (b"", 3, b""),
}


@pytest.mark.parametrize(("content", "lines", "top"), TOPS.values(), ids=TOPS)
def test_top_is_the_header_the_blank_line_and_so_many_lines(content, lines, top):
    assert top_of(content, lines) == top
