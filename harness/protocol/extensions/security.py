"""Who talks and who can listen: STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

from __future__ import annotations

from harness.protocol.addresses import ReversePath, read_reverse_path
from harness.protocol.extensions.model import Extension, read_by
from harness.protocol.extensions.xtext import decode_xtext


def read_auth(value: str | None) -> str | None:
    """The mailbox that submitted the message, "" for `<>`; None if it is none (RFC 4954 5).

    curl puts brackets around the mailbox; there should be none, but every server bears them.
    """
    mailbox = (None if value is None else decode_xtext(value)) or b"@"
    path = read_reverse_path(mailbox if mailbox.startswith(b"<") else b"<" + mailbox + b">")
    return str(path) if isinstance(path, ReversePath) and not path.route else None


STARTTLS = Extension(keyword="STARTTLS", rfc=3207)

AUTH = Extension(
    keyword="AUTH",
    rfc=4954,
    mail_parameters={"AUTH": read_by("AUTH", read_auth)},
    mail_growth=500,  # RFC 4954 3
)
