"""Who talks and who can listen: STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

from __future__ import annotations

from harness.protocol.addresses import ReversePath, read_reverse_path
from harness.protocol.extensions.model import Extension, read_by
from harness.protocol.extensions.xtext import decode_xtext


def read_auth(value: str | None) -> str | None:
    """The mailbox that submitted the message, "" for `<>`; None if it is none (RFC 4954 5)."""
    mailbox = None if value is None else decode_xtext(value)
    if mailbox == b"<>":
        return ""
    path = read_reverse_path(b"<" + (mailbox or b"@") + b">")
    return str(path) if isinstance(path, ReversePath) and not path.route else None


STARTTLS = Extension(keyword="STARTTLS", rfc=3207)

AUTH = Extension(
    keyword="AUTH",
    rfc=4954,
    mail_parameters={"AUTH": read_by("AUTH", read_auth)},
    mail_growth=500,  # RFC 4954 3
)
