"""ORDER holds for every sending flow, whatever is answered to each of its commands.

The peer here knows ORDER and nothing else: a command that it is told to refuse changes no state.
In lock-step nothing may be out of order; pipelined, only what stands behind a refusal in the same
write may.  When a flow ends, the next message must be in order again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from harness.errors import Refused
from harness.protocol.order import ORDER, State, Verb, after
from harness.protocol.replies import Capabilities, Reply, reply
from harness.protocol.sender import (
    Envelope,
    Exchange,
    Flow,
    Outgoing,
    Secure,
    make_opening,
    open_session,
    quit_,
    send_message,
    stream,
)
from harness.protocol.services import Service
from tests.protocol.driving import not_asked, run

TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))
CONTENT = b"Subject: x\r\n\r\nhi\r\n"

# Names of exchanges that are no verbs; without a text under way a message ends in its last chunk.
_VERBS = {"LHLO": Verb.EHLO, "message": Verb.LAST}


@dataclass
class Keeper:
    """A peer that keeps ORDER, and refuses what it is told to: one code after the other."""

    codes: Iterator[int]
    state: State = State.FRESH
    closed: bool = False
    out_of_order: list[str] = field(default_factory=list)
    _taking: bool = False  # a text by DATA

    def act(self, action: Exchange | Secure) -> tuple[Reply, ...]:
        assert not self.closed, "nothing is said after a 421"
        if isinstance(action, Secure):
            return ()
        replies: list[Reply] = []
        refused = False  # something in this write already was
        for name in action.names:
            code = self._answer(name, refused)
            refused = refused or code >= 400
            replies.append(reply(code, "so it is"))
            if code == 421:
                self.closed = True
                break
        return tuple(replies)

    def _answer(self, name: str, refused: bool) -> int:
        new, good = self._move(name)
        if new is None:
            if not refused:
                self.out_of_order.append(name)
            return 503
        wish = next(self.codes) if name in _DECIDED else 250
        if wish >= 400:
            if name == "message" and self._taking:
                self.state, self._taking = State.READY, False
            return wish
        self.state, self._taking = new, name == "DATA"
        return good

    def _move(self, name: str) -> tuple[State | None, int]:
        if name == "greeting":
            return self.state, 220
        if name == "message" and self._taking:
            return State.READY, 250
        if self._taking:
            return None, 503
        verb = _VERBS.get(name) or Verb(name)
        return after(self.state, verb, ORDER), 354 if name == "DATA" else 250


_DECIDED = {"MAIL", "RCPT", "DATA", "BDAT", "message"}
_ANSWERS = list(itertools.product((250, 550, 421), repeat=5))


def keep(flow: Flow[object], codes: Sequence[int], *, refusals: bool = True) -> Keeper:
    keeper = Keeper(itertools.chain(codes, itertools.repeat(250)))
    run(open_session("me.example"), keeper.act)
    try:
        run(flow, keeper.act)
    except Refused:
        assert refusals
    return keeper


def check(keeper: Keeper) -> None:
    assert keeper.out_of_order == []
    if not keeper.closed:
        assert after(keeper.state, Verb.MAIL) is State.SENDER
        assert not keeper._taking
        run(quit_(), keeper.act)
        assert keeper.state is State.CLOSED


@pytest.mark.parametrize("chunk", [None, 5, 100])
@pytest.mark.parametrize("keywords", [("CHUNKING",), ("CHUNKING", "PIPELINING")])
def test_one_message_keeps_the_order(keywords: tuple[str, ...], chunk: int | None):
    capabilities = Capabilities("mx.example", dict.fromkeys(keywords, ()))
    for codes in _ANSWERS:
        check(keep(send_message(TO_TWO, CONTENT, capabilities, chunk=chunk), codes))


@pytest.mark.parametrize("pipeline", [False, True])
def test_a_stream_keeps_the_order(pipeline: bool):
    message = Outgoing(make_opening(TO_TWO), b"hi\r\n.\r\n")
    for codes in _ANSWERS:
        check(keep(stream([message] * 3, pipeline=pipeline, tell=not_asked), codes))


@pytest.mark.parametrize("chunk", [None, 5, 100])
@pytest.mark.parametrize("keywords", [("CHUNKING",), ("CHUNKING", "PIPELINING")])
def test_lmtp_keeps_the_order(keywords: tuple[str, ...], chunk: int | None):
    capabilities = Capabilities("mx.example", dict.fromkeys(keywords, ()))
    for codes in _ANSWERS:
        flow = send_message(
            Envelope("a@b.example", ("c@d.example",)),
            CONTENT,
            capabilities,
            chunk=chunk,
            service=Service.LMTP,
        )
        check(keep(flow, codes))
