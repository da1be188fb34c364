"""The life of one connection in flows: greeting, hello, STARTTLS, AUTH, mail, QUIT.

What is sent comes from an iterator that the flow asks for one message after the other, so that who
decides when mail is due never sees a socket; nor does this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from harness.errors import NotOffered
from harness.protocol.replies import Capabilities
from harness.protocol.sasl import ClientSide, Login
from harness.protocol.sender import (
    Outgoing,
    Pause,
    PausingFlow,
    Secure,
    Tell,
    greet,
    hello,
    log_in,
    quit_,
    secure,
    stream,
    stream_chunks,
)
from harness.protocol.sender.streaming import pause, say_for_whom
from harness.protocol.services import Service
from harness.target import Address, Scheme, Target
from loadtests.profile import Behaviour, Leave, Pipelining, Tls

# What is sent to a server that can do this much; a pause where nothing is due yet.
Items = Callable[[Capabilities], Iterable[Outgoing | Pause]]
T = TypeVar("T")


class Run(Protocol):
    """Who has the connection."""

    def __call__(self, flow: PausingFlow[T], /) -> T:
        """Run a flow there; what it returns."""


def session(
    run: Run,
    behaviour: Behaviour,
    target: Target,
    items: Items,
    *,
    tell: Tell,
    greeted: Callable[[], None],
    login: Login | None = None,
) -> None:
    """One connection from its first octet to its last, by flows that are run one after the other.

    Raises what `run` raises: `Refused` where the server ends it, NotOffered where it offers too
    little.  `greeted` is called when the greeting has come.  Who leaves without a word gives no
    message an end: nobody is told of it.
    """
    if behaviour.leave is Leave.CONNECT:
        return
    capabilities = run(_arrive(behaviour, target, greeted, login))
    if capabilities is None:
        return
    wanted = items(capabilities)
    if behaviour.leave is Leave.RECIPIENT:
        run(_break_off(wanted, tell, pipeline=pipelines(behaviour, capabilities)))
        return
    # Not within another flow: each exchange would go through that one, too.
    run(_mail(behaviour, target, capabilities, wanted, tell))
    run(quit_())


def _arrive(
    behaviour: Behaviour, target: Target, greeted: Callable[[], None], login: Login | None
) -> PausingFlow[Capabilities | None]:
    """All that comes before mail; None if the behaviour leaves on the way."""
    if is_inside_tls(behaviour, target):
        yield Secure()
    yield from greet()
    greeted()
    if behaviour.leave is Leave.GREETING:
        return None
    capabilities = yield from _introduce(behaviour, target, login)
    return None if behaviour.leave is Leave.HELLO else capabilities


def address_of(behaviour: Behaviour, target: Target) -> Address:
    """Where a behaviour connects to; the target has been seen to have that listener."""
    address = target.listener(behaviour.listener)
    assert address is not None, "the profile was admitted"
    return address


def is_inside_tls(behaviour: Behaviour, target: Target) -> bool:
    """Whether TLS comes before the greeting (RFC 8314 3.3)."""
    return behaviour.tls is Tls.IMPLICIT or address_of(behaviour, target).scheme.has_implicit_tls


def pipelines(behaviour: Behaviour, capabilities: Capabilities) -> bool:
    """Whether commands go in groups."""
    wish = behaviour.pipelining
    return wish is Pipelining.ON or (wish is Pipelining.AUTO and "PIPELINING" in capabilities)


def chunks(behaviour: Behaviour, capabilities: Capabilities) -> bool:
    """Whether mail goes by BDAT, as its content is, and not by DATA, with its dots stuffed."""
    return behaviour.chunking and "CHUNKING" in capabilities


def _introduce(
    behaviour: Behaviour, target: Target, login: Login | None
) -> PausingFlow[Capabilities]:
    service = _service(behaviour, target)
    capabilities = yield from hello(target.our_name, service=service)
    if behaviour.tls is Tls.STARTTLS:
        if "STARTTLS" not in capabilities:
            yield from quit_()
            raise NotOffered("STARTTLS", "not offered")
        capabilities = yield from secure(target.our_name, service=service)
    if behaviour.login and login is not None:
        address = address_of(behaviour, target)
        side = ClientSide(host=address.host, port=address.port)
        yield from log_in(login, capabilities, _mechanism(behaviour, target, capabilities),
                          side=side)  # fmt: skip
    return capabilities


def _mechanism(behaviour: Behaviour, target: Target, capabilities: Capabilities) -> str | None:
    # Inside TLS most clients use it, and it costs us nothing: SCRAM hashes 4096 times for each.
    is_safe = behaviour.tls is Tls.STARTTLS or is_inside_tls(behaviour, target)
    return "PLAIN" if is_safe and "PLAIN" in capabilities.mechanisms else None


def _mail(
    behaviour: Behaviour,
    target: Target,
    capabilities: Capabilities,
    wanted: Iterable[Outgoing | Pause],
    tell: Tell,
) -> PausingFlow[None]:
    by = stream_chunks if chunks(behaviour, capabilities) else stream
    service = _service(behaviour, target)
    pipeline = pipelines(behaviour, capabilities)
    return by(wanted, pipeline=pipeline, tell=tell, service=service)


def _break_off(
    items: Iterable[Outgoing | Pause], tell: Tell, *, pipeline: bool
) -> PausingFlow[None]:
    """Says for whom the next message is, and no more."""
    for item in items:
        if isinstance(item, Pause):
            yield from pause(item)
            continue
        yield from say_for_whom(item, pipeline=pipeline, tell=tell)
        return


def _service(behaviour: Behaviour, target: Target) -> Service:
    is_lmtp = address_of(behaviour, target).scheme is Scheme.LMTP
    return Service.LMTP if is_lmtp else Service.SMTP
