"""Lies about the core of SMTP: RFC 5321, and what stands closest to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from harness.protocol.addresses import (
    ReversePath,
    read_forward_path,
    read_reverse_path,
)
from harness.protocol.commands import Objection, Parameters, PathCommand, read_path_command
from harness.protocol.extensions import Extension, check_parameters
from harness.protocol.order import State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Addressee, Answer, Occasion
from harness.protocol.replies import Reply
from harness.protocol.trace import Trace, received
from harness.protocol.transparency import DataReader
from reference_server.lies.model import (
    Lie,
    answers_with,
    as_it_is,
    order_with,
    with_limits,
)

P = TypeVar("P")


# --- the fields that lies replace --------------------------------------------------------------


def _no_header_no_mail(content: bytes) -> Occasion | None:
    begins_with_a_field = re.match(rb"[!-9;-~]+[ \t]*:", content)
    return RULES.object_to_content(content) if begins_with_a_field else Occasion.BAD_CONTENT


def _bare_inner_ends(occasion: Occasion | None, reply: Reply) -> bytes:
    return reply.octets[:-2].replace(b"\r\n", b"\n") + reply.octets[-2:]


def _help_twice(occasion: Occasion | None, reply: Reply) -> bytes:
    return reply.octets * (2 if occasion is Occasion.HELP else 1)


def _challenge_without_blank(occasion: Occasion | None, reply: Reply) -> bytes:
    return b"334\r\n" if reply.octets == b"334 \r\n" else reply.octets


def _refusals_last(replies: list[bytes]) -> bytes:
    group, last = replies[:-1], replies[-1:]
    return b"".join([*sorted(group, key=_is_refusal), *last])


def _is_refusal(octets: bytes) -> bool:
    return octets.startswith(b"550")


def _auth_with_equals(keywords: Sequence[str]) -> Sequence[str]:
    return [*keywords, "AUTH=PLAIN LOGIN"]


def _only_the_first(recipients: list[Addressee], recipient: Addressee) -> None:
    if not recipients:
        recipients.append(recipient)


def _no_null(octets: bytes, *, utf8: bool) -> ReversePath | Objection:
    if octets == b"<>":
        return Objection(501, "5.1.7", "A sender is needed")
    return read_reverse_path(octets, utf8=utf8)


def _unknown_is_fine(
    parameters: Parameters, offered: Mapping[str, Extension], which: str
) -> Objection | None:
    objection = check_parameters(parameters, offered, which)
    return None if objection is not None and objection.code == 555 else objection


def _last_one_counts(argument: bytes, keyword: bytes, *, utf8: bool) -> PathCommand | Objection:
    first, *parameters = argument.split(b" ")
    by_name = {word.partition(b"=")[0].upper(): word for word in parameters}
    return read_path_command(b" ".join([first, *by_name.values()]), keyword, utf8=utf8)


def _any_domain(text: str) -> bool:
    return True


def _unquoted(read: Callable[..., P | Objection], octets: bytes, *, utf8: bool) -> P | Objection:
    if b'"' in octets:
        return Objection(501, "5.1.3", "No quotes, please")
    return read(octets, utf8=utf8)


class _SegmentReader(DataReader):
    """Takes the beginning of each segment for the beginning of a line."""

    _tail = b"\r\n"

    def feed(self, octets: bytes) -> None:
        """Drop a dot that opens a segment, wherever in a line it stands."""
        if octets.startswith(b".") and self._tail != b"\r\n":
            octets = octets[1:]
        self._tail = (self._tail + octets)[-2:]
        super().feed(octets)


def _rewritten(trace: Trace, content: bytes) -> bytes:
    return received(trace) + re.sub(
        rb"(?im)^Received: from ", b"Received: from relay by way of ", content
    )


def _unstamped(trace: Trace, content: bytes) -> bytes:
    return content


_GREETED: Final = (State.READY, State.SENDER, State.RECIPIENTS)
_IN_TRANSACTION: Final = (State.SENDER, State.RECIPIENTS)


# --- the table ---------------------------------------------------------------------------------

CORE: Final[Mapping[str, Lie]] = {
    "greeting-without-domain": Lie(
        "the greeting begins with no domain",
        replace(RULES, answers=answers_with(GREETING=Answer(220, None, "*** welcome ***"))),
    ),
    "ehlo-keyword-malformed": Lie(
        "EHLO lists AUTH=PLAIN, which is no keyword",
        replace(RULES, announce=_auth_with_equals),
    ),
    "helo-only-first": Lie(
        "HELO is refused to who said EHLO before",
        replace(RULES, order=order_with(*((state, Verb.HELO, None) for state in _GREETED))),
    ),
    "verbs-case-sensitive": Lie(
        "commands are known in upper case alone", replace(RULES, fold_verb=as_it_is)
    ),
    "reply-bare-lf": Lie(
        "the inner lines of a reply end in LF", replace(RULES, write_reply=_bare_inner_ends)
    ),
    "two-replies": Lie("HELP is answered twice", replace(RULES, write_reply=_help_twice)),
    "first-recipient-only": Lie(
        "the message reaches the first recipient alone",
        replace(RULES, remember_recipient=_only_the_first),
    ),
    "no-rset": Lie("RSET is not implemented", replace(RULES, verbs=RULES.verbs - {Verb.RSET})),
    "no-vrfy": Lie("VRFY is not implemented", replace(RULES, verbs=RULES.verbs - {Verb.VRFY})),
    "no-help": Lie("HELP is not implemented", replace(RULES, verbs=RULES.verbs - {Verb.HELP})),
    "null-sender-refused": Lie(
        "MAIL FROM:<> is refused", replace(RULES, read_reverse_path=_no_null)
    ),
    "postmaster-case": Lie(
        "postmaster is known in lower case alone",
        replace(RULES, is_postmaster="postmaster".__eq__),
    ),
    "rcpt-before-mail": Lie(
        "RCPT is taken without MAIL",
        replace(RULES, order=order_with((State.READY, Verb.RCPT, State.RECIPIENTS))),
    ),
    "nested-mail-mixes": Lie(
        "a second MAIL replaces the sender and keeps the recipients",
        replace(RULES, order=order_with(*((s, Verb.MAIL, s) for s in _IN_TRANSACTION))),
    ),
    "nested-mail-accepted": Lie(
        "a second MAIL begins a new transaction",
        replace(RULES, order=order_with(*((s, Verb.MAIL, State.SENDER) for s in _IN_TRANSACTION))),
    ),
    "data-without-recipient": Lie(
        "DATA is taken without a recipient, and the message too",
        replace(
            RULES,
            order=order_with(
                (State.READY, Verb.DATA, State.READY), (State.SENDER, Verb.DATA, State.READY)
            ),
        ),
    ),
    "ehlo-keeps-transaction": Lie(
        "EHLO leaves the transaction as it is",
        replace(RULES, order=order_with(*((s, Verb.EHLO, s) for s in _IN_TRANSACTION))),
    ),
    "rset-keeps-transaction": Lie(
        "RSET forgets nothing",
        replace(RULES, order=order_with(*((s, Verb.RSET, s) for s in _IN_TRANSACTION))),
    ),
    "noop-resets": Lie(
        "NOOP forgets the transaction",
        replace(RULES, order=order_with(*((s, Verb.NOOP, State.READY) for s in _IN_TRANSACTION))),
    ),
    "quit-stays-open": Lie(
        "after 221 the connection stays open",
        replace(
            RULES,
            answers=answers_with(FAREWELL=replace(ANSWERS[Occasion.FAREWELL], closes=False)),
        ),
    ),
    "unknown-command-closes": Lie(
        "an unknown command ends the connection",
        replace(
            RULES,
            answers=answers_with(
                UNKNOWN_COMMAND=replace(ANSWERS[Occasion.UNKNOWN_COMMAND], closes=True)
            ),
        ),
    ),
    "arguments-ignored": Lie(
        "RSET, DATA and QUIT take any argument", replace(RULES, without_argument=frozenset())
    ),
    "unknown-parameter-accepted": Lie(
        "MAIL and RCPT take parameters that nobody knows",
        replace(RULES, check_parameters=_unknown_is_fine),
    ),
    "parameter-twice": Lie(
        "a parameter that stands twice is taken, and the last one counts",
        replace(RULES, read_path_command=_last_one_counts),
    ),
    "unknown-recipient-accepted": Lie(
        "mail for a user who does not exist is taken, and lost",
        replace(RULES, answers=answers_with(NO_SUCH_USER=ANSWERS[Occasion.RECIPIENT_OK])),
    ),
    "open-relay": Lie(
        "mail for anywhere is taken from anybody",
        replace(RULES, answers=answers_with(RELAY_DENIED=ANSWERS[Occasion.RECIPIENT_OK])),
    ),
    "lax-domain": Lie(
        "any octets are a domain",
        replace(
            RULES,
            read_reverse_path=partial(read_reverse_path, read_domain=_any_domain),
            read_forward_path=partial(read_forward_path, read_domain=_any_domain),
        ),
    ),
    "no-quoted-string": Lie(
        "quoted local-parts are syntax errors",
        replace(
            RULES,
            read_reverse_path=partial(_unquoted, read_reverse_path),
            read_forward_path=partial(_unquoted, read_forward_path),
        ),
    ),
    "no-unstuff": Lie("the doubled dot stays doubled", replace(RULES, unstuff=as_it_is)),
    "segment-is-line": Lie(
        "a dot that opens a TCP segment is taken for one that opens a line",
        replace(RULES, data_reader=_SegmentReader),
    ),
    "headerless-refused": Lie(
        "a message that does not begin with a header field is refused",
        replace(
            RULES,
            object_to_content=_no_header_no_mail,
            answers=answers_with(
                BAD_CONTENT=Answer(550, "5.6.0", "A message begins with a header")
            ),
        ),
    ),
    "message-forgets-hello": Lie(
        "after a message the client must greet again",
        replace(RULES, order=order_with((State.RECIPIENTS, Verb.DATA, State.FRESH))),
    ),
    "data-keeps-envelope": Lie(
        "after a message its sender and recipients are still there",
        replace(
            RULES,
            order=order_with(
                (State.RECIPIENTS, Verb.DATA, State.RECIPIENTS),
                (State.RECIPIENTS, Verb.MAIL, State.SENDER),
            ),
        ),
    ),
    "short-command-line": Lie(
        "a command line over 200 octets is too long",
        replace(RULES, longest_line=lambda usual, growth: 200),
    ),
    "short-text-line": Lie("a text line over 998 octets is too long", with_limits(text_line=998)),
    "few-recipients": Lie("the 51st recipient is one too many", with_limits(recipients=50)),
    "no-received": Lie("no Received field is added", replace(RULES, stamp=_unstamped)),
    "received-rewritten": Lie(
        "the Received fields of earlier hops are rewritten", replace(RULES, stamp=_rewritten)
    ),
    "replies-reordered": Lie(
        "within a pipelined group recipients who are refused come last",
        replace(RULES, arrange=_refusals_last),
    ),
    "size-ignored": Lie(
        "a declared size over the limit is taken", replace(RULES, exceeds=lambda size, most: False)
    ),
    "tls-keeps-state": Lie(
        "STARTTLS forgets neither the client's name nor the transaction",
        replace(RULES, order=order_with(*((state, Verb.STARTTLS, state) for state in _GREETED))),
    ),
    "tls-keeps-buffer": Lie(
        "commands that came in the clear behind STARTTLS run inside TLS",
        replace(RULES, left_after_tls=as_it_is),
    ),
    "challenge-without-space": Lie(
        "the empty challenge is 334 without the blank",
        replace(RULES, write_reply=_challenge_without_blank),
    ),
}
