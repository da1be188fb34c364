"""Delivery status notifications: who wants to be told of what (RFC 3461, RFC 6533)."""

from __future__ import annotations

import re

from harness.protocol.extensions.model import Extension, read_by
from harness.protocol.extensions.xtext import decode_unitext, decode_xtext

# RFC 3461 5.4.  It may be read with or without the keyword; we take the larger reading.
_MAX_ENVID = 100
_MAX_ORCPT = 500

_NEVER = frozenset({"NEVER"})
_EVENTS = frozenset({"SUCCESS", "FAILURE", "DELAY"})
_ATOM = re.compile(r"[!#-'*+\-/0-9=?A-Z^-~]+")  # of RFC 822: no specials, no blanks
_PRINTABLE = re.compile(r"[\t -~]*")


def read_ret(value: str | None) -> str | None:
    """FULL or HDRS; None if it is neither (RFC 3461 4.3)."""
    wanted = (value or "").upper()
    return wanted if wanted in ("FULL", "HDRS") else None


def read_envid(value: str | None) -> str | None:
    """The envelope identifier that is meant; None if it is none (RFC 3461 4.4)."""
    if not value or len(value) > _MAX_ENVID:
        return None
    return _printable(value)


def read_notify(value: str | None) -> frozenset[str] | None:
    """NEVER alone, or some of SUCCESS, FAILURE and DELAY; None if it is neither (RFC 3461 4.1)."""
    said = (value or "").upper()
    if said == "NEVER":
        return _NEVER
    wanted = frozenset(filter(None, said.split(",")))  # `1#` bears empty elements: RFC 822 2.7
    return wanted if wanted and wanted <= _EVENTS else None


def read_orcpt(value: str | None) -> tuple[str, str] | None:
    """Type and address of the original recipient; None if it is none (RFC 3461 4.2)."""
    kind, semicolon, encoded = (value or "").partition(";")
    if not semicolon or not encoded or len(value or "") > _MAX_ORCPT or not _ATOM.fullmatch(kind):
        return None
    address = _international(encoded) if kind.lower() == "utf-8" else _printable(encoded)
    if address is None and kind.lower() == "rfc822":
        kind, address = "utf-8", _beyond_ascii(encoded)
    return None if address is None else (kind, address)


def _printable(encoded: str) -> str | None:
    # RFC 3461 4.2 and 4.4: what is meant has to fit into a field of a notification.
    octets = decode_xtext(encoded)
    text = None if octets is None else octets.decode("latin-1")
    return text if text is not None and _PRINTABLE.fullmatch(text) else None


def _international(encoded: str) -> str | None:
    text = decode_unitext(encoded)
    if text is None:  # it may be mere xtext, where a backslash would not mean what it says
        return None if "\\" in encoded else _printable(encoded)
    return _visible(text)


def _beyond_ascii(encoded: str) -> str | None:
    # Postfix says rfc822 of a recipient beyond ASCII too.  RFC 3461 4.2 has no such address, but to
    # refuse it would be to refuse all such mail from Postfix; RFC 6533 3 has the type that it is.
    octets = decode_xtext(encoded)
    try:
        return None if octets is None else _visible(octets.decode())
    except UnicodeDecodeError:
        return None


def _visible(text: str) -> str | None:
    return None if any(c < " " or c == "\x7f" for c in text) else text


DSN = Extension(
    keyword="DSN",
    rfc=3461,
    mail_parameters={"RET": read_by("RET", read_ret), "ENVID": read_by("ENVID", read_envid)},
    rcpt_parameters={
        "NOTIFY": read_by("NOTIFY", read_notify),
        "ORCPT": read_by("ORCPT", read_orcpt),
    },
    mail_growth=110,  # RFC 3461 5.4: 100 of ENVID, 8 of RET, and their blanks
    rcpt_growth=530,  # for ORCPT and NOTIFY
)
