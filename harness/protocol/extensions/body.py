"""What octets a body may hold: 8-bit MIME transport (RFC 6152)."""

from __future__ import annotations

from harness.protocol.commands import Objection
from harness.protocol.extensions.model import Extension, bad_value

_VALUES = frozenset({"7BIT", "8BITMIME"})


def _check_body(value: str | None) -> Objection | None:
    return None if (value or "").upper() in _VALUES else bad_value("BODY")


EIGHT_BIT_MIME = Extension(
    keyword="8BITMIME",
    rfc=6152,
    mail_parameters={"BODY": _check_body},
    mail_growth=17,  # RFC 6152 2
)
