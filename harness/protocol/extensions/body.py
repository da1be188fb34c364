"""What octets a body may hold, and how they come: RFC 6152 and RFC 3030."""

from __future__ import annotations

from harness.protocol.commands import Parameters
from harness.protocol.extensions.model import Extension, read_by
from harness.protocol.order import Verb

_TEXT = frozenset({"7BIT", "8BITMIME"})
_VALUES = _TEXT | {"BINARYMIME"}  # RFC 3030 3


def read_body(value: str | None) -> str | None:
    """7BIT, 8BITMIME or BINARYMIME; None if it is none of them."""
    body = (value or "").upper()
    return body if body in _VALUES else None


def _read_text_body(value: str | None) -> str | None:
    body = read_body(value)
    return body if body in _TEXT else None


def _read_binary_body(value: str | None) -> str | None:
    body = read_body(value)
    return None if body in _TEXT else body


def needs_chunks(parameters: Parameters) -> bool:
    """Whether MAIL announces octets that are no lines of text (RFC 3030 3)."""
    return bool(parameters) and read_body(dict(parameters).get("BODY")) == "BINARYMIME"


EIGHT_BIT_MIME = Extension(
    keyword="8BITMIME",
    rfc=6152,
    mail_parameters={"BODY": read_by("BODY", _read_text_body)},
    mail_growth=17,  # RFC 6152 2
)

CHUNKING = Extension(keyword="CHUNKING", rfc=3030, verbs=frozenset({Verb.BDAT, Verb.LAST}))

BINARYMIME = Extension(
    keyword="BINARYMIME",
    rfc=3030,
    needs="CHUNKING",  # RFC 3030 3 (3)
    mail_parameters={"BODY": read_by("BODY", _read_binary_body)},  # one more value
    mail_growth=16,  # RFC 3030 3 (8)
)
