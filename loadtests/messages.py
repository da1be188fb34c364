"""The mail of a load run: built once, told apart by a token, the same for the same seed.

Building mail costs more than sending it, so senders take turns with a handful of ready contents
and ready envelopes, and only join the next token in.  The date is a constant for the reason that
there is a seed: two runs with one seed send the same octets.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Envelope, Opening, Outgoing, fitted, make_opening
from harness.protocol.transparency import stuff

SMALLEST = 512  # octets: less would not hold the header fields and a line of text
_VARIETY = 8  # contents to take turns with, if all of them fit into ...
_MEMORY = 4_194_304  # octets
_DATE = "Thu, 01 Jan 2026 00:00:00 +0000"
_LINE = 78  # octets of a line of text, its CRLF included
_LINES = 500  # different lines; a longer content has them again
_WORDS = (
    "mail", "post", "letter", "reply", "sender", "queue", "relay", "bounce", "the", "of", "and",
    "to", "in", "is", "on", "by", "it", "or", "be", "at", "as", "this", "with", "from", "not",
)  # fmt: skip
_ASKED = ("SIZE", "8BITMIME", "SMTPUTF8")  # what an opening depends on
# Some lines begin with a dot: who forgets RFC 5321 4.5.2 shortens what it stores.
_DOTTED = 0.05


def token(seed: int, sender: int, serial: int) -> bytes:
    """The word that marks one message of a run; all tokens are equally long."""
    return b"load-%08x-%06d-%09d" % (seed & 0xFFFFFFFF, sender, serial)


_GAP = token(0, 0, 0)  # stands for any token while octets are counted


@dataclass(frozen=True, slots=True)
class Content:
    """A message with gaps where its token goes, its dots stuffed, its final dot at the end."""

    plain: bytes  # before its dots were stuffed, with some token
    pieces: tuple[bytes, ...]

    def with_token(self, word: bytes) -> bytes:
        """The octets that carry the message over the wire after 354."""
        return word.join(self.pieces)


class Mail:
    """All that a run sends: whose message goes to whom is a function of the seed."""

    def __init__(
        self, seed: int, *, size: int, sender: str, envelopes: Sequence[Envelope], host: str
    ) -> None:
        self._seed = seed
        self._envelopes = envelopes
        self._contents = make_contents(
            seed, size=size, sender=sender, recipient=envelopes[0].recipients[0], host=host
        )
        self._openings: dict[tuple[str, ...], tuple[Opening, ...]] = {}

    def messages(
        self, sender: int, serials: Iterable[int], capabilities: Capabilities
    ) -> Iterator[Outgoing]:
        """The messages that one sender sends, on a connection whose server can do this much."""
        openings, contents = self._open(capabilities), self._contents
        for serial in serials:
            word = token(self._seed, sender, serial)
            turn = sender + serial
            yield Outgoing(
                openings[turn % len(openings)], contents[turn % len(contents)].with_token(word)
            )

    def _open(self, capabilities: Capabilities) -> tuple[Opening, ...]:
        # The sizes of all contents are equal, and so what MAIL says of them.
        known = tuple(keyword for keyword in _ASKED if keyword in capabilities)
        if known not in self._openings:
            plain = self._contents[0].plain
            self._openings[known] = tuple(
                make_opening(fitted(envelope, plain, capabilities)) for envelope in self._envelopes
            )
        return self._openings[known]


def make_envelopes(sender: str, pool: Sequence[str], recipients: int) -> tuple[Envelope, ...]:
    """As many envelopes as there are recipients: each of the pool is first in one of them."""
    assert recipients <= len(pool), "no message goes to one mailbox twice"
    around = tuple(pool) * 2
    return tuple(Envelope(sender, around[first : first + recipients]) for first in range(len(pool)))


def make_contents(
    seed: int, *, size: int, sender: str, recipient: str, host: str
) -> tuple[Content, ...]:
    """Contents of exactly `size` octets each, before their dots are stuffed.

    Raises UsageError if the header, which names sender and recipient, leaves no room for a line.
    """
    source = random.Random(seed)
    # The null sender and the bare postmaster (RFC 5321 4.5.1) are no addresses of a header.
    to = recipient if "@" in recipient else f"{recipient}@{host}"
    head = _head(sender or f"postmaster@{host}", to, host)
    if size < len(head) + len(b"\r\n"):
        raise UsageError(
            f"messages of {size} octets are too small: their header alone has {len(head)}"
        )
    lines = [_line(_LINE, source) for _ in range(_LINES)]
    variety = max(1, min(_VARIETY, _MEMORY // size))
    bodies = (_body(size - len(head), lines, source) for _ in range(variety))
    return tuple(_content(head + body) for body in bodies)


def _content(plain: bytes) -> Content:
    return Content(plain, tuple(stuff(plain).split(_GAP)))


def _head(sender: str, recipient: str, host: str) -> bytes:
    gap = _GAP.decode()
    fields = (
        f"From: <{sender}>",
        f"To: <{recipient}>",
        f"Date: {_DATE}",
        f"Subject: {gap}",
        f"Message-ID: <{gap}@{host}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
    )
    return "".join(f"{field}\r\n" for field in fields).encode()


def _body(size: int, lines: Sequence[bytes], source: random.Random) -> bytes:
    start = source.randrange(len(lines))
    whole, left = divmod(size, _LINE)
    if left == 1:  # no line is that short: CRLF alone has two octets
        whole, left = whole - 1, left + _LINE
    body = b"".join(itertools.islice(_again(lines, start), whole))
    for length in (left // 2, left - left // 2) if left > _LINE else (left,):
        body += _line(length, source) if length else b""
    return body


def _again(lines: Sequence[bytes], start: int) -> Iterator[bytes]:
    return itertools.chain(lines[start:], itertools.cycle(lines))


def _line(length: int, source: random.Random) -> bytes:
    text = "." if source.random() < _DOTTED else ""
    while len(text) < length:
        text += source.choice(_WORDS) + " "
    return text[: length - 2].encode() + b"\r\n"
