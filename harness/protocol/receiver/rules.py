"""Rules: how a receiving end behaves, as one value whose defaults are right.

A lie is this value with one field replaced, so there is no `if lie` anywhere.  A field exists
because some real server gets it wrong.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.protocol import trace
from harness.protocol.addresses import (
    ForwardPath,
    ReversePath,
    read_forward_path,
    read_reverse_path,
)
from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions import EXTENSIONS, Extension, check_parameters
from harness.protocol.order import ORDER, Order, Verb
from harness.protocol.receiver.answers import ANSWERS, Answers, Occasion
from harness.protocol.receiver.events import Addressee
from harness.protocol.replies import Reply
from harness.protocol.transparency import DataReader, unstuff


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is the most that we take; RFC 5321 4.5.3.1 gives the floors."""

    command_line: int = 512  # octets with CRLF; the offered extensions add to it
    response_line: int = 12_288  # of an AUTH exchange: RFC 4954 4
    text_line: int | None = None  # octets with CRLF; None is as long as the message may be
    message: int = 10_485_760  # octets
    recipients: int = 1_000
    errors: int = 20  # refusals on one connection before it is closed
    log_ins: int = 5  # that fail, on one connection


def refuse_bare_line_ends(content: bytes) -> Occasion | None:
    """RFC 5321 2.3.8: CR and LF may stand in content as CRLF alone, so others are refused."""
    pairs = content.count(b"\r\n")
    if content.count(b"\n") == pairs and content.count(b"\r") == pairs:
        return None
    return Occasion.BAD_CONTENT


def write_as_it_is(occasion: Occasion | None, reply: Reply) -> bytes:
    """The octets of a reply, whatever called for it."""
    return reply.octets


def drop(octets: bytes) -> bytes:
    """What is left of the clear-text commands once TLS has begun: nothing (RFC 3207 4.2)."""
    return b""


def is_postmaster(local_part: str) -> bool:
    """Postmaster is the one local-part that has no case (RFC 5321 2.3.11, 4.5.1)."""
    return local_part.lower() == "postmaster"


def announce(keywords: Sequence[str]) -> Sequence[str]:
    """The lines of the EHLO reply below the first."""
    return keywords


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a receiving end obeys."""

    order: Order = field(default_factory=lambda: ORDER)
    verbs: frozenset[Verb] = frozenset(Verb)
    without_argument: frozenset[Verb] = frozenset(
        {Verb.DATA, Verb.RSET, Verb.QUIT, Verb.STARTTLS}  # RFC 5321 4.1.1, RFC 3207 4
    )
    answers: Answers = field(default_factory=lambda: ANSWERS)
    limits: Limits = Limits()
    extensions: Mapping[str, Extension] = field(default_factory=lambda: EXTENSIONS)

    fold_verb: Callable[[bytes], bytes] = bytes.upper
    line_ends: tuple[bytes, ...] = (b"\r\n",)
    read_reverse_path: Callable[[bytes], ReversePath | Objection] = read_reverse_path
    read_forward_path: Callable[[bytes], ForwardPath | Objection] = read_forward_path
    check_parameters: Callable[[Parameters, Mapping[str, Extension], str], Objection | None] = (
        check_parameters
    )
    exceeds: Callable[[int, int], bool] = operator.gt
    is_postmaster: Callable[[str], bool] = is_postmaster
    allows_auth_in_clear: bool = False  # RFC 4954 4: where no TLS hides a password
    remember_recipient: Callable[[list[Addressee], Addressee], None] = list.append

    data_reader: Callable[..., DataReader] = DataReader
    data_ends: tuple[bytes, ...] = (b"\r\n.\r\n",)
    unstuff: Callable[[bytes], bytes] = unstuff
    object_to_content: Callable[[bytes], Occasion | None] = refuse_bare_line_ends
    stamp: Callable[[trace.Trace, bytes], bytes] = trace.stamp

    announce: Callable[[Sequence[str]], Sequence[str]] = announce
    write_reply: Callable[[Occasion | None, Reply], bytes] = write_as_it_is
    arrange: Callable[[list[bytes]], bytes] = b"".join
    left_after_tls: Callable[[bytes], bytes] = drop


RULES = Rules()
