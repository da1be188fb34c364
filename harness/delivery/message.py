"""A stored message: its fields and its body, read as leniently as RFC 5322 allows.

What cannot be a field ends the header, with or without an empty line: a message may be sent
without any header, and then the fields that a server put on top stand right above its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")  # RFC 5322 3.6.8; blanks before the colon: 4.5


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it was read back; `changed` says what the store had done to it, now undone."""

    octets: bytes
    path: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a header: its octets as they stand there, line ends included."""

    octets: bytes

    @property
    def name(self) -> str:
        """Its name, in lower case: field names compare without case."""
        return self.octets.partition(b":")[0].strip().decode("ascii").lower()

    @property
    def text(self) -> str:
        """What follows the colon, unfolded (RFC 5322 2.2.3)."""
        value = self.octets.partition(b":")[2].decode("utf-8", "surrogateescape")
        return re.sub(r"\r?\n(?=[ \t])", "", value).strip()


@dataclass(frozen=True, slots=True)
class Message:
    """A message in its two parts."""

    fields: tuple[Field, ...]
    body: bytes

    def named(self, name: str) -> tuple[Field, ...]:
        """The fields of that name, from top to bottom."""
        return tuple(field for field in self.fields if field.name == name.lower())


def read_message(octets: bytes) -> Message:
    """The fields that stand on top, and what is below them."""
    fields: list[bytes] = []
    at = 0
    for line in _lines(octets):
        if line in (b"\r\n", b"\n"):
            at += len(line)
            break
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += line
        elif _FIELD.match(line):
            fields.append(line)
        else:
            break
        at += len(line)
    return Message(tuple(map(Field, fields)), octets[at:])


def is_header(octets: bytes) -> bool:
    """Whether this is nothing but fields, perhaps none."""
    message = read_message(octets)
    return sum(len(field.octets) for field in message.fields) == len(octets)


def _lines(octets: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(octets):
        end = octets.find(b"\n", at) + 1 or len(octets)
        yield octets[at:end]
        at = end
