"""Options: what the parameters of MAIL and RCPT ask for, as typed values.

Reading objects to nothing: parameters were checked when they were taken, and what is no value of
its parameter is read as if it had not been said.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.protocol.commands import Parameters
from harness.protocol.extensions.body import read_body
from harness.protocol.extensions.delivery_status import (
    read_envid,
    read_notify,
    read_orcpt,
    read_ret,
)
from harness.protocol.extensions.priority import read_priority
from harness.protocol.extensions.security import read_auth
from harness.protocol.extensions.size import read_size
from harness.protocol.extensions.timing import (
    DeliverBy,
    read_deliver_by,
    read_hold_for,
    read_hold_until,
)

__all__ = ["DeliverBy", "MailOptions", "RecipientOptions", "mail_options", "recipient_options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    """What MAIL asks for; None is not said."""

    size: int | None = None  # RFC 1870
    body: str | None = None  # 7BIT, 8BITMIME (RFC 6152), BINARYMIME (RFC 3030)
    utf8: bool = False  # RFC 6531
    ret: str | None = None  # FULL, HDRS: RFC 3461
    envid: str | None = None  # without its encoding
    auth: str | None = None  # who submitted it, "" for `<>`: RFC 4954 5
    require_tls: bool = False  # RFC 8689
    priority: int | None = None  # RFC 6710
    deliver_by: DeliverBy | None = None  # RFC 2852
    hold_for: int | None = None  # seconds: RFC 4865
    hold_until: int | None = None  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class RecipientOptions:
    """What RCPT asks for (RFC 3461); None is not said."""

    notify: frozenset[str] | None = None  # NEVER alone, or SUCCESS, FAILURE, DELAY
    orcpt: tuple[str, str] | None = None  # type and address, without its encoding


def mail_options(parameters: Parameters) -> MailOptions:
    """What the parameters of MAIL ask for."""
    if not parameters:
        return _NO_MAIL_OPTIONS
    said = dict(parameters)
    return MailOptions(
        size=read_size(said.get("SIZE")),
        body=read_body(said.get("BODY")),
        utf8="SMTPUTF8" in said,
        ret=read_ret(said.get("RET")),
        envid=read_envid(said.get("ENVID")),
        auth=read_auth(said.get("AUTH")),
        require_tls="REQUIRETLS" in said,
        priority=read_priority(said.get("MT-PRIORITY")),
        deliver_by=read_deliver_by(said.get("BY")),
        hold_for=read_hold_for(said.get("HOLDFOR")),
        hold_until=read_hold_until(said.get("HOLDUNTIL")),
    )


def recipient_options(parameters: Parameters) -> RecipientOptions:
    """What the parameters of RCPT ask for."""
    if not parameters:
        return _NO_RECIPIENT_OPTIONS
    said = dict(parameters)
    return RecipientOptions(read_notify(said.get("NOTIFY")), read_orcpt(said.get("ORCPT")))


_NO_MAIL_OPTIONS = MailOptions()
_NO_RECIPIENT_OPTIONS = RecipientOptions()
