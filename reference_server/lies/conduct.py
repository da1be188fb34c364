"""Lies about how a session goes: hellos, refusals, and what closes it (RFC 5321 3 and 4.1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.order import IN_TRANSACTION, State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Addressee, Answer, Occasion, Rules
from harness.protocol.receiver.chunks import ChunkCommand
from harness.protocol.replies import Reply
from harness.protocol.services import Service
from reference_server.lies.model import Lie, answers_with, order_with


def _closing(name: str) -> Rules:
    """The rules where an occasion ends the connection."""
    return replace(
        RULES, answers=answers_with(**{name: replace(ANSWERS[Occasion[name]], closes=True)})
    )


def _helo_with_keywords(occasion: Occasion | None, reply: Reply) -> bytes:
    if occasion is not Occasion.HELO:
        return reply.octets
    return reply.octets.replace(b"250 ", b"250-", 1) + b"250-PIPELINING\r\n250 8BITMIME\r\n"


def _two_members(occasion: Occasion | None, reply: Reply) -> bytes:
    if occasion is not Occasion.NOT_TOLD:
        return reply.octets
    return b"250-<one@example.test>\r\n250 <two@example.test>\r\n"


def _all_or_nothing(recipients: list[Addressee], recipient: Addressee) -> None:
    if recipient in recipients:
        recipients.clear()
    else:
        recipients.append(recipient)


def _last_one(argument: bytes) -> ChunkCommand | Occasion:
    command = RULES.read_chunk(argument)
    return replace(command, last=True) if isinstance(command, ChunkCommand) else command


CONDUCT: Final[Mapping[str, Lie]] = {
    "no-expn": Lie("EXPN is not implemented", replace(RULES, verbs=RULES.verbs - {Verb.EXPN})),
    "helo-lists-keywords": Lie(
        "HELO is answered with a list of extensions",
        replace(RULES, write_reply=_helo_with_keywords),
    ),
    # --- what closes the connection
    "out-of-order-closes": Lie(
        "a command out of order ends the connection", _closing("OUT_OF_ORDER")
    ),
    "unknown-recipient-closes": Lie(
        "a recipient who does not exist ends the connection", _closing("NO_SUCH_USER")
    ),
    "argument-refused-closes": Lie(
        "an argument where none may stand ends the connection", _closing("ARGUMENT_REFUSED")
    ),
    "rset-closes": Lie("RSET ends the connection", _closing("RESET")),
    # --- what leaves the transaction as it is
    "refused-mail-begins": Lie(
        "MAIL that is refused begins a transaction",
        replace(RULES, after_refusal={Verb.MAIL: State.SENDER}),
    ),
    "help-resets": Lie(
        "HELP forgets the transaction",
        replace(
            RULES,
            order=order_with(*((s, Verb.HELP, State.READY) for s in sorted(IN_TRANSACTION))),
        ),
    ),
    # --- arguments
    "noop-without-argument": Lie(
        "NOOP with an argument is refused",
        replace(RULES, without_argument=RULES.without_argument | {Verb.NOOP}),
    ),
    "argument-missing-252": Lie(
        "a command without its argument is answered 252",
        replace(RULES, answers=answers_with(ARGUMENT_MISSING=Answer(252, "2.5.2", "Perhaps"))),
    ),
    # --- after the text
    "recipients-pile-up": Lie(
        "a message goes to the recipients of the one before it too",
        replace(
            RULES,
            order=order_with(
                (State.RECIPIENTS, Verb.DATA, State.RECIPIENTS),
                (State.RECIPIENTS, Verb.MAIL, State.RECIPIENTS),
            ),
        ),
    ),
    "named-twice-loses-all": Lie(
        "a recipient who is named twice makes the message lose all of them",
        replace(RULES, remember_recipient=_all_or_nothing),
    ),
    "quit-delivers-chunks": Lie(
        "every chunk is the last one", replace(RULES, read_chunk=_last_one)
    ),
    "one-reply-a-recipient": Lie(
        "a message is answered once for each recipient, as in LMTP",
        replace(RULES, answers_each=frozenset(Service)),
    ),
    # --- VRFY and EXPN
    "vrfy-names-alone": Lie(
        "VRFY knows no addresses, only names",
        replace(
            RULES,
            read_who=lambda argument, utf8: (
                None if b"@" in argument else RULES.read_who(argument, utf8)
            ),
        ),
    ),
    "vrfy-bare-address": Lie(
        "VRFY tells an address without angle brackets",
        replace(RULES, answers=answers_with(VERIFIED=Answer(250, "2.1.5", "someone@example.test"))),
    ),
    "vrfy-tells-route": Lie(
        "VRFY tells a source route",
        replace(
            RULES,
            answers=answers_with(
                VERIFIED=Answer(250, "2.1.5", "<@relay.test:someone@example.test>")
            ),
        ),
    ),
    "expn-user-for-list": Lie(
        "EXPN tells two mailboxes, whoever is asked for",
        replace(RULES, write_reply=_two_members),
    ),
    "expn-tells-route": Lie(
        "EXPN tells a source route",
        replace(
            RULES,
            answers=answers_with(
                NOT_TOLD=Answer(250, "2.1.5", "<@relay.test:someone@example.test>")
            ),
        ),
    ),
    "vrfy-tells-mailbox-name": Lie(
        "VRFY tells what RCPT would not take",
        replace(
            RULES,
            answers=answers_with(VERIFIED=Answer(250, "2.1.5", "A. Person <someone@mail_drop>")),
        ),
    ),
}
