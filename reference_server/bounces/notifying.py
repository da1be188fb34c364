"""Notifying: one notification for all recipients of a message that met the same fate.

What is made here is a message with its envelope; whoever asked for it sees that it gets there.
The null reverse-path is never answered.  That it is told here is a local decision (RFC 5321 6.1):
the postmaster of this machine hears of what failed and has no sender to tell, and nobody hears
of what failed on that way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harness.protocol.commands import Parameters
from harness.protocol.options import MailOptions, mail_options
from reference_server.bounces.composing import Letter, compose
from reference_server.bounces.fields import status_fields
from reference_server.bounces.findings import Action, Finding, Original, to_tell
from reference_server.bounces.returning import returned_part
from reference_server.queue.items import Item, QueuedRecipient

# Without a domain, so the one of this machine.
LAST_RESORT: Final = "postmaster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who reports, and how much of a message goes back at most."""

    domain: str
    tells_postmaster: bool = True  # of what failed and has no sender to tell
    postmaster: str = "postmaster"  # the local-part that can be written to
    largest_return: int = 102_400  # octets; of larger messages only the header (RFC 3461 6.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message to be sent from the null reverse-path to one recipient."""

    id: str
    recipient: str
    mail_parameters: Parameters
    content: bytes

    # RFC 3461 6.1: nobody is told of what becomes of it.
    rcpt_parameters: Parameters = (("NOTIFY", "NEVER"),)

    def as_item(self, now: float) -> Item:
        """What the queue keeps of it."""
        recipient = QueuedRecipient(address=self.recipient, parameters=self.rcpt_parameters)
        return Item(
            id=self.id,
            reverse_path="",
            parameters=self.mail_parameters,
            arrived=now,
            size=len(self.content),
            recipients=(recipient,),
        )


def notify(
    original: Original,
    findings: Iterable[Finding],
    office: Office,
    *,
    now: float,
    new_id: Callable[[], str],
) -> tuple[Notification, ...]:
    """The notifications that the sender asked for, or what the postmaster hears instead."""
    told = due(original.reverse_path, findings, office)
    actions = dict.fromkeys(finding.action for finding in told)
    return tuple(
        _make(original, [one for one in told if one.action is action], office, now, new_id())
        for action in actions
    )


def due(reverse_path: str, findings: Iterable[Finding], office: Office) -> tuple[Finding, ...]:
    """Those that somebody is to be told of."""
    if reverse_path or not office.tells_postmaster:
        return to_tell(reverse_path, findings)
    return tuple(
        finding
        for finding in findings
        if finding.action is Action.FAILED and finding.address != LAST_RESORT
    )


def _make(
    original: Original, findings: Sequence[Finding], office: Office, now: float, id: str
) -> Notification:
    wishes = mail_options(original.parameters)
    failed = findings[0].action is Action.FAILED
    letter = Letter(
        id=id,
        domain=office.domain,
        postmaster=office.postmaster,
        to=original.reverse_path or f"{office.postmaster}@{office.domain}",
        has_sender=bool(original.reverse_path),
        date=now,
        findings=tuple(findings),
        status=status_fields(original, findings, office.domain),
        returned=returned_part(
            original.content,
            # RFC 3461 4.3: only who hears of a failure needs the message back.  RFC 8689 5: what
            # asked for TLS is not handed out where there may be none.
            full=failed and wishes.ret == "FULL" and not wishes.require_tls,
            largest=office.largest_return,
        ),
        about=original.content,
    )
    content = compose(letter)
    return Notification(
        id=id,
        recipient=original.reverse_path or LAST_RESORT,
        mail_parameters=tuple(_parameters(content, original.reverse_path, wishes)),
        content=content,
    )


def _parameters(
    content: bytes, recipient: str, wishes: MailOptions
) -> Iterator[tuple[str, str | None]]:
    if not content.isascii():
        yield "BODY", "8BITMIME"
    if not recipient.isascii():
        yield "SMTPUTF8", None
    if wishes.require_tls:
        yield "REQUIRETLS", None  # RFC 8689 5
    if wishes.priority is not None:
        yield "MT-PRIORITY", str(wishes.priority)  # RFC 6710 4.6
