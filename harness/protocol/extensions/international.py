"""Addresses and header fields beyond ASCII: SMTPUTF8 (RFC 6531)."""

from __future__ import annotations

from harness.protocol.commands import Parameters
from harness.protocol.extensions.model import Extension, without_value


def asks_for_utf8(parameters: Parameters) -> bool:
    """Whether MAIL says that envelope or message may go beyond ASCII (RFC 6531 3.4)."""
    return any(name == "SMTPUTF8" for name, _ in parameters)


SMTPUTF8 = Extension(
    keyword="SMTPUTF8",
    rfc=6531,
    needs="8BITMIME",  # RFC 6531 3.1 (8)
    mail_parameters={"SMTPUTF8": without_value("SMTPUTF8")},
    mail_growth=10,  # RFC 6531 3.1 (5)
)
