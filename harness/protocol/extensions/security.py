"""Who talks and who can listen: STARTTLS (RFC 3207), AUTH (RFC 4954), REQUIRETLS (RFC 8689)."""

from __future__ import annotations

from harness.protocol.addresses import ReversePath, read_reverse_path
from harness.protocol.extensions.model import Extension, Facts, read_by, without_value
from harness.protocol.extensions.xtext import decode_xtext
from harness.protocol.order import Verb


def read_auth(value: str | None) -> str | None:
    """The mailbox that submitted the message, "" for `<>`; None if it is none (RFC 4954 5).

    curl puts brackets around the mailbox; there should be none, but every server bears them.
    """
    mailbox = (None if value is None else decode_xtext(value)) or b"@"
    path = read_reverse_path(mailbox if mailbox.startswith(b"<") else b"<" + mailbox + b">")
    return str(path) if isinstance(path, ReversePath) and not path.route else None


def _can_be_secured(facts: Facts) -> bool:
    return facts.can_secure and not facts.secure  # RFC 3207 4.2


def _has_mechanisms(facts: Facts) -> bool:
    return bool(facts.mechanisms)


def _mechanisms(facts: Facts) -> str:
    return " ".join(facts.mechanisms)


def _is_secure(facts: Facts) -> bool:
    return facts.secure


STARTTLS = Extension(
    keyword="STARTTLS",
    rfc=3207,
    is_offered=_can_be_secured,
    verbs=frozenset({Verb.STARTTLS}),
)

AUTH = Extension(
    keyword="AUTH",
    rfc=4954,
    is_offered=_has_mechanisms,
    parameter=_mechanisms,
    verbs=frozenset({Verb.AUTH}),
    mail_parameters={"AUTH": read_by("AUTH", read_auth)},
    mail_growth=500,  # RFC 4954 3
)

REQUIRETLS = Extension(
    keyword="REQUIRETLS",
    rfc=8689,
    is_offered=_is_secure,  # RFC 8689 2
    mail_parameters={"REQUIRETLS": without_value("REQUIRETLS")},
    mail_growth=11,  # RFC 8689 2 (5)
)
