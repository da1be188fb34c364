"""A message: its fields and its body, read as leniently as RFC 5322 allows.

What cannot be a field ends the header, with or without an empty line: a message may be sent
without any header, and then the fields that a server put on top stand right above its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")  # RFC 5322 3.6.8; blanks before the colon: 4.5
# The same at once: whoever accounts for mail asks this of each message.
_FIELDS = re.compile(rb"(?:[!-9;-~]+[ \t]*:[^\n]*(?:\n(?:[ \t][^\n]*(?:\n|\Z))*|\Z))*")


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
    fields = tuple(fields_on_top(octets))
    at = sum(len(field.octets) for field in fields)
    for end in (b"\r\n", b"\n"):
        if octets.startswith(end, at):
            at += len(end)
            break
    return Message(fields, octets[at:])


def fields_on_top(octets: bytes) -> Iterator[Field]:
    """The fields, one after the other."""
    begin = at = 0
    for line in _lines(octets):
        is_folded = line[:1] in (b" ", b"\t") and at > begin
        if not is_folded:
            if at > begin:
                yield Field(octets[begin:at])
            begin = at
            if not _FIELD.match(line):
                return
        at += len(line)
    if at > begin:
        yield Field(octets[begin:at])


def is_header(octets: bytes) -> bool:
    """Whether this is nothing but fields, perhaps none."""
    return _FIELDS.fullmatch(octets) is not None


def _lines(octets: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(octets):
        end = octets.find(b"\n", at) + 1 or len(octets)
        yield octets[at:end]
        at = end
