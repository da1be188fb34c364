"""Lies about LMTP (RFC 2033) and submission (RFC 6409), and about what MAIL may wish for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from harness.protocol import trace
from harness.protocol.addresses import is_node
from harness.protocol.extensions.model import always, bare
from harness.protocol.order import State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Addressee, Answer, Occasion
from harness.protocol.replies import Reply
from harness.protocol.services import Service
from harness.protocol.trace import Trace
from reference_server.lies.model import (
    Lie,
    answers_with,
    order_with,
    refusing,
    unchecked,
    with_extension,
    with_parameter,
    without_announcing,
)

_BOTH_HELLOS: Final = {
    **RULES.words,
    Service.SMTP: {**RULES.words[Service.SMTP], b"LHLO": Verb.LHLO},
}
_WORDS: Final = {
    **RULES.words,
    Service.LMTP: {**RULES.words[Service.LMTP], **RULES.words[Service.SMTP]},
}


def _first_alone(replies: Sequence[bytes], recipients: Sequence[Addressee]) -> Sequence[bytes]:
    return replies[:1]


def _two_for_one(replies: Sequence[bytes], recipients: Sequence[Addressee]) -> Sequence[bytes]:
    return [*replies, *replies] if len(replies) == 1 else replies


def _is_plain_node(node: str) -> bool:
    return node[:1] not in "@#" and is_node(node)


def _host_refused_for_good(occasion: Occasion | None, reply: Reply) -> bytes:
    is_host = occasion is Occasion.NODE_REFUSED and not re.search(rb"[@#]", reply.octets)
    return reply.octets.replace(b"459 4.7.1", b"550 5.7.1") if is_host else reply.octets


def _thanks_for_nothing(
    replies: Sequence[bytes], recipients: Sequence[Addressee]
) -> Sequence[bytes]:
    return replies or (b"250 2.0.0 Message accepted\r\n",)


def _once_each(recipients: list[Addressee], recipient: Addressee) -> None:
    if recipient not in recipients:
        recipients.append(recipient)


def _as_esmtp(traced: Trace, content: bytes) -> bytes:
    return trace.stamp(replace(traced, protocol=traced.protocol.replace("LMTP", "ESMTP")), content)


def _without_priority(traced: Trace, content: bytes) -> bytes:
    return trace.stamp(replace(traced, priority=None), content)


def _one_more(traced: Trace, content: bytes) -> bytes:
    return f"Message-ID: <{traced.id}@{traced.by}>\r\n".encode() + content


SERVICES: Final[Mapping[str, Lie]] = {
    "lmtp-takes-ehlo": Lie("LMTP takes EHLO and HELO", replace(RULES, words=_WORDS)),
    "lmtp-one-reply": Lie(
        "LMTP answers a message once for all recipients", replace(RULES, reply_to_each=_first_alone)
    ),
    "smtp-takes-lhlo": Lie("SMTP takes LHLO too", replace(RULES, words=_BOTH_HELLOS)),
    "lmtp-two-lines-two-replies": Lie(
        "LMTP answers a message for one recipient with two lines that are two replies",
        replace(RULES, reply_to_each=_two_for_one),
    ),
    "lmtp-one-reply-a-mailbox": Lie(
        "LMTP answers a message once for a recipient who was named twice",
        replace(RULES, remember_recipient=_once_each),
    ),
    "lmtp-takes-mail-for-nobody": Lie(
        "BDAT LAST without a recipient is answered 250",
        replace(RULES, reply_to_each=_thanks_for_nothing),
    ),
    "lmtp-traced-as-esmtp": Lie(
        "the Received field says ESMTP where LMTP was spoken", replace(RULES, stamp=_as_esmtp)
    ),
    "pipelining-not-announced": Lie(
        "EHLO and LHLO do not list PIPELINING", without_announcing("PIPELINING")
    ),
    "submission-from-anybody": Lie("submission needs no log-in", replace(RULES, need_log_in={})),
    "log-in-required-521": Lie(
        "submission without a log-in is answered 521",
        replace(RULES, answers=answers_with(LOG_IN_REQUIRED=Answer(521, "5.3.2", "No mail here"))),
    ),
    "message-id-not-added": Lie(
        "submission takes messages without a Message-ID as they are", replace(RULES, complete={})
    ),
    "message-id-always-added": Lie(
        "submission adds a Message-ID to messages that have one",
        replace(RULES, complete={Service.SUBMISSION: _one_more}),
    ),
    "submission-unqualified": Lie(
        "submission takes domains of one label", replace(RULES, need_qualified=frozenset())
    ),
    "submission-offers-etrn": Lie(
        "submission offers ETRN", with_extension("ETRN", services=frozenset(Service))
    ),
    "dsn-not-announced": Lie("EHLO does not list DSN", without_announcing("DSN")),
    "enhanced-not-announced": Lie(
        "EHLO and LHLO do not list ENHANCEDSTATUSCODES", without_announcing("ENHANCEDSTATUSCODES")
    ),
    "8bitmime-not-announced": Lie(
        "EHLO and LHLO do not list 8BITMIME", without_announcing("8BITMIME")
    ),
    "unknown-mechanism-502": Lie(
        "AUTH by a mechanism that is not known is not implemented",
        replace(
            RULES, answers=answers_with(UNKNOWN_MECHANISM=Answer(502, "5.5.1", "Not implemented"))
        ),
    ),
    # --- REQUIRETLS
    "requiretls-with-parameter": Lie(
        "EHLO lists REQUIRETLS with a word", with_parameter("REQUIRETLS", "yes")
    ),
    "requiretls-value-unchecked": Lie("REQUIRETLS takes a value", unchecked("REQUIRETLS")),
    "requiretls-in-clear": Lie(
        "REQUIRETLS is offered and taken in the clear",
        with_extension("REQUIRETLS", is_offered=always),
    ),
    # --- MT-PRIORITY
    "priority-negative-refused": Lie(
        "the priorities -1 and -9 are refused", refusing("MT-PRIORITY", "MT-PRIORITY", "^-[19]$")
    ),
    "priority-with-two-words": Lie(
        "EHLO lists MT-PRIORITY with two policies", with_parameter("MT-PRIORITY", "MIXER NSEP")
    ),
    "priority-not-traced": Lie(
        "the Received field does not tell the priority", replace(RULES, stamp=_without_priority)
    ),
    "priority-unchecked": Lie("MT-PRIORITY may say anything", unchecked("MT-PRIORITY")),
    "priority-for-everybody": Lie(
        "anybody's message may go first", replace(RULES, grant_priority=lambda asked, known: asked)
    ),
    # --- DELIVERBY
    "deliverby-with-word": Lie(
        "EHLO lists DELIVERBY with a word", with_parameter("DELIVERBY", "soon")
    ),
    "by-without-trace": Lie("BY with a T is refused", refusing("DELIVERBY", "BY", "(?i)T$")),
    "by-notify-alone": Lie("BY with mode R is refused", refusing("DELIVERBY", "BY", "(?i);R")),
    "by-negative-refused": Lie(
        "BY with a time that is over is refused", refusing("DELIVERBY", "BY", "^-")
    ),
    "by-unchecked": Lie("BY may say anything", unchecked("DELIVERBY")),
    # --- FUTURERELEASE
    "futurerelease-alone": Lie(
        "EHLO lists FUTURERELEASE without its limits",
        with_extension("FUTURERELEASE", parameter=bare),
    ),
    "futurerelease-everywhere": Lie(
        "FUTURERELEASE is offered to other hosts too",
        with_extension("FUTURERELEASE", services=frozenset(Service)),
    ),
    "no-hold-until": Lie("HOLDUNTIL is refused", refusing("FUTURERELEASE", "HOLDUNTIL", "")),
    "no-hold-for": Lie("HOLDFOR is refused", refusing("FUTURERELEASE", "HOLDFOR", "")),
    "hold-unchecked": Lie(
        "a message is held for any time that is asked for", unchecked("FUTURERELEASE")
    ),
    # --- ETRN
    "etrn-with-parameter": Lie("EHLO lists ETRN with a word", with_parameter("ETRN", "yes")),
    "etrn-within-transaction": Lie(
        "ETRN is taken within a transaction, from anybody",
        replace(
            RULES,
            answers=answers_with(NODE_REFUSED=ANSWERS[Occasion.QUEUE_STARTED]),
            order=order_with(
                *((state, Verb.ETRN, state) for state in (State.SENDER, State.RECIPIENTS))
            ),
        ),
    ),
    "etrn-for-anybody": Lie(
        "any node may ask for any mail",
        replace(RULES, answers=answers_with(NODE_REFUSED=ANSWERS[Occasion.QUEUE_STARTED])),
    ),
    "etrn-domains-alone": Lie("ETRN knows neither @ nor #", replace(RULES, is_node=_is_plain_node)),
    "etrn-550": Lie(
        "ETRN for a host that may not ask is answered 550",
        replace(RULES, write_reply=_host_refused_for_good),
    ),
    "etrn-node-unchecked": Lie(
        "ETRN for what is no domain is answered 459",
        replace(RULES, answers=answers_with(NO_NODE=Answer(459, "4.7.1", "That node may not"))),
    ),
    "argument-missing-502": Lie(
        "a command without its argument is not implemented",
        replace(
            RULES, answers=answers_with(ARGUMENT_MISSING=Answer(502, "5.5.1", "Not implemented"))
        ),
    ),
    # --- LIMITS
    "limits-malformed": Lie(
        "EHLO lists LIMITS with a semicolon",
        with_parameter("LIMITS", "RCPTMAX=1000 HOURLY=5;DAILY=9"),
    ),
    "rcptmax-of-1000-is-500": Lie(
        "EHLO lists RCPTMAX=1000, and the 501st recipient is one too many",
        replace(
            with_parameter("LIMITS", "RCPTMAX=1000"),
            limits=replace(RULES.limits, recipients=500),
        ),
    ),
    "limits-leading-zero": Lie(
        "EHLO lists a limit with a leading zero", with_parameter("LIMITS", "RCPTMAX=0100")
    ),
}
