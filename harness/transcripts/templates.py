"""Templates: text or escaped octets with `{variables}`, read into literals and holes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from harness.documents import Complaints, Place
from harness.transcripts.wants import Fill, Template, Variable

NAME = r"[A-Za-z][A-Za-z0-9_-]*"

# `{` opens a variable only before a letter, so that `\d{3}` and JSON are safe.
_VARIABLE = re.compile(r"\{(?=[A-Za-z])([^{}]*)(\}?)")
_FILL = re.compile(rf"fill ([1-9][0-9]{{0,6}})(?: as ({NAME}))?")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}

Piece = bytes | Variable | Fill


@dataclass(frozen=True, slots=True)
class Names:
    """`names:`: words of a pasted dialogue, and the variables that they stand for."""

    variables: Mapping[str, str] = field(default_factory=dict)

    def cut(self, literal: bytes, at: Place) -> Iterator[Piece]:
        """The literal with each of the words as a variable; a part of a word is left alone."""
        if not self.variables or not literal:
            yield from [literal] if literal else []
            return
        # The longest first, so that alice@crepes.fr is not cut by crepes.fr.
        words = sorted((word.encode() for word in self.variables), key=len, reverse=True)
        word = rb"(?<![\w.@+\x80-\xff-])(%s)(?![\w@+\x80-\xff-]|\.\w)" % b"|".join(
            map(re.escape, words)
        )
        for number, part in enumerate(re.split(word, literal)):
            if number % 2:
                yield Variable(self.variables[part.decode()], at, part)
            elif part:
                yield part


def read_text(text: str, at: Place, names: Names, complaints: Complaints) -> Template:
    """What follows `C:`: text as it stands, in UTF-8."""
    return _template(_pieces(text, at, complaints), names, at)


def read_octets(text: str, at: Place, names: Names, complaints: Complaints) -> Template:
    r"""What follows `C!`: text with \r \n \t \0 \\ \xHH."""
    pieces = _pieces(text, at, complaints, escaped=True)
    return _template(pieces, names, at)


def read_regex(text: str, at: Place, complaints: Complaints) -> Template:
    """A regular expression whose variables' values will be escaped."""
    template = _template(_pieces(text, at, complaints, regex=True), Names(), at)
    sample = b"".join(piece if isinstance(piece, bytes) else b"x" for piece in template.pieces)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what it will read otherwise one day
            re.compile(sample.decode())
    except (re.error, OverflowError, RecursionError, Warning) as error:
        complaints.add(at, f"not a regular expression: {error}")
        return Template((b"",))
    return template


def literal(octets: bytes) -> Template:
    """Octets without a hole."""
    return Template((octets,) if octets else ())


def joined(*templates: Template) -> Template:
    """The templates one after the other, neighbouring literals made one."""
    return Template(tuple(_merged(piece for it in templates for piece in it.pieces)))


def holds_size(template: Template) -> bool:
    """Whether `{size}` stands in it."""
    return any(variable.name == "size" for variable in template.variables)


def _template(pieces: Iterable[Piece], names: Names, at: Place) -> Template:
    cut: list[Piece] = []
    for piece in _merged(pieces):
        cut.extend(names.cut(piece, at) if isinstance(piece, bytes) else [piece])
    return Template(tuple(cut))


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for is_literal, group in groupby(pieces, lambda piece: isinstance(piece, bytes)):
        if not is_literal:
            yield from group
        elif octets := b"".join(piece for piece in group if isinstance(piece, bytes)):
            yield octets


def _pieces(
    text: str, at: Place, complaints: Complaints, *, escaped: bool = False, regex: bool = False
) -> Iterator[Piece]:
    """Cuts at the variables first, so that no escape can open one."""
    fills = 0
    end = 0
    for match in _VARIABLE.finditer(text):
        if regex and _is_escaped(text, match.start()):
            continue
        yield _octets(text[end : match.start()], at.onward(end), complaints, escaped)
        end = match.end()
        hole = _hole(match, at.onward(match.start(), len(match[0])), complaints)
        fills += isinstance(hole, Fill)
        if fills > 1:
            complaints.add(at.onward(match.start(), len(match[0])), "a second {fill} in this line",
                           "one {fill} makes a line as long as it says")  # fmt: skip
            continue
        yield hole
    yield _octets(text[end:], at.onward(end), complaints, escaped)


def _is_escaped(text: str, index: int) -> bool:
    begin = index
    while begin and text[begin - 1] == "\\":
        begin -= 1
    return (index - begin) % 2 == 1


def _hole(match: re.Match[str], at: Place, complaints: Complaints) -> Piece:
    inside, closed = match[1], match[2]
    if not closed:
        complaints.add(at, "a variable that is not closed",
                       r"`{` opens one before a letter; a plain `{` is \x7b after C!")  # fmt: skip
        return b""
    if re.fullmatch(NAME, inside):
        return Variable(inside, at)
    fill = _FILL.fullmatch(inside)
    if fill:
        return Fill(int(fill[1]), fill[2], at)
    if re.fullmatch(rf"{NAME}\.\.\.", inside):
        complaints.add(at, f"{match[0]} is all lines to the lone dot",
                       "it stands alone after C: where the harness is the server")  # fmt: skip
    else:
        complaints.add(at, f"{match[0]} is no variable",
                       "{name} or {fill 512 as name}; a plain `{` is \\x7b after C!")  # fmt: skip
    return b""


def _octets(text: str, at: Place, complaints: Complaints, escaped: bool) -> bytes:
    if not escaped:
        return text.encode()
    octets, end = bytearray(), 0
    for match in _ESCAPE.finditer(text):
        octets += text[end : match.start()].encode()
        end = match.end()
        if match[1]:
            octets += bytes.fromhex(match[1])
        elif match[2] in _ESCAPES:
            octets += _ESCAPES[match[2]]
        else:
            complaints.add(at.onward(match.start(), len(match[0])), f"unknown escape {match[0]}",
                           r"there are \r \n \t \0 \\ \xHH")  # fmt: skip
    return bytes(octets + text[end:].encode())
