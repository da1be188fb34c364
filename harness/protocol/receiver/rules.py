"""Rules: how a receiving end behaves, as one value whose defaults are right.

A lie is this value with one field replaced, so there is no `if lie` anywhere.  A field exists
because some real server gets it wrong.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.protocol import trace
from harness.protocol.addresses import (
    ForwardPath,
    ReversePath,
    is_domain_or_literal,
    is_node,
    read_forward_path,
    read_reverse_path,
)
from harness.protocol.commands import (
    Objection,
    Parameters,
    PathCommand,
    Who,
    read_path_command,
    read_who,
)
from harness.protocol.completing import with_message_id
from harness.protocol.extensions import EXTENSIONS, Extension, check_parameters, needs_chunks
from harness.protocol.limits import Limits
from harness.protocol.order import ORDER, Order, State, Verb
from harness.protocol.receiver.answers import ANSWERS, Answers, Occasion
from harness.protocol.receiver.chunks import ChunkCommand, ChunkReader, read_chunk_command
from harness.protocol.receiver.events import Addressee, Envelope
from harness.protocol.receiver.lines import LineReader
from harness.protocol.replies import Reply
from harness.protocol.sasl import Attempt, ServerSide
from harness.protocol.services import Service
from harness.protocol.transparency import DataReader, unstuff

_NO_LINE_ENDS = bytes(octet for octet in range(256) if octet not in b"\r\n")


class ReadReversePath(Protocol):
    """Reads the path of MAIL; `utf8` is whether it may go beyond ASCII."""

    def __call__(self, octets: bytes, *, utf8: bool) -> ReversePath | Objection:
        """The path, or what is wrong with it."""


class ReadForwardPath(Protocol):
    """Reads the path of RCPT; `utf8` is whether it may go beyond ASCII."""

    def __call__(self, octets: bytes, *, utf8: bool) -> ForwardPath | Objection:
        """The path, or what is wrong with it."""


def refuse_bare_line_ends(content: bytes) -> Occasion | None:
    """RFC 5321 2.3.8: CR and LF may stand in content as CRLF alone, so others are refused."""
    # Each pair has two of the octets that are left without all others, so none is left over.
    ends = len(content.translate(None, _NO_LINE_ENDS))
    return None if ends == 2 * content.count(b"\r\n") else Occasion.BAD_CONTENT


def take_as_it_is(octets: bytes) -> bytes:
    """No dot is doubled in a chunk (RFC 3030 2)."""
    return octets


def pass_over(size: int, is_offered: bool) -> int:
    """How many octets of a refused chunk are thrown away: all (RFC 3030 2).

    Also where CHUNKING was not offered to this client.  The RFC warns that they may be taken for
    commands then; but whoever says BDAT sends them, and some sender of mail has chosen them.
    """
    return size


def as_announced(declared: int, most: int) -> int:
    """A text may be larger than MAIL declared, and never larger than SIZE says (RFC 1870 6.3)."""
    return most


def anything_goes(content: bytes) -> None:
    """What is sent as BODY=BINARYMIME may hold any octets (RFC 3030 3)."""


def write_as_it_is(occasion: Occasion | None, reply: Reply) -> bytes:
    """The octets of a reply, whatever called for it."""
    return reply.octets


def drop(octets: bytes) -> bytes:
    """What is left of the clear-text commands once TLS has begun: nothing (RFC 3207 4.2)."""
    return b""


def at_once(octets: bytes) -> int:
    """Where in what comes behind the 220 of STARTTLS the handshake begins (RFC 3207 4)."""
    return 0


def any_name(host: str | None) -> bool:
    """Which host a client may ask for within its handshake (RFC 6066 3): any, or none."""
    return True


def for_nobody(sender: ReversePath) -> bool:
    """Whose word is enough to send mail elsewhere: anybody may say any sender (RFC 5321 7.1)."""
    return False


def say_at_once(midway: bool) -> bool:
    """Replies wait for nothing, the rest of a line that has begun least of all (RFC 2920 3.2)."""
    return False


def is_postmaster(local_part: str) -> bool:
    """Postmaster is the one local-part that has no case (RFC 5321 2.3.11, 4.5.1)."""
    return local_part.lower() == "postmaster"


def to_the_owner(sender: str, owner: str) -> str:
    """Whoever keeps a list hears of what fails for its members (RFC 5321 3.9)."""
    return owner


def regardless(extended: bool) -> bool:
    """Enhanced codes are said whether the client said EHLO or not (RFC 2034 4)."""
    return True


def grant_priority(asked: int, logged_in: bool) -> int:
    """Nobody goes before others without being known (RFC 6710 4.1)."""
    return asked if logged_in else min(asked, 0)


def reply_to_each(replies: Sequence[bytes], recipients: Sequence[Addressee]) -> Sequence[bytes]:
    """In LMTP each recipient has its reply, in the order of RCPT (RFC 2033 4.2)."""
    return replies


def whoever_comes(clients: int) -> bool:
    """A client is greeted with others here; how many may be is the site's (RFC 5321 4.5.4.2)."""
    return True


def find_no_fault(
    reverse_path: ReversePath, before: Sequence[Addressee], path: ForwardPath
) -> Occasion | None:
    """A recipient is judged by itself, whoever sends to whom besides (RFC 5321 4.5.5)."""
    return None


def the_only_one(recipients: Sequence[Addressee]) -> str | None:
    """Who is named behind FOR: nobody where others would be told (RFC 5321 7.2, 7.6)."""
    return str(recipients[0]) if len(recipients) == 1 else None


def as_the_envelope_says(envelope: Envelope, content: bytes) -> Sequence[Addressee]:
    """Who gets a message: whom RCPT named, whatever the header says (RFC 5321 appendix C)."""
    return envelope.recipients


def announce(keywords: Sequence[str]) -> Sequence[str]:
    """The lines of the EHLO reply below the first."""
    return keywords


def _words(*unknown: Verb) -> Mapping[bytes, Verb]:
    return {verb.value.encode(): verb for verb in Verb if verb not in (Verb.LAST, *unknown)}


# What is 530 in the clear, where TLS comes first (RFC 3207 4).
TLS_FIRST: frozenset[Verb] = frozenset(Verb) - {
    *(Verb.EHLO, Verb.LHLO, Verb.STARTTLS, Verb.NOOP, Verb.QUIT)
}

# service -> the words that are commands there; another is not recognized (RFC 2033 4.1)
WORDS: Mapping[Service, Mapping[bytes, Verb]] = {
    Service.SMTP: _words(Verb.LHLO),
    Service.SUBMISSION: _words(Verb.LHLO),
    Service.LMTP: _words(Verb.EHLO, Verb.HELO),
}

# service -> the commands that are 530 until the client has logged in (RFC 6409 4.3, RFC 4954 6)
NEED_LOG_IN: Mapping[Service, frozenset[Verb]] = {
    Service.SUBMISSION: frozenset(Verb)
    - {Verb.AUTH, Verb.EHLO, Verb.HELO, Verb.NOOP, Verb.RSET, Verb.QUIT}
    - {Verb.STARTTLS, Verb.HELP}  # by which it finds out how
}


# service -> what is added to a message that lacks it
COMPLETE: Mapping[Service, Callable[[trace.Trace, bytes], bytes]] = {
    Service.SUBMISSION: with_message_id,  # RFC 6409 8.3
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a receiving end obeys."""

    words: Mapping[Service, Mapping[bytes, Verb]] = field(default_factory=lambda: WORDS)
    need_tls: Mapping[Service, frozenset[Verb]] = field(default_factory=dict)  # RFC 3207 4
    need_log_in: Mapping[Service, frozenset[Verb]] = field(default_factory=lambda: NEED_LOG_IN)
    need_qualified: frozenset[Service] = frozenset({Service.SUBMISSION})  # domains: RFC 6409 4.2
    admits: Callable[[int], bool] = whoever_comes
    order: Order = field(default_factory=lambda: ORDER)
    # Where a command leads that was refused: nowhere, all is as it was (RFC 5321 4.1.4).
    after_refusal: Mapping[Verb | None, State] = field(default_factory=dict)
    verbs: frozenset[Verb] = frozenset(Verb)
    without_argument: frozenset[Verb] = frozenset(
        {Verb.DATA, Verb.RSET, Verb.QUIT, Verb.STARTTLS}  # RFC 5321 4.1.1, RFC 3207 4
    )
    answers: Answers = field(default_factory=lambda: ANSWERS)
    limits: Limits = field(default_factory=Limits)
    service: Service = Service.SMTP
    answers_each: frozenset[Service] = frozenset({Service.LMTP})  # of the recipients: RFC 2033 4.2
    extensions: Mapping[str, Extension] = field(default_factory=lambda: EXTENSIONS)

    longest_line: Callable[[int, int], int] = operator.add  # of 512 and what extensions add
    fold_verb: Callable[[bytes], bytes] = bytes.upper
    line_ends: tuple[bytes, ...] = (b"\r\n",)
    line_reader: Callable[..., LineReader] = LineReader
    stream_end: bytes = b""  # what a hang-up is taken for: it ends no line and no text (4.1.1.10)
    lingers: float = 0.0  # seconds before a last reply, lost on who says nothing more by then
    is_client_name: Callable[[str], bool] = is_domain_or_literal
    read_path_command: Callable[..., PathCommand | Objection] = read_path_command
    read_reverse_path: ReadReversePath = read_reverse_path
    read_forward_path: ReadForwardPath = read_forward_path
    check_parameters: Callable[[Parameters, Mapping[str, Extension], str], Objection | None] = (
        check_parameters
    )
    read_who: Callable[[bytes, bool], Who | None] = read_who
    is_node: Callable[[str], bool] = is_node
    exceeds: Callable[[int, int], bool] = operator.gt
    grant_priority: Callable[[int, bool], int] = grant_priority
    is_postmaster: Callable[[str], bool] = is_postmaster
    knows_own_literals: bool = True  # RFC 1123 5.2.17
    fold_domain: Callable[[str], str] = str.lower  # of a recipient, who may be ours
    # Behind an alias and a list: all are reached, and the sender stays or not (RFC 5321 3.9).
    reached: Callable[[Sequence[str]], Sequence[str]] = tuple
    alias_sender: Callable[[str], str] = str
    list_sender: Callable[[str, str], str] = to_the_owner
    allows_auth_in_clear: bool = False  # RFC 4954 4: where no TLS hides a password
    fold_mechanism: Callable[[str], str] = str.upper
    attempt: Callable[[str, ServerSide], Attempt] = Attempt
    object_to_recipient: Callable[
        [ReversePath, Sequence[Addressee], ForwardPath], Occasion | None
    ] = find_no_fault
    remember_recipient: Callable[[list[Addressee], Addressee], None] = list.append

    longest_text: Callable[[int, int], int] = as_announced  # by what MAIL said, and what SIZE does
    data_reader: Callable[..., DataReader] = DataReader
    data_ends: tuple[bytes, ...] = (b"\r\n.\r\n",)
    unstuff: Callable[[bytes], bytes] = unstuff
    read_chunk: Callable[[bytes], ChunkCommand | Occasion] = read_chunk_command
    chunk_reader: Callable[..., ChunkReader] = ChunkReader
    pass_over: Callable[[int, bool], int] = pass_over
    fits: Callable[[int, int], bool] = operator.le  # chunks so far, into the largest message
    unchunk: Callable[[bytes], bytes] = take_as_it_is
    needs_chunks: Callable[[Parameters], bool] = needs_chunks
    object_to_binary: Callable[[bytes], Occasion | None] = anything_goes
    object_to_content: Callable[[bytes], Occasion | None] = refuse_bare_line_ends
    named_in_trace: Callable[[Sequence[Addressee]], str | None] = the_only_one
    complete: Mapping[Service, Callable[[trace.Trace, bytes], bytes]] = field(
        default_factory=lambda: COMPLETE
    )
    stamp: Callable[[trace.Trace, bytes], bytes] = trace.stamp
    addressees: Callable[[Envelope, bytes], Sequence[Addressee]] = as_the_envelope_says
    deliver: Callable[[str, bytes], bytes] = trace.delivered

    attaches_codes: Callable[[bool], bool] = regardless
    announce: Callable[[Sequence[str]], Sequence[str]] = announce
    reply_to_each: Callable[[Sequence[bytes], Sequence[Addressee]], Sequence[bytes]] = reply_to_each
    write_reply: Callable[[Occasion | None, Reply], bytes] = write_as_it_is
    arrange: Callable[[list[bytes]], bytes] = b"".join
    holds_back: Callable[[bool], bool] = say_at_once  # the replies, if a line is under way
    left_after_tls: Callable[[bytes], bytes] = drop
    says_close_notify: bool = True  # before it hangs up (RFC 8446 6.1)
    speaks_before_tls: float | None = None  # to who has said nothing for so many seconds
    goes_on_without_tls: bool = False  # where the handshake has failed (RFC 3207 4.1)
    handshake_at: Callable[[bytes], int] = at_once
    knows_name: Callable[[str | None], bool] = any_name
    vouches: Callable[[ReversePath], bool] = for_nobody


RULES = Rules()
