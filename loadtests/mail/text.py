"""Text for messages: lines of words in any number of octets, the same for the same seed."""

from __future__ import annotations

import itertools
import random
from typing import Final

_LINE: Final = 78  # octets of a line of text, its CRLF included
_LINES: Final = 500  # different lines; a longer text has them again
_WORDS: Final = (
    "mail", "post", "letter", "reply", "sender", "queue", "relay", "bounce", "the", "of", "and",
    "to", "in", "is", "on", "by", "it", "or", "be", "at", "as", "this", "with", "from", "not",
)  # fmt: skip
# Some lines begin with a dot: who forgets RFC 5321 4.5.2 shortens what it stores.
_DOTTED: Final = 0.05


class Text:
    """Where texts come from."""

    def __init__(self, source: random.Random) -> None:
        self._source = source
        self._lines = [_line(_LINE, source) for _ in range(_LINES)]

    def of(self, size: int) -> bytes:
        """A text of exactly so many octets, two at least."""
        start = self._source.randrange(_LINES)
        whole, left = divmod(size, _LINE)
        if left == 1:  # no line is that short: CRLF alone has two octets
            whole, left = whole - 1, left + _LINE
        lines = itertools.chain(self._lines[start:], itertools.cycle(self._lines))
        text = b"".join(itertools.islice(lines, whole))
        for length in (left // 2, left - left // 2) if left > _LINE else (left,):
            text += _line(length, self._source) if length else b""
        return text


def _line(length: int, source: random.Random) -> bytes:
    text = "." if source.random() < _DOTTED else ""
    while len(text) < length:
        text += source.choice(_WORDS) + " "
    return text[: length - 2].encode() + b"\r\n"
