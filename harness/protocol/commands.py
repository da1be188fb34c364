"""Command lines: the verb, and what MAIL and RCPT carry behind it.

The grammar is strict but for what RFC 5321 asks a server to bear (white space at a line's end,
4.1.1) and what nearly every server bears: blanks after the colon of `MAIL FROM:`.  That is
recorded, so that whoever judges a client can object to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Parameters = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with a command, as the reply that says so."""

    code: int
    enhanced: str
    text: str


@dataclass(frozen=True, slots=True)
class PathCommand:
    """The argument of MAIL or RCPT; the path is not looked into yet, keywords are upper case."""

    path: bytes
    parameters: Parameters = ()
    blank_after_colon: bool = False


# A path may hold blanks and `>` inside quotes.  What is no path at all is kept up to the next
# blank, so that the reader of addresses can say what is wrong with it.
_PATH = rb'<[^ ">]*+>(?= |$)|<(?:[^">]++|"(?:[^"\\]++|\\.)*+")*+>|[^ ]*'
_BEHIND_COLON = re.compile(rb"( *)(" + _PATH + rb")(?: +(.*))?", re.DOTALL)

# esmtp-param, RFC 5321 4.1.2
_KEYWORD = rb"([A-Za-z0-9][A-Za-z0-9-]*)"
_PARAMETER = re.compile(_KEYWORD + rb"(?:=([!-<>-~]+))?")
_UTF8_PARAMETER = re.compile(_KEYWORD + rb"(?:=([!-<>-~\x80-\xff]+))?")  # RFC 6531 3.3

_CONTROL = re.compile(rb"[\0-\x1f\x7f]")  # neither Atom nor Quoted-string holds one

_BAD_PARAMETER = Objection(501, "5.5.4", "Bad parameter syntax")
_REPEATED_PARAMETER = Objection(501, "5.5.4", "A parameter stands twice")


def split_verb(line: bytes) -> tuple[bytes, bytes]:
    """The verb as written and its argument, from a line without its end."""
    verb, _, argument = line.rstrip(b" \t").partition(b" ")
    return verb, argument.lstrip(b" ")


@dataclass(frozen=True, slots=True)
class Who:
    """The argument of VRFY or EXPN; the reply may be UTF-8 if the client says so (RFC 6531 3.1)."""

    name: str
    utf8: bool = False


def read_who(argument: bytes, international: bool) -> Who | None:
    """Who is meant; None if the octets are no String.  Only SMTPUTF8 knows its parameter."""
    if _CONTROL.search(argument):
        return None
    name, _, last = argument.rpartition(b" ")
    utf8 = international and last.upper() == b"SMTPUTF8" and name != b""
    try:
        octets = name.rstrip(b" ") if utf8 else argument
        return Who(octets.decode("utf-8" if international else "ascii"), utf8)
    except UnicodeDecodeError:
        return None


def read_path_command(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    """What stands behind MAIL (keyword FROM) or RCPT (keyword TO); values may be UTF-8 or not."""
    word, colon, rest = argument.partition(b":")
    match = _BEHIND_COLON.fullmatch(rest)
    if match is None or not colon or word.upper() != keyword:
        return Objection(501, "5.5.4", f"{keyword.decode()}:<address> is needed")
    blanks, path, words = match.groups()
    parameters = () if words is None else _read_parameters(words, utf8)
    if isinstance(parameters, Objection):
        return parameters
    return PathCommand(path, parameters, blanks != b"")


def _read_parameters(octets: bytes, utf8: bool) -> Parameters | Objection:
    found: dict[str, str | None] = {}
    for word in filter(None, octets.split(b" ")):
        match = (_UTF8_PARAMETER if utf8 else _PARAMETER).fullmatch(word)
        if match is None:
            return _BAD_PARAMETER
        name, value = match[1].decode().upper(), match[2]
        if name in found:
            return _REPEATED_PARAMETER
        try:
            found[name] = None if value is None else value.decode()
        except UnicodeDecodeError:
            return _BAD_PARAMETER
    return tuple(found.items())
