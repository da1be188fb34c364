"""Stages of a session, and a flow that stops behind one or says something of its own there.

`staged` wraps a sending flow in another one, so no driver and no flow knows of it.  In a pipelined
write several stages end at once; who wants to meet each of them does not pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from harness.errors import PeerError, Refused
from harness.protocol.replies import CLOSING
from harness.protocol.sender import Exchange, Flow, Secure

T = TypeVar("T")

LINE = "line"  # the name of an exchange that the user has thought of


class Stage(StrEnum):
    """How far a session has come, in the order in which it comes there."""

    CONNECT = "connect"  # TLS from the first octet included
    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"  # STARTTLS, the handshake, and EHLO anew
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    MESSAGE = "message"
    QUIT = "quit"

    @property
    def place(self) -> int:
        """Its place in the order."""
        return _ORDER.index(self)


_ORDER: Final = tuple(Stage)

# the name of an exchange -> the stage that it belongs to
_STAGES: Final[Mapping[str, Stage]] = {
    "greeting": Stage.GREETING,
    "EHLO": Stage.HELLO,
    "HELO": Stage.HELLO,
    "LHLO": Stage.HELLO,
    "STARTTLS": Stage.TLS,
    "AUTH": Stage.AUTH,
    "MAIL": Stage.MAIL,
    "RCPT": Stage.RCPT,
    "DATA": Stage.DATA,
    "BDAT": Stage.MESSAGE,
    "message": Stage.MESSAGE,
    "QUIT": Stage.QUIT,
}


class Stopped(Exception):
    """The session has come as far as it was to come."""


def stage_of(action: Exchange | Secure, here: Stage) -> Stage:
    """The stage that an action belongs to, for a session that has come to `here`."""
    if isinstance(action, Secure):
        return here if here is Stage.CONNECT else Stage.TLS
    stage = _STAGES.get(action.names[-1], here)  # clearing up belongs to what has failed
    return Stage.TLS if here is Stage.TLS and stage is Stage.HELLO else stage


def staged(
    flow: Flow[T], *, stop: Stage | None = None, lines: Mapping[Stage, Sequence[bytes]]
) -> Flow[T]:
    """The flow, with `lines` said once behind their stages; raises Stopped behind `stop`.

    It stops also where a stage would begin that lies behind `stop`, and that one never came.
    """
    left = dict(lines)
    here = Stage.CONNECT
    resume: Callable[[], Exchange | Secure] = partial(next, flow)
    while True:
        try:
            action = resume()
        except StopIteration as end:
            yield from _say(left.pop(here, ()))
            result: T = end.value
            return result
        there = stage_of(action, here)
        if there is not here:
            yield from _say(left.pop(here, ()))
            if stop is not None and max(here.place, there.place - 1) >= stop.place:
                raise Stopped
        here = there
        try:
            resume = partial(flow.send, (yield action))
        except PeerError as lost:
            resume = partial(flow.throw, lost)


def _say(lines: Sequence[bytes]) -> Flow[None]:
    for octets in lines:
        replies = yield Exchange((LINE,), octets)
        if replies[-1].code == CLOSING:
            raise Refused(LINE, replies[-1])
