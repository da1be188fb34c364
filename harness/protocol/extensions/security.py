"""Who talks and who can listen: STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

from __future__ import annotations

from harness.protocol.addresses import ReversePath, read_reverse_path
from harness.protocol.commands import Objection
from harness.protocol.extensions.model import Extension, bad_value
from harness.protocol.extensions.xtext import decode_xtext


def _check_auth(value: str | None) -> Objection | None:
    """RFC 4954 5: a mailbox or `<>`, in xtext."""
    mailbox = None if value is None else decode_xtext(value)
    if mailbox == b"<>":
        return None
    path = read_reverse_path(b"<" + (mailbox or b"@") + b">")
    return None if isinstance(path, ReversePath) and not path.route else bad_value("AUTH")


STARTTLS = Extension(keyword="STARTTLS", rfc=3207)

AUTH = Extension(
    keyword="AUTH",
    rfc=4954,
    mail_parameters={"AUTH": _check_auth},
    mail_growth=500,  # RFC 4954 3
)
