"""One transaction over a session: what it came to for each recipient.

What has been answered counts, however the transaction ended: a recipient refused for good is not
asked about again because the connection broke, and one who has the message never gets it twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from harness.errors import PeerError, Refused
from harness.protocol.replies import CLOSING, EnhancedCode, Reply
from harness.protocol.sender import Envelope, Handover, send_message
from reference_server.relay.outcomes import Outcome, postponed, refused
from reference_server.relay.sessions.asking import Ready
from reference_server.relay.sessions.session import Session

_TOO_MANY: Final = 452  # recipients, unless an enhanced code says otherwise: RFC 5321 4.5.3.1.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a transaction came to; of those who stand in neither, `elsewhere` speaks."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    again: frozenset[str] = frozenset()  # in another transaction over the same session
    elsewhere: Outcome | None = None  # for those left: at another host, or else this
    is_over: bool = False  # the session


async def transact(session: Session, ready: Ready, *, chunk: int | None) -> Result:
    """Send it, and tell what came of it."""
    talk, capabilities = session.talk, session.capabilities
    talk.forget()
    ended: Handover | PeerError
    try:
        ended = await talk.run(
            send_message(
                ready.envelope,
                ready.content,
                capabilities,
                chunk=chunk if "CHUNKING" in capabilities else None,
                service=session.service,
            )
        )
    except PeerError as error:
        ended = error
    result = judge(ready, talk.heard, talk.awaited, ended)
    return replace(result, is_over=result.is_over or bool(talk.wire.ended))


def judge(
    ready: Ready,
    heard: Sequence[tuple[str, Reply]],
    awaited: str,
    ended: Handover | PeerError,
) -> Result:
    """What follows from the replies that came, and from how it ended."""
    remote = ready.taken.remote
    is_over = any(reply.code == CLOSING for _, reply in heard) or _is_lost(ended)
    mail = next((reply for name, reply in heard if name == "MAIL"), None)
    if mail is None:
        return Result(elsewhere=_lost(ended, remote), is_over=is_over)
    if not _is_done(mail):
        outcome = refused(mail, remote)
        if mail.code // 100 == 5:
            return Result(outcomes=dict.fromkeys(ready.envelope.recipients, outcome))
        return Result(elsewhere=outcome, is_over=is_over)
    asked = _answers(ready.envelope, heard)
    accepted = [to for to, answer in asked.items() if _is_done(answer)]
    again = frozenset(to for to, answer in asked.items() if accepted and _is_too_many(answer))
    outcomes = {
        to: refused(answer, remote)
        for to, answer in asked.items()
        if not _is_done(answer) and answer.code != CLOSING and to not in again
    }
    final = _final(ready, accepted, awaited, ended)
    left = set(ready.envelope.recipients) - {*outcomes, *final, *again}
    return Result(
        outcomes=outcomes | final,
        again=again,
        elsewhere=_why_left(heard, ended, remote) if left else None,
        is_over=is_over,
    )


def _answers(envelope: Envelope, heard: Sequence[tuple[str, Reply]]) -> dict[str, Reply]:
    replies = [reply for name, reply in heard if name == "RCPT"]
    return dict(zip(envelope.recipients, replies, strict=False))  # not all may have been answered


def _final(
    ready: Ready, accepted: Sequence[str], awaited: str, ended: Handover | PeerError
) -> dict[str, Outcome]:
    """What the end of the message came to for those who had been accepted; nothing if none came."""
    remote = ready.taken.remote
    match ended:
        case Handover():
            return {to: _taken(ready, ended.answer(to)) for to in accepted}
        case Refused() if ended.doing not in ("DATA", "BDAT", "message"):
            return {}  # a 421 before: nobody has been sent anything
        case Refused() if ended.reply.code == CLOSING and ended.doing != "message":
            return {}
        case Refused():
            return dict.fromkeys(accepted, refused(ended.reply, remote))
        case _ if awaited == "message":
            # RFC 1047: it may have arrived, so it is not tried elsewhere at once.
            words = f"lost after the end of the message, which may have arrived: {ended}"
            return dict.fromkeys(accepted, postponed("4.4.2", words, remote))
        case _:
            return {}


def _taken(ready: Ready, answer: Reply | None) -> Outcome:
    assert answer is not None, "who was accepted has an answer"
    if not _is_done(answer):
        return refused(answer, ready.taken.remote)
    return replace(ready.taken, reply=answer)


def _why_left(
    heard: Sequence[tuple[str, Reply]], ended: Handover | PeerError, remote: str
) -> Outcome:
    closing = next((reply for _, reply in heard if reply.code == CLOSING), None)
    return _lost(ended, remote) if closing is None else refused(closing, remote)


def _lost(ended: Handover | PeerError, remote: str) -> Outcome:
    return postponed("4.4.2", f"the connection was lost: {ended}", remote)


def _is_lost(ended: Handover | PeerError) -> bool:
    return isinstance(ended, PeerError) and not isinstance(ended, Refused)


def _is_too_many(answer: Reply) -> bool:
    return answer.code == _TOO_MANY and answer.enhanced in (None, EnhancedCode(4, 5, 3))


def _is_done(reply: Reply) -> bool:
    return 200 <= reply.code < 300
