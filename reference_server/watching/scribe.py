"""The scribe: a watcher that tells the log what happens in sessions.

No octet of a client's line is written as it came: verbs that we know, addresses that we have read,
our own words.  So a password can stand in the log only if somebody gives it as an address or name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.protocol.receiver import Answer, Event, Occasion
from harness.protocol.receiver.events import LogIn, Message, Objected, Recipient, Unfit
from harness.protocol.replies import CHALLENGE, Reply
from reference_server.watching.log import Fact, Level, Log
from reference_server.watching.visits import Handshake, Visit

RECIPIENTS: Final = 20  # named in one line; the rest are counted
_DIGITS: Final = 6  # behind the point of seconds


class Scribe:
    """Writes the log of sessions."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def opened(self, visit: Visit) -> None:
        """A client has come."""
        door = str(visit.door)
        self._log.tell("session-opened", session=visit.id, peer=visit.peer, door=door)

    def answered(self, visit: Visit, event: Event, reply: Reply, seconds: float) -> None:
        """What an event came to, if it is worth a line."""
        tell = _TELLING.get(type(event))
        if tell is not None:
            tell(self, visit, event, reply, seconds)

    def said(self, visit: Visit, occasion: Occasion, answer: Answer) -> None:
        """A last word."""
        if answer.closes:
            self._log.tell(
                "dismissed",
                session=visit.id,
                because=occasion.value.replace("_", " "),
                reply=f"{answer.code} {answer.enhanced or ''}".rstrip(),
            )

    def shaken(self, handshake: Handshake) -> None:
        """A TLS handshake has ended."""
        self._log.tell(
            "tls-failed" if handshake.problem else "tls",
            session=handshake.session or None,
            peer=handshake.peer,
            door=str(handshake.door),
            version=handshake.version or None,
            problem=handshake.problem or None,
        )

    def closed(self, visit: Visit) -> None:
        """The client is gone."""
        self._log.tell(
            "session-closed",
            session=visit.id,
            because=visit.because,
            messages=visit.messages,
            octets=visit.octets,
            seconds=round(visit.seconds, _DIGITS),
        )

    # --- answers -------------------------------------------------------------------------------

    def _logged_in(self, visit: Visit, event: LogIn, reply: Reply, seconds: float) -> None:
        if reply.code == CHALLENGE:
            return
        self._log.tell(
            "login" if reply.is_positive else "login-failed",
            session=visit.id,
            peer=visit.peer,
            # Who failed may have typed the password where the name should stand.
            user=visit.memory.user if reply.is_positive else None,
            mechanism=event.mechanism,
            reply=_code(reply),
        )

    def _recipient(self, visit: Visit, event: Recipient, reply: Reply, seconds: float) -> None:
        if reply.is_positive:
            return
        self._log.tell(
            "recipient-refused",
            session=visit.id,
            peer=visit.peer,
            **_who(visit),
            sender=str(visit.memory.reverse_path),
            recipient=str(event.addressee),
            reply=_text(reply),
        )

    def _message(self, visit: Visit, event: Message, reply: Reply, seconds: float) -> None:
        recipients = event.envelope.recipients
        self._log.tell(
            "message-accepted" if reply.is_positive else "message-refused",
            session=visit.id,
            peer=visit.peer,
            **_who(visit),
            sender=str(event.envelope.reverse_path),
            recipients=[str(one) for one in recipients[:RECIPIENTS]],
            others=len(recipients) - RECIPIENTS if len(recipients) > RECIPIENTS else None,
            size=len(event.content),
            reply=_text(reply),
            seconds=round(seconds, _DIGITS),
        )

    def _unfit(self, visit: Visit, event: Unfit, reply: Reply, seconds: float) -> None:
        self._log.tell(
            "message-refused", session=visit.id, peer=visit.peer, **_who(visit), reply=_text(reply)
        )

    def _objected(self, visit: Visit, event: Objected, reply: Reply, seconds: float) -> None:
        # A verb that we know, and no more of the line: in a mistyped AUTH it would be the password.
        verb = event.verb.value if event.verb else None
        self._log.tell("objected", Level.DEBUG, session=visit.id, verb=verb, reply=_code(reply))


def _who(visit: Visit) -> Mapping[str, Fact]:
    return {"helo": visit.memory.client or None, "user": visit.memory.user}


def _text(reply: Reply) -> str:
    return f"{reply.code} {' / '.join(reply.lines)}"


def _code(reply: Reply) -> str:
    return f"{reply.code} {reply.enhanced or ''}".rstrip()


_TELLING: Final[Mapping[type, Callable[[Scribe, Visit, Any, Reply, float], None]]] = {
    LogIn: Scribe._logged_in,
    Recipient: Scribe._recipient,
    Message: Scribe._message,
    Unfit: Scribe._unfit,
    Objected: Scribe._objected,
}
