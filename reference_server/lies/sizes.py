"""Lies about what is the least that everybody must take (RFC 5321 4.5), and about loops (6.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from harness.protocol import trace
from harness.protocol.addresses import (
    ForwardPath,
    ReversePath,
    is_domain,
    is_domain_or_literal,
    read_forward_path,
    read_reverse_path,
)
from harness.protocol.commands import Objection
from harness.protocol.order import State, Verb
from harness.protocol.receiver import RULES, Addressee, Answer, Envelope, Occasion, Rules
from harness.protocol.replies import Reply
from harness.protocol.trace import Trace
from harness.protocol.transparency import unstuff
from reference_server.lies.model import (
    Lie,
    answers_with,
    order_with,
    with_limits,
    without_announcing,
)

P = TypeVar("P", ReversePath, ForwardPath)
ReadPath = Callable[..., ReversePath | ForwardPath | Objection]

_NO_MORE_THAN: Final = 30  # Received fields, as many servers have it


# --- paths ---------------------------------------------------------------------------------------


def _locals(change: Callable[[Any], Any], read: ReadPath) -> Any:
    """The reading of a path with a say about its local-part."""

    def reading(octets: bytes, *, utf8: bool) -> Any:
        path = read(octets, utf8=utf8)
        return path if isinstance(path, Objection) or path.mailbox is None else change(path)

    return reading


def _at_most_63(path: P) -> P | Objection:
    mailbox = path.mailbox
    too_long = mailbox is not None and len(mailbox.local) > 63
    return Objection(501, "5.1.3", "Local-part too long") if too_long else path


def _cut_to_64(path: P) -> P:
    assert path.mailbox is not None, "the null path has nothing to cut"
    return replace(path, mailbox=replace(path.mailbox, local=path.mailbox.local[:64]))


def _no_foreign_literal(text: str) -> bool:
    return is_domain(text) or text.startswith("[127.")


def _short_domain(text: str) -> bool:
    return len(text) <= 200 and is_domain_or_literal(text)


def _behind_the_comma(octets: bytes, *, utf8: bool) -> ReversePath | Objection:
    return read_reverse_path(re.sub(rb"<[^<>]*\\,", b"<", octets), utf8=utf8)


# --- text ----------------------------------------------------------------------------------------


def _where(pattern: bytes) -> Rules:
    """The rules where what holds this is no message."""

    def object_to(content: bytes) -> Occasion | None:
        found = re.search(pattern, content)
        return Occasion.BAD_CONTENT if found else RULES.object_to_content(content)

    return replace(RULES, object_to_content=object_to)


def _with_at_most(count: int, pattern: bytes) -> Rules:
    """The rules where a header may hold this so often."""

    def object_to(content: bytes) -> Occasion | None:
        header = content.partition(b"\r\n\r\n")[0]
        too_many = len(re.findall(pattern, header)) > count
        return Occasion.BAD_CONTENT if too_many else RULES.object_to_content(content)

    return replace(RULES, object_to_content=object_to)


def _without(pattern: bytes, put: bytes = b"") -> Rules:
    """The rules where this is taken out of a text."""
    return replace(RULES, unstuff=lambda octets: re.sub(pattern, put, unstuff(octets)))


def _cut_lines(traced: Trace, content: bytes) -> bytes:
    return trace.stamp(traced, re.sub(rb"([^\r\n]{998})[^\r\n]+", rb"\1", content))


def _twice_if_too_long(occasion: Occasion | None, reply: Reply) -> bytes:
    return reply.octets * (2 if occasion is Occasion.LINE_TOO_LONG else 1)


# --- recipients ----------------------------------------------------------------------------------


def _forget_the_first(recipients: list[Addressee], recipient: Addressee) -> None:
    recipients.append(recipient)
    if len(recipients) > 100:
        del recipients[0]


def _one_for_nobody(
    reverse_path: ReversePath, before: Sequence[Addressee], path: ForwardPath
) -> Occasion | None:
    is_one_more = reverse_path.mailbox is None and before
    return Occasion.TOO_MANY_RECIPIENTS if is_one_more else None


def _no_bounces_to_the_postmaster(
    reverse_path: ReversePath, before: Sequence[Addressee], path: ForwardPath
) -> Occasion | None:
    is_bounce = reverse_path.mailbox is None and RULES.is_postmaster(path.mailbox.local)
    return Occasion.NO_SUCH_USER if is_bounce else None


def _without_the_postmaster(envelope: Envelope, content: bytes) -> Sequence[Addressee]:
    return [it for it in envelope.recipients if not RULES.is_postmaster(it.path.mailbox.local)]


SIZES: Final[Mapping[str, Lie]] = {
    # --- paths and command lines
    "local-part-of-63": Lie(
        "a local-part of 64 octets is too long",
        replace(
            RULES,
            read_reverse_path=_locals(_at_most_63, read_reverse_path),
            read_forward_path=_locals(_at_most_63, read_forward_path),
        ),
    ),
    "local-part-cut": Lie(
        "a local-part over 64 octets is cut",
        replace(
            RULES,
            read_reverse_path=_locals(_cut_to_64, read_reverse_path),
            read_forward_path=_locals(_cut_to_64, read_forward_path),
        ),
    ),
    "domain-of-200": Lie(
        "a domain over 200 octets is too long",
        replace(
            RULES,
            read_reverse_path=partial(read_reverse_path, read_domain=_short_domain),
            read_forward_path=partial(read_forward_path, read_domain=_short_domain),
            is_client_name=_short_domain,
        ),
    ),
    "no-foreign-literals": Lie(
        "an address literal of somebody else is a syntax error",
        replace(
            RULES,
            read_reverse_path=partial(read_reverse_path, read_domain=_no_foreign_literal),
            read_forward_path=partial(read_forward_path, read_domain=_no_foreign_literal),
        ),
    ),
    "own-literal-unknown": Lie(
        "mail for an address literal of our own is mail for elsewhere",
        replace(RULES, knows_own_literals=False),
    ),
    "backslash-misread": Lie(
        "what stands before a quoted comma is no part of an address",
        replace(RULES, read_reverse_path=_behind_the_comma),
    ),
    "no-longer-mail-and-rcpt": Lie(
        "MAIL and RCPT may be no longer than other commands, whatever extensions add",
        replace(RULES, longest_line=lambda usual, growth: usual),
    ),
    "too-long-line-is-two": Lie(
        "a command line that is too long is answered twice",
        replace(RULES, write_reply=_twice_if_too_long),
    ),
    "noop-after-hello": Lie(
        "NOOP must wait for EHLO", replace(RULES, order=order_with((State.FRESH, Verb.NOOP, None)))
    ),
    # --- text
    "dot-counts": Lie(
        "the doubled dot counts in the 1000 octets of a line",
        _where(rb"(?m)^\.[^\r\n]{997}\r$"),
    ),
    "dots-inside-taken": Lie(
        "a dot behind blanks is taken out too", _without(rb"(?m)^([ \t]+)\.", rb"\1")
    ),
    "blanks-trimmed": Lie("blanks at the end of a line are cut off", _without(rb"[ \t]+(?=\r\n)")),
    "controls-taken-out": Lie(
        "control characters are taken out of a text", _without(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
    ),
    "long-lines-cut": Lie(
        "text lines over 1000 octets are cut, and nobody is told",
        replace(RULES, stamp=_cut_lines),
    ),
    "small-messages": Lie("a message over 60000 octets is too big", with_limits(message=60_000)),
    "size-not-announced": Lie(
        "messages have a maximum, and EHLO does not list SIZE",
        replace(without_announcing("SIZE"), limits=with_limits(message=200_000).limits),
    ),
    "loop-at-30": Lie(
        "a message with 31 Received fields is a loop",
        _with_at_most(_NO_MORE_THAN, rb"(?im)^Received:"),
    ),
    # --- clients and recipients
    "one-client": Lie(
        "a second client is sent away for good, by 554, while there is a first",
        replace(
            RULES,
            admits=lambda clients: clients <= 1,
            answers=answers_with(TOO_MANY_CONNECTIONS=Answer(554, None, "One by one", closes=True)),
        ),
        one_by_one=True,
    ),
    "recipients-forgotten": Lie(
        "the 101st recipient takes the place of the first",
        replace(RULES, remember_recipient=_forget_the_first),
    ),
    "too-many-recipients-451": Lie(
        "one recipient too many is answered 451",
        replace(RULES, answers=answers_with(TOO_MANY_RECIPIENTS=Answer(451, "4.5.3", "Too many"))),
    ),
    "to-with-many": Lie(
        "a message whose field To names over a hundred is refused",
        _with_at_most(100, rb"@(?=[^\r\n]*>,\r)"),
    ),
    "null-sender-one-recipient": Lie(
        "a message from <> may have one recipient",
        replace(RULES, object_to_recipient=_one_for_nobody),
    ),
    "postmaster-takes-no-bounces": Lie(
        "the postmaster takes no mail from <>",
        replace(RULES, object_to_recipient=_no_bounces_to_the_postmaster),
    ),
    "postmaster-hears-nothing": Lie(
        "mail for the postmaster is taken and lost",
        replace(RULES, addressees=_without_the_postmaster),
    ),
}
