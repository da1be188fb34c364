"""What octets a body may hold: 8-bit MIME transport (RFC 6152)."""

from __future__ import annotations

from harness.protocol.extensions.model import Extension, read_by

_TEXT = frozenset({"7BIT", "8BITMIME"})
_VALUES = _TEXT | {"BINARYMIME"}  # RFC 3030 3


def read_body(value: str | None) -> str | None:
    """7BIT, 8BITMIME or BINARYMIME; None if it is none of them."""
    body = (value or "").upper()
    return body if body in _VALUES else None


def _read_text_body(value: str | None) -> str | None:
    body = read_body(value)
    return body if body in _TEXT else None


EIGHT_BIT_MIME = Extension(
    keyword="8BITMIME",
    rfc=6152,
    mail_parameters={"BODY": read_by("BODY", _read_text_body)},
    mail_growth=17,  # RFC 6152 2
)
