"""What one connection's exchanges mean: latencies, messages that ended well or not, troubles.

The flow tells which reply decided a message; the driver tells what each exchange took.  Only the
cause of a failure counts as trouble: not the 503 behind a refused MAIL, not the DATA that is
refused because every recipient was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.accounting import Receipts
from harness.errors import NotOffered, PeerError, Refused
from harness.load_results import LATE
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sender import Exchange, Outgoing
from loadtests.counting import phases
from loadtests.counting.recorder import Recorder, kind_of
from loadtests.driving import GONE, Lost
from loadtests.mail import Letter

# What an exchange of this name alone is measured as; the final dot is measured where it is judged.
_PHASES: Final[Mapping[str, str]] = {
    "greeting": phases.GREETING,
    "TLS": phases.TLS,
    "STARTTLS": phases.STARTTLS,
    "EHLO": phases.HELLO,
    "HELO": phases.HELLO,
    "LHLO": phases.HELLO,
    "AUTH": phases.AUTH,
    "MAIL": phases.MAIL,
    "RCPT": phases.RCPT,
    "DATA": phases.DATA,
    "BDAT": phases.CHUNK,
    "QUIT": phases.QUIT,
}
_STAGES: Final[Mapping[str, str]] = {**_PHASES, "message": phases.DOT}

_MOST: Final = 1_000  # sorts of exchanges that are known at a time

_GREETING: Final = ("greeting",)
_EACH: Final = ("message", "message")  # an answer for each recipient: RFC 2033 4.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What an exchange is, as far as its names tell."""

    ends: bool  # it begins with the end of a message
    each: bool  # it is nothing but the end of a message for several recipients by LMTP
    chunk: bool  # it begins with a part of a text that is not the last (RFC 3030)
    mail: int | None  # where MAIL stands in it
    asked: slice | None  # and where RCPT does
    phase: str | None  # what it is measured as
    failed: str | None  # and as what where it went wrong


class _Shapes(dict[tuple[str, ...], _Shape]):
    """Made once for each sort of exchange; an LRU cache would move what it finds to the front."""

    def __missing__(self, names: tuple[str, ...]) -> _Shape:
        if len(self) >= _MOST:
            self.clear()
        made = self[names] = _shape(names)
        return made


_SHAPES: Final = _Shapes()


def _shape(names: tuple[str, ...]) -> _Shape:
    return _Shape(
        ends=names[0] == "message",
        each=names[:2] == _EACH and names[-1] == "message",
        chunk=names[0] == "BDAT",
        mail=names.index("MAIL") if "MAIL" in names else None,
        asked=_places("RCPT", names),
        phase=_phase(names, _PHASES),
        failed=_phase(names, _STAGES),
    )


def _places(name: str, names: tuple[str, ...]) -> slice | None:
    """Where it stands, once or several times in a row."""
    if name not in names:
        return None
    first = names.index(name)
    return slice(first, first + names.count(name))


def _phase(names: tuple[str, ...], alone: Mapping[str, str]) -> str | None:
    is_group = len(names) > 1 and names[-1] != "message"  # the ends of one message are one answer
    return phases.GROUP if is_group else alone.get(names[-1])


class Failed(Exception):
    """Why a message or a connection failed; the same text for the same kind, as Locust wants."""

    def __init__(self, stage: str, what: str) -> None:
        super().__init__(f"{stage}: {what}")


# Something ended: its name, how long it took in seconds, and what went wrong, if anything did.
Finish = Callable[[str, float, Failed | None], None]


class Ledger:
    """The books of one connection of one sender."""

    __slots__ = (
        "_asked",
        "_began",
        "_closing_asked",
        "_closing_began",
        "_counted",
        "_dot_answered",
        "_dot_sent",
        "_dot_written",
        "_finish",
        "_good",
        "_handed",
        "_last",
        "_mail_is_done",
        "_names",
        "_open",
        "_receipts",
        "_recorder",
        "_replies",
        "_sender",
        "_text_began",
        "accepted",
        "greeting",
        "put_off",
    )

    def __init__(
        self,
        recorder: Recorder,
        finish: Finish,
        *,
        sender: int = 0,
        receipts: Receipts | None = None,
    ) -> None:
        self.accepted = 0
        self.put_off = 0  # messages in a row that were refused for the time being
        self.greeting: Reply | None = None
        self._recorder = recorder
        self._finish = finish
        self._sender = sender
        self._receipts = receipts
        self._open = 0  # messages begun and not decided
        self._handed: deque[tuple[Outgoing, float | None]] = deque()  # and not decided yet
        self._began = 0.0  # the MAIL of the message that is opened now
        self._closing_began = 0.0  # the MAIL of the message whose final dot went out last
        self._asked: tuple[Reply, ...] = ()  # the replies to its RCPTs
        self._closing_asked: tuple[Reply, ...] = ()
        self._dot_sent = 0.0  # when its text was begun
        self._dot_written = 0.0  # when all of it was on its way
        self._dot_answered = 0.0
        self._last = 0.0
        self._text_began: float | None = None  # by chunks
        self._names: tuple[str, ...] = ()
        self._replies: tuple[Reply, ...] = ()
        self._mail_is_done = False
        self._counted: Reply | None = None
        self._good: tuple[Reply, ...] = ()  # replies that held no refusal

    def hand(self, message: Outgoing, due: float | None) -> None:
        """A message is about to begin; under a rate it is due, or was, at this moment."""
        self._handed.append((message, due))

    def observe(
        self,
        exchange: Exchange,
        replies: tuple[Reply, ...],
        sent: float,
        written: float,
        first: float,
        last: float,
    ) -> None:
        """An exchange is over; the driver's `Observe`."""
        names = exchange.names
        shape = _SHAPES[names]
        self._names = names
        self._replies = replies
        self._last = last
        if shape.ends:
            self._closing_began, self._dot_sent = self._began, sent
            self._closing_asked = self._asked
            self._dot_answered = answered = last if shape.each else first
            # The next opening may still be on its way when the answer to the text is here.
            self._dot_written = min(written, answered)
            if self._text_began is not None:
                self._dot_sent, self._text_began = self._text_began, None
        elif shape.chunk and self._text_began is None:
            self._text_began = sent
        if len(replies) == 1:
            is_good = 200 <= replies[0].code < 400
        else:  # the same replies as before, and no others that are equal, were good before
            is_good = replies is self._good or _is_good(replies) or not replies
        if shape.mail is not None:
            self._asked = ()
            if len(replies) > shape.mail:
                self._begin(sent)  # else nobody got as far as answering it, behind another's text
            self._mail_is_done = is_good or _is_good(replies[shape.mail : shape.mail + 1])
        if shape.asked is not None:
            self._asked += replies[shape.asked]
        if is_good:
            self._good = replies
            if shape.phase is not None:
                self._recorder.measure(shape.phase, last - sent)
            if names == _GREETING:
                self.greeting = replies[0]
            return
        self._text_began = None
        self._count_bad(shape, last - sent)

    def _begin(self, sent: float) -> None:
        """MAIL was said; once more, maybe, to who called it out of order."""
        if self._open == len(self._handed):
            return
        self._began = sent
        self._open += 1
        due = self._handed[-1][1]
        self._recorder.begin(sent, due is not None and sent - due > LATE)

    def tell(self, message: Outgoing, reply: Reply, taken: int) -> None:
        """A message is decided; the flow's `Tell`."""
        if reply is GONE:
            if taken:
                self._doubt_rest(message)
            return  # `end` says what became of it
        self._open -= 1
        _, due = self._handed.popleft()
        if not (reply.code // 100 == 2 and self._names[0] == "message"):
            self._refuse(reply, due)
            return
        answered, written = self._dot_answered, self._dot_written
        seconds = answered - (self._closing_began if due is None else due)
        self._recorder.accept(
            seconds, written - self._dot_sent, answered - written, len(message.octets), answered
        )
        self.accepted += 1
        self.put_off = 0
        if self._receipts is not None and isinstance(message, Letter):
            self._receipts.accept(self._sender, message.serial, taken, written)
            if self._replies[-1] is GONE:
                self._doubt_rest(message)
        if self._recorder.tells_each:
            self._finish(phases.MESSAGE, seconds, None)

    def end(self, error: PeerError | None, now: float) -> None:
        """The connection is over; messages that nobody decided share its fate."""
        if error is None and not self._open:
            return
        stage, what = _cause(error)
        is_told = isinstance(error, Refused) and error.reply is self._counted
        if not is_told:
            example = str(error.reply) if isinstance(error, Refused) else ""
            self._recorder.trouble(stage, what, now, example)
        failed = Failed(*self._recorder.kind(stage, what))
        if not self._open and not is_told:
            self._finish(stage, 0.0, failed)
        if error is None:  # its dot may be on its way, where anybody was taken
            self._doubt(self._handed[0][0], _taken(self._asked))
        for _ in range(self._open):
            _, due = self._handed.popleft()
            seconds = now - (self._began if due is None else due)
            if isinstance(error, Refused):
                self._recorder.refuse(seconds, now)
            else:
                self._recorder.lose(seconds, now)
            self._finish(phases.MESSAGE, seconds, failed)
        self._open = 0

    @property
    def unsaid(self) -> list[float | None]:
        """The moments at which messages were due that were handed and not begun, after `end`."""
        return [due for _, due in self._handed]

    def abandon(self) -> None:
        """We have left in the middle of a message, as such a sender does: nobody failed."""
        self._recorder.ended += self._open
        self._open = 0
        self._handed.clear()

    def _doubt(self, message: Outgoing, taken: list[int]) -> None:
        """The text of a message went out, and nobody said what became of it for these."""
        if taken and self._receipts is not None and isinstance(message, Letter):
            self._receipts.doubt(self._sender, message.serial, sum(taken))

    def _doubt_rest(self, message: Outgoing) -> None:
        """The peer is lost; by LMTP it may have answered for some (RFC 2033 4.2)."""
        answered = len(self._replies) - 1
        if answered < self._names.count("message"):
            self._doubt(message, _taken(self._closing_asked)[answered:])

    def _count_bad(self, shape: _Shape, seconds: float) -> None:
        """Count what no message is told of: an exchange with a refusal in it."""
        if self._mail_is_done:
            self._count_refused("RCPT")
        if self._names[:2] == _EACH and any(reply.code // 100 == 2 for reply in self._replies):
            self._count_refused("message")  # for others it is accepted
        elif shape.failed is not None:
            self._recorder.measure_failed(shape.failed, seconds)

    def _count_refused(self, asked: str) -> None:
        """Count those recipients one by one who were refused when this was said for each."""
        for name, reply in zip(self._names, self._replies, strict=False):
            if name == asked and reply.code // 100 != 2 and reply.code != CLOSING:
                self._recorder.refused_at(_STAGES[name], reply, self._last)

    def _refuse(self, reply: Reply, due: float | None) -> None:
        stage = self._stage_of(reply)
        has_each = stage == phases.DOT and self._names[:2] == _EACH
        if has_each:
            self._count_refused("message")
        # Who was refused at RCPT was counted one by one before.
        if stage != phases.RCPT and (not has_each or reply.code == CLOSING):
            self._recorder.refused_at(stage, reply, self._last)
            self._counted = reply
        self.put_off = self.put_off + 1 if reply.code // 100 == 4 else 0
        seconds = self._last - (self._began if due is None else due)
        self._recorder.refuse(seconds, self._last)
        failed = Failed(*self._recorder.kind(stage, kind_of(reply)))
        self._finish(phases.MESSAGE, seconds, failed)

    def _stage_of(self, reply: Reply) -> str:
        for name, known in zip(self._names, self._replies, strict=False):
            if known is reply:
                return _STAGES.get(name, name)
        return phases.RCPT  # of a step before: only recipients do not end a message at once


def _cause(error: PeerError | None) -> tuple[str, str]:
    """Where a connection ended, and by what."""
    match error:
        case Refused():
            return _STAGES.get(error.doing, error.doing), kind_of(error.reply)
        case Lost():
            return _STAGES.get(error.stage, error.stage), str(error.cause)
        case NotOffered():
            return _STAGES.get(error.keyword, phases.HELLO), str(error)
        case None:
            return phases.MESSAGE, "stopped by us"
        case _:
            return phases.HELLO, str(error)


def _taken(asked: tuple[Reply, ...]) -> list[int]:
    """The recipients who were not refused, by the replies to all RCPTs: a bit each, in order."""
    return [1 << number for number, reply in enumerate(asked) if reply.code // 100 == 2]


def _is_good(replies: tuple[Reply, ...]) -> bool:
    """Whether there are replies, and all of them say done or go on."""
    for reply in replies:
        if not 200 <= reply.code < 400:  # all() takes thrice as long, per message
            return False
    return bool(replies)
