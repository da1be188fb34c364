"""The sending end: flows that yield what to do and are sent the replies.

A flow never touches a socket, so trio and gevent each drive the same one.  Whoever drives it writes
`octets`, reads one reply for each name, and sends them back as a tuple.  A 421 is the last reply
that there will be (RFC 5321 3.8): the driver sends back those up to it and reads no further.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from harness.errors import PeerError, Refused, UsageError
from harness.protocol.replies import CHALLENGE, CLOSING, Capabilities, Reply, read_capabilities
from harness.protocol.sasl import CLIENTS, Login, SaslClient, best_mechanism, decode64, encode64
from harness.protocol.transparency import stuff, whole_lines

T = TypeVar("T")

MAX_COMMAND = 512  # octets of a command line with its CRLF: RFC 5321 4.5.3.1.4
_GIVE_UP: Final = b"*"  # instead of a response: RFC 4954 4


@dataclass(frozen=True, slots=True)
class Exchange:
    """Write `octets`, then send back one reply for each name.

    The names are verbs, `greeting`, and `message` for what the end of the data is answered with.
    """

    names: tuple[str, ...]
    octets: bytes


@dataclass(frozen=True, slots=True)
class Secure:
    """Drop what came in the clear, do the TLS handshake, then send back no replies."""


Flow = Generator[Exchange | Secure, tuple[Reply, ...], T]


# --- a session -----------------------------------------------------------------------------------


def open_session(
    name: str, *, tls: bool = False, login: Login | None = None, mechanism: str | None = None
) -> Flow[Capabilities]:
    """From the greeting to where MAIL may be said; `name` is what we call ourselves."""
    yield from greet()
    capabilities = yield from hello(name)
    if tls:
        capabilities = yield from secure(name)
    if login is not None:
        yield from log_in(login, capabilities, mechanism)
    return capabilities


def greet() -> Flow[Reply]:
    """Waits for the greeting."""
    return (yield from _insist("greeting", b"", 2))


def hello(name: str, *, extended: bool = True) -> Flow[Capabilities]:
    """EHLO, and HELO where EHLO is refused for good (RFC 5321 3.2)."""
    if extended:
        (answer,) = yield from _ask(Exchange(("EHLO",), _line(f"EHLO {name}")))
        if answer.code // 100 != 5:
            return read_capabilities(_insisted("EHLO", answer, 2))
    answer = yield from _insist("HELO", _line(f"HELO {name}"), 2)
    return Capabilities(read_capabilities(answer).domain)


def secure(name: str) -> Flow[Capabilities]:
    """STARTTLS, the handshake, and EHLO anew: what was said before it counts no more."""
    yield from _insist("STARTTLS", b"STARTTLS\r\n", 2)
    yield Secure()
    return (yield from hello(name))


def log_in(login: Login, capabilities: Capabilities, mechanism: str | None = None) -> Flow[Reply]:
    """AUTH with the mechanism named, or else with the best that both ends know."""
    chosen = (mechanism or best_mechanism(capabilities.mechanisms) or "").upper()
    if chosen not in CLIENTS:
        offered = " ".join(capabilities.mechanisms) or "none"
        raise PeerError(f"no way to log in; we know {' '.join(CLIENTS)}, the server {offered}")
    client = CLIENTS[chosen](login)
    (answer,) = yield from _ask(Exchange(("AUTH",), _auth_line(chosen, client)))
    response = b""
    # Who goes on asking when we have given up would go on for ever.
    while answer.code == CHALLENGE and response != _GIVE_UP:
        response = _response(client, answer)
        (answer,) = yield from _ask(Exchange(("AUTH",), response + b"\r\n"))
    return _insisted("AUTH", answer, 2)


def quit_() -> Flow[Reply]:
    """QUIT; whatever is answered, the connection is over."""
    (answer,) = yield Exchange(("QUIT",), b"QUIT\r\n")
    return answer


def _auth_line(mechanism: str, client: SaslClient) -> bytes:
    bare = f"AUTH {mechanism}".encode()
    # The whole line may be no longer than other commands; base64 makes four octets of three.
    initial = client.initial(room=(MAX_COMMAND - len(bare) - len(b" \r\n")) // 4 * 3)
    return (
        bare + b"\r\n" if initial is None else bare + b" " + (encode64(initial) or b"=") + b"\r\n"
    )


def _response(client: SaslClient, challenge: Reply) -> bytes:
    octets = decode64(challenge.lines[0].encode())
    response = None if octets is None else client.respond(octets)
    return _GIVE_UP if response is None else encode64(response)


# --- what is sent --------------------------------------------------------------------------------

GROUP = (
    4_096  # octets of commands in one write: they and their replies fit any window (RFC 2920 3.1)
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends, the empty string for the null reverse-path, and who shall have it."""

    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """MAIL, RCPT and DATA for one envelope, made once for many messages."""

    recipients: tuple[str, ...]
    steps: tuple[Exchange, ...]  # one by one
    groups: tuple[Exchange, ...]  # the same, pipelined


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message ready to go: its text is stuffed and ends in the mark."""

    opening: Opening
    octets: bytes


@dataclass(frozen=True, slots=True)
class Handover:
    """Whom the server takes the message for, and whom not; without the former there is no reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Reply]
    reply: Reply | None  # to the message itself


def mail_parameters(content: bytes, capabilities: Capabilities) -> tuple[str, ...]:
    """What to say of the content behind MAIL FROM, of what the server understands."""
    eight_bit = not content.isascii()
    if eight_bit and "8BITMIME" not in capabilities:
        # RFC 6152 3 leaves converting it or giving up.
        raise PeerError("the content has 8-bit octets, and the server offers no 8BITMIME")
    size = [f"SIZE={len(whole_lines(content))}"] if "SIZE" in capabilities else []
    return (*size, "BODY=8BITMIME") if eight_bit else tuple(size)


def make_opening(envelope: Envelope, parameters: Sequence[str] = ()) -> Opening:
    """The commands that open a transaction for the envelope."""
    if not envelope.recipients:
        raise UsageError("a message needs a recipient")
    mail = " ".join([f"MAIL FROM:<{envelope.sender}>", *parameters])
    steps = (
        Exchange(("MAIL",), _line(mail)),
        *(Exchange(("RCPT",), _line(f"RCPT TO:<{to}>")) for to in envelope.recipients),
        Exchange(("DATA",), b"DATA\r\n"),
    )
    return Opening(envelope.recipients, steps, tuple(_grouped(steps)))


def _grouped(steps: Iterable[Exchange]) -> Iterator[Exchange]:
    names: list[str] = []
    octets = b""
    for step in steps:
        if names and len(octets) + len(step.octets) > GROUP:
            yield Exchange(tuple(names), octets)
            names, octets = [], b""
        names.extend(step.names)
        octets += step.octets
    yield Exchange(tuple(names), octets)


# --- transactions --------------------------------------------------------------------------------

_DATA: Final = ("DATA",)
_LONE_DOT: Final = Exchange(("message",), b".\r\n")
_RSET: Final = Exchange(("RSET",), b"RSET\r\n")
_NOTHING: Final = Exchange((), b"")

Tell = Callable[[Outgoing, Reply], None]


def send_message(
    envelope: Envelope, content: bytes, capabilities: Capabilities, *, pipeline: bool = True
) -> Flow[Handover]:
    """One mail transaction, pipelined where the server offers that."""
    opening = make_opening(envelope, mail_parameters(content, capabilities))
    pipelined = pipeline and "PIPELINING" in capabilities
    return (yield from hand_over(Outgoing(opening, stuff(content)), pipeline=pipelined))


def hand_over(message: Outgoing, *, pipeline: bool) -> Flow[Handover]:
    """One mail transaction, after which another may begin; raises `Refused` if all of it failed.

    Refused recipients are values, even when nobody is left.
    """
    opening = message.opening
    replies = yield from _open(opening.groups if pipeline else opening.steps)
    ending, refusal = _end(message, replies)
    done = (yield from _ask(ending)) if ending.names else ()
    _insisted("MAIL", replies[0], 2)
    answers = dict(zip(opening.recipients, replies[1:], strict=False))  # DATA's comes behind
    refused = {to: answer for to, answer in answers.items() if not _is_done(answer)}
    accepted = tuple(to for to in answers if to not in refused)
    if not accepted:
        return Handover((), refused, None)
    if refusal is not None:
        raise Refused("DATA", refusal)
    return Handover(accepted, refused, _insisted("message", done[0], 2))


def _say_nothing(message: Outgoing, reply: Reply) -> None:
    pass


def stream(
    messages: Iterable[Outgoing], *, pipeline: bool, tell: Tell = _say_nothing
) -> Flow[None]:
    """Many transactions on one connection; `tell` hears the reply that decided each message.

    Pipelined, the text of a message and the opening of the next go in one write (RFC 2920 3.1), so
    the next is asked for before the last has gone.  A refusal ends nothing but its message; only
    a 421 raises `Refused`.
    """
    ending, waiting = _NOTHING, None
    for message in messages:
        first, *others = message.opening.groups if pipeline else (_NOTHING, *message.opening.steps)
        replies = yield from _finish(ending, waiting, first, tell)
        replies = yield from _open(others, replies)
        ending, refusal = _end(message, replies)
        waiting = message if refusal is None else None
        if refusal is not None:
            tell(message, refusal)
        if not pipeline:
            yield from _finish(ending, waiting, _NOTHING, tell)
            ending, waiting = _NOTHING, None
    yield from _finish(ending, waiting, _NOTHING, tell)


def _finish(
    ending: Exchange, waiting: Outgoing | None, behind: Exchange, tell: Tell
) -> Flow[tuple[Reply, ...]]:
    """Ends a transaction, with what stands behind it in the same write; the replies to that."""
    both = Exchange(ending.names + behind.names, ending.octets + behind.octets)
    if not both.names:
        return ()
    replies = yield both
    if waiting is not None:
        tell(waiting, replies[0])
    return _unless_closing(both, replies)[len(ending.names) :]


def _open(parts: Iterable[Exchange], replies: tuple[Reply, ...] = ()) -> Flow[tuple[Reply, ...]]:
    """The replies to MAIL, RCPT and DATA; fewer where there was no use in going on."""
    for part in parts:
        if replies and not _is_done(replies[0]):
            break
        if part.names == _DATA and not any(map(_is_done, replies[1:])):
            break
        replies += yield from _ask(part)
    return replies


def _end(message: Outgoing, replies: tuple[Reply, ...]) -> tuple[Exchange, Reply | None]:
    """What ends the transaction, and the reply that has refused the message, if one has already."""
    asked = len(replies) == len(message.opening.steps)
    mail, answers = replies[0], replies[1:-1] if asked else replies[1:]
    is_wanted = _is_done(mail) and any(map(_is_done, answers))
    goes_ahead = asked and replies[-1].code // 100 == 3
    if is_wanted and goes_ahead:
        return Exchange(("message",), message.octets), None
    refusal = replies[-1] if is_wanted else next(r for r in replies if not _is_done(r))
    if goes_ahead:
        # RFC 2920 3.1: 354 with nobody to write to is ended by a lone dot.
        return _LONE_DOT, refusal
    return _RSET if _is_done(mail) else _NOTHING, refusal


# --- replies -------------------------------------------------------------------------------------


def _ask(exchange: Exchange) -> Flow[tuple[Reply, ...]]:
    return _unless_closing(exchange, (yield exchange))


def _unless_closing(exchange: Exchange, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    if replies[-1].code == CLOSING:
        raise Refused(exchange.names[len(replies) - 1], replies[-1])
    return replies


def _insist(name: str, octets: bytes, digit: int) -> Flow[Reply]:
    (answer,) = yield from _ask(Exchange((name,), octets))
    return _insisted(name, answer, digit)


def _insisted(name: str, answer: Reply, digit: int) -> Reply:
    # RFC 5321 4.3.2: a client decides by the first digit.
    if answer.code // 100 != digit:
        raise Refused(name, answer)
    return answer


def _is_done(answer: Reply) -> bool:
    return 200 <= answer.code < 300


def _line(text: str) -> bytes:
    if "\r" in text or "\n" in text:
        raise UsageError(f"a command is one line: {text!r}")
    return f"{text}\r\n".encode()
