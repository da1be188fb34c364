"""Lies about aliases and mailing lists: RFC 5321 3.4, 3.5.1 and 3.9."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import RULES, Answer, Occasion, Rules
from harness.protocol.replies import Reply
from harness.protocol.trace import Trace
from reference_server.lies.model import Lie, answers_with


def _expanding(text: str) -> Rules:
    """The rules where EXPN succeeds with this text."""
    return replace(RULES, answers=answers_with(NOT_TOLD=Answer(250, "2.1.5", text)))


def _will_forward(occasion: Occasion | None, reply: Reply) -> bytes:
    is_alias = occasion is Occasion.RECIPIENT_OK and b" team@" in reply.octets
    return b"251 2.1.5 User not local; will forward\r\n" if is_alias else reply.octets


def _from_the_list(trace: Trace, content: bytes) -> bytes:
    """What mailing lists do that are not transparent: the author is put out of sight."""
    recipient = trace.recipient or ""
    if recipient.lower().startswith("list@"):
        content = re.sub(rb"(?im)^From:[^\r]*", b"From: %b" % recipient.encode(), content, count=1)
    return RULES.stamp(trace, content)


LISTS: Final[Mapping[str, Lie]] = {
    "rcpt-251-without-path": Lie(
        "RCPT for an alias is answered 251, and where the mail goes is not said",
        replace(
            RULES,
            answers=answers_with(RECIPIENT_OK=Answer(250, "2.1.5", "{address} is welcome")),
            write_reply=_will_forward,
        ),
    ),
    "expn-tells-no-mailbox": Lie("EXPN says that there is a list", _expanding("That is a list")),
    "expn-tells-all-in-one": Lie(
        "EXPN tells all mailboxes in one line",
        _expanding("<alice@example.test>, <bob@example.test>"),
    ),
    "first-member-alone": Lie(
        "mail for an alias or a list reaches the first address alone",
        replace(RULES, reached=lambda addresses: addresses[:1]),
    ),
    "list-keeps-sender": Lie(
        "what fails for the members of a list is told to the author",
        replace(RULES, list_sender=lambda sender, owner: sender),
    ),
    "list-rewrites-from": Lie(
        "the copies of a list are from the list", replace(RULES, stamp=_from_the_list)
    ),
    "alias-takes-sender": Lie(
        "what goes through an alias comes from the postmaster",
        replace(RULES, alias_sender=lambda sender: "postmaster@example.test"),
    ),
}
