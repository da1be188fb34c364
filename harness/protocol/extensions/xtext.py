"""xtext: how a parameter carries characters that a parameter may not hold.

RFC 3461 4 has the encoding, RFC 6533 3 what stands in its place in an address of the type utf-8.
"""

from __future__ import annotations

import re

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEXCHAR = re.compile(rb"\+(..)")
_SPECIAL = re.compile(rb"[^!-*,-<>-~]")

_HEXPOINT = r"[0-9A-Fa-f]{2}|[1-9A-Fa-f][0-9A-Fa-f]{2,4}|10[0-9A-Fa-f]{4}"
_EMBEDDED = re.compile(rf"\\x\{{({_HEXPOINT})\}}")
_UNITEXT = re.compile(rf"(?:[!-*,-<>-\[\]-~\u0080-\U0010ffff]|\\x\{{(?:{_HEXPOINT})\}})+")
_XTEXT_SPECIALS = frozenset(map(ord, " \\+=\x7f")) | frozenset(range(1, 32))


def decode_xtext(text: str) -> bytes | None:
    """The octets that are meant; None if this is no xtext."""
    if _XTEXT.fullmatch(text) is None:
        return None
    return _HEXCHAR.sub(lambda match: bytes([int(match[1], 16)]), text.encode())


def encode_xtext(octets: bytes) -> str:
    """The octets as xtext."""
    return _SPECIAL.sub(lambda match: b"+%02X" % match[0][0], octets).decode()


def decode_unitext(text: str) -> str | None:
    r"""What is meant by `\x{E4}` and by characters that stand for themselves; None if it is none.

    Both utf-8-addr-xtext and utf-8-addr-unitext, which has letters beyond ASCII too.
    """
    if _UNITEXT.fullmatch(text) is None:
        return None
    if not all(_may_be_embedded(int(point, 16)) for point in _EMBEDDED.findall(text)):
        return None
    return _EMBEDDED.sub(lambda match: chr(int(match[1], 16)), text)


def encode_unitext(text: str) -> str:
    """The text as utf-8-addr-xtext, which is safe where there is no SMTPUTF8."""
    return "".join(
        c if c.isascii() and ord(c) not in _XTEXT_SPECIALS else rf"\x{{{ord(c):02X}}}" for c in text
    )


def _may_be_embedded(point: int) -> bool:
    return point in _XTEXT_SPECIALS or (point >= 0x80 and not 0xD800 <= point <= 0xDFFF)
