"""Drafts: messages that lack nothing but their token.

Building mail costs more than sending it, so senders take turns with a handful of drafts and only
join the next token in.  The date is a constant for the reason that there is a seed: two runs with
one seed send the same octets.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.accounting.tokens import FIELD, Signer
from harness.errors import UsageError
from harness.protocol.transparency import stuff, whole_lines
from loadtests.contents import read_messages
from loadtests.mail.text import Text
from loadtests.profile import Span

_VARIETY: Final = 8  # texts to take turns with, or ...
_SPREAD: Final = 64  # of a spread of sizes, if all of them fit into ...
_MEMORY: Final = 8_388_608  # octets; and yet ...
_FEW: Final = 4  # of a spread of huge ones
_DATE: Final = "Thu, 01 Jan 2026 00:00:00 +0000"
_GAP: Final = Signer(0, "").token(0, 0)  # stands for any token while octets are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message with gaps where its token goes."""

    sender: str  # its reverse-path
    head: tuple[bytes, ...]  # the pieces around each gap
    text: bytes  # what comes behind the last piece, in whole lines
    stuffed: bytes  # the same as it goes over the wire, with the mark that ends it
    is_plain: bool = False  # short lines of US-ASCII: nobody needs to look

    def content(self, token: bytes) -> bytes:
        """The message as it should arrive."""
        return token.join(self.head) + self.text

    @property
    def size(self) -> int:
        """Octets of the message: all tokens are equally long."""
        return len(_GAP.join(self.head)) + len(self.text)

    @property
    def telling(self) -> bytes:
        """What says of the message all but its size: to look at a large one takes a long time."""
        return _GAP.join(self.head) if self.is_plain else self.content(_GAP)


def write_drafts(
    source: random.Random, *, size: Span, senders: Sequence[str], recipient: str, host: str
) -> tuple[Draft, ...]:
    """Drafts of `size` octets each, before dots are stuffed; every sender has one at least.

    Raises UsageError if a header, which names sender and recipient, leaves no room for a line.
    """
    sizes = _sizes(source, size)
    heads = {sender: _head(sender, recipient, host) for sender in senders}
    texts = _Texts(source)
    # As many as it takes until each sender has had a draft, and each size has been used.
    turns = range(max(len(senders), len(sizes)))
    return tuple(
        _draft(sender, heads[sender], sizes[turn % len(sizes)], texts, turn % len(sizes))
        for turn, sender in zip(turns, itertools.cycle(senders), strict=False)
    )


def drafts_of(files: Sequence[Path], senders: Sequence[str]) -> tuple[Draft, ...]:
    """The messages in these files, as they are but for the token on top."""
    messages = tuple(itertools.chain.from_iterable(map(read_messages, files)))
    head = (f"{FIELD}: ".encode(), b"\r\n")
    texts = [(whole_lines(text), stuff(text)) for text in messages]
    turns = range(max(len(senders), len(texts)))
    return tuple(
        Draft(sender=senders[turn % len(senders)], head=head, text=text, stuffed=stuffed)
        for turn, (text, stuffed) in zip(turns, itertools.cycle(texts), strict=False)
    )


def _sizes(source: random.Random, size: Span) -> list[int]:
    """Sizes to take turns with: even over the span, in a drawn order."""
    least, most = int(size.least), int(size.most)
    wanted = _VARIETY if least == most else _SPREAD
    fewest = 1 if least == most else _FEW
    count = max(fewest, min(wanted, 2 * _MEMORY // (least + most)))
    step = (most - least) / count
    sizes = [round(source.uniform(least + n * step, least + (n + 1) * step)) for n in range(count)]
    source.shuffle(sizes)
    return sizes


class _Texts:
    """Texts by length and turn: senders with names of one length share them."""

    def __init__(self, source: random.Random) -> None:
        self._text = Text(source)
        self._made: dict[tuple[int, int], tuple[bytes, bytes]] = {}

    def of(self, size: int, turn: int) -> tuple[bytes, bytes]:
        """The text and how it goes over the wire."""
        if (size, turn) not in self._made:
            text = self._text.of(size)
            self._made[size, turn] = text, stuff(text)
        return self._made[size, turn]


def _draft(sender: str, head: bytes, size: int, texts: _Texts, turn: int) -> Draft:
    if size < len(head) + len(b"\r\n"):
        raise UsageError(
            f"messages of {size} octets are too small: their header alone has {len(head)}"
        )
    text, stuffed = texts.of(size - len(head), turn)
    return Draft(
        sender=sender, head=tuple(head.split(_GAP)), text=text, stuffed=stuffed, is_plain=True
    )


def _head(sender: str, recipient: str, host: str) -> bytes:
    gap = _GAP.decode()
    # The null sender and the bare postmaster (RFC 5321 4.5.1) are no addresses of a header.
    fields = (
        f"From: <{sender or f'postmaster@{host}'}>",
        f"To: <{recipient if '@' in recipient else f'{recipient}@{host}'}>",
        f"Date: {_DATE}",
        f"Subject: {gap}",
        f"Message-ID: <{gap}@{host}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
    )
    return "".join(f"{field}\r\n" for field in fields).encode()
