"""The whole session as one flow: greeting, EHLO, TLS, log-in, the messages, QUIT."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.cli.sending.templates import Words
from harness.client import Stage
from harness.errors import NotOffered, PeerError, Refused, UsageError
from harness.protocol.replies import CLOSING, Capabilities
from harness.protocol.sasl import MECHANISMS, ClientSide, Login, best_mechanism
from harness.protocol.sender import (
    Envelope,
    Flow,
    Handover,
    Outgoing,
    Secure,
    greet,
    hand_over,
    hello,
    log_in,
    make_opening,
    quit_,
    secure,
    send_message,
)
from harness.protocol.services import Service
from harness.protocol.transparency import stuff


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be said, and to whom."""

    our_name: str
    service: Service = Service.SMTP
    extended: bool = True  # EHLO, not HELO
    tls: str = "auto"  # or starttls, implicit, none
    login: Login | None = None
    mechanism: str | None = None
    may_reveal: bool = False  # a password, in the clear
    pipelining: str = "auto"  # or on, off
    chunk: int | None = None  # octets of a BDAT; None is DATA
    raw: bool = False
    envelope: Envelope
    contents: Iterator[tuple[Words, bytes]]  # each made when its turn has come
    lines: Mapping[Stage, Sequence[bytes]]
    stop: Stage | None = None
    drop: Stage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one message."""

    number: int
    words: Words
    handover: Handover | None = None
    error: PeerError | None = None


Tell = Callable[[Result], None]
Side = Callable[[], ClientSide]  # what is known of the connection when we log in
Offer = Callable[[Capabilities, bool], None]  # what the server offers, and whether within TLS


def converse(plan: Plan, *, tell: Tell, offer: Offer, side: Side = ClientSide) -> Flow[None]:
    """The session; raises PeerError where it cannot go on, and `tell` hears of each message."""
    if plan.tls == "implicit":
        yield Secure()
    yield from greet()
    capabilities = yield from hello(plan.our_name, extended=plan.extended, service=plan.service)
    offer(capabilities, plan.tls == "implicit")
    is_secure = plan.tls == "implicit"
    if plan.tls == "starttls" and "STARTTLS" not in capabilities:
        raise NotOffered("STARTTLS", "TLS is wanted, and the server offers no STARTTLS")
    if plan.tls in ("auto", "starttls") and "STARTTLS" in capabilities:
        capabilities = yield from secure(plan.our_name, service=plan.service)
        offer(capabilities, True)
        is_secure = True
    if plan.login is not None:
        known = replace(side(), offered=capabilities.mechanisms)
        mechanism = _choose(plan, known, is_secure=is_secure)
        yield from log_in(plan.login, capabilities, mechanism, side=known)
    for number, (words, content) in enumerate(plan.contents, 1):
        yield from _send(plan, capabilities, Result(number=number, words=words), content, tell)
    yield from quit_()


def _send(
    plan: Plan, capabilities: Capabilities, result: Result, content: bytes, tell: Tell
) -> Flow[None]:
    try:
        handover = yield from _transaction(plan, capabilities, content)
    except (Refused, NotOffered) as error:
        tell(replace(result, error=error))
        if isinstance(error, Refused) and error.reply.code == CLOSING:
            raise
    else:
        tell(replace(result, handover=handover))


def _transaction(plan: Plan, capabilities: Capabilities, content: bytes) -> Flow[Handover]:
    if plan.pipelining == "on":
        keywords = {**capabilities.keywords, "PIPELINING": ()}
        capabilities = replace(capabilities, keywords=keywords)
    pipeline = plan.pipelining != "off"
    if plan.raw:
        outgoing = Outgoing(make_opening(plan.envelope), stuff(content))
        return (yield from hand_over(outgoing, pipeline=pipeline and "PIPELINING" in capabilities))
    return (
        yield from send_message(
            plan.envelope,
            content,
            capabilities,
            pipeline=pipeline,
            chunk=plan.chunk,
            service=plan.service,
        )
    )


def _choose(plan: Plan, side: ClientSide, *, is_secure: bool) -> str | None:
    """The mechanism to log in with; in the clear none that tells the password, unless it may."""
    in_clear = is_secure or plan.may_reveal
    best = plan.mechanism or best_mechanism(side.offered, bindings=side.bindings, in_clear=in_clear)
    chosen = (best or best_mechanism(side.offered, bindings=side.bindings) or "").upper()
    if chosen in MECHANISMS and MECHANISMS[chosen].tells_secret and not in_clear:
        raise UsageError(
            f"AUTH {chosen} would send the password in the clear: "
            "--tls starttls protects it, --clear-auth sends it all the same"
        )
    return best
