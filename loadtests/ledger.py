"""What one connection's exchanges mean: latencies, messages that ended well or not, troubles.

The flow tells which reply decided a message; the driver tells what each exchange took.  Only the
cause of a failure counts as trouble: not the 503 behind a refused MAIL, not the DATA that is
refused because every recipient was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.errors import PeerError, Refused
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sender import Exchange, Outgoing
from loadtests import phases
from loadtests.driving import GONE, Lost
from loadtests.recorder import Recorder, kind_of

# What an exchange of this name alone is measured as; the final dot is measured where it is judged.
_PHASES: Mapping[str, str] = {
    "greeting": phases.GREETING,
    "EHLO": phases.HELLO,
    "HELO": phases.HELLO,
    "MAIL": phases.MAIL,
    "RCPT": phases.RCPT,
    "DATA": phases.DATA,
    "QUIT": phases.QUIT,
}
_STAGES: Mapping[str, str] = {**_PHASES, "message": phases.DOT}


class Failed(Exception):
    """Why a message or a connection failed; the same text for the same kind, as Locust wants."""

    def __init__(self, stage: str, what: str) -> None:
        super().__init__(f"{stage}: {what}")


# Something ended: its name, how long it took in seconds, and what went wrong, if anything did.
Finish = Callable[[str, float, Failed | None], None]


@dataclass(slots=True)
class _Times:
    began: float = 0.0  # the MAIL of the message that is opened now
    closing_began: float = 0.0  # the MAIL of the message whose final dot went out last
    dot_sent: float = 0.0
    dot_answered: float = 0.0
    last: float = 0.0


class Ledger:
    """The books of one connection."""

    def __init__(self, recorder: Recorder, finish: Finish) -> None:
        self.accepted = 0
        self.greeting: Reply | None = None
        self._recorder = recorder
        self._finish = finish
        self._open = 0  # messages begun and not decided
        self._times = _Times()
        self._names: tuple[str, ...] = ()
        self._replies: tuple[Reply, ...] = ()
        self._mail_is_done = False
        self._counted: Reply | None = None

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
        times = self._times
        self._names, self._replies = names, replies
        times.last = last
        if names[0] == "message":
            times.closing_began, times.dot_sent, times.dot_answered = times.began, sent, first
        if "MAIL" in names:
            times.began = sent
            self._open += 1
            self._recorder.begin(sent)
            self._mail_is_done = _is_good(replies[names.index("MAIL") : names.index("MAIL") + 1])
        if _is_good(replies):
            self._measure(names, last - sent)
        elif self._mail_is_done:
            self._count_refused_recipients()

    def tell(self, message: Outgoing, reply: Reply, copies: int) -> None:
        """A message is decided; the flow's `Tell`."""
        if reply is GONE:
            return  # `end` says what became of it
        self._open -= 1
        if not (reply.code // 100 == 2 and self._names[0] == "message"):
            self._refuse(reply)
            return
        times = self._times
        seconds = times.dot_answered - times.closing_began
        self._recorder.measure(phases.DOT, times.dot_answered - times.dot_sent)
        self._recorder.accept(seconds, len(message.octets), times.dot_answered)
        self.accepted += 1
        self._finish(phases.MESSAGE, seconds, None)

    def end(self, error: PeerError | None, now: float) -> None:
        """The connection is over; messages that nobody decided share its fate."""
        if error is None and not self._open:
            return
        stage, what = _cause(error)
        is_told = isinstance(error, Refused) and error.reply is self._counted
        if not is_told:
            example = str(error.reply) if isinstance(error, Refused) else ""
            self._recorder.trouble(stage, what, example)
        failed = Failed(stage, what)
        if not self._open and not is_told:
            self._finish(stage, 0.0, failed)
        for _ in range(self._open):
            if isinstance(error, Refused):
                self._recorder.refuse(now)
            else:
                self._recorder.lose(now)
            self._finish(phases.MESSAGE, now - self._times.began, failed)
        self._open = 0

    def _measure(self, names: tuple[str, ...], seconds: float) -> None:
        if len(names) > 1:
            self._recorder.measure(phases.GROUP, seconds)
        elif names[0] in _PHASES:
            self._recorder.measure(_PHASES[names[0]], seconds)
            if names[0] == "greeting":
                self.greeting = self._replies[0]

    def _count_refused_recipients(self) -> None:
        for name, reply in zip(self._names, self._replies, strict=False):
            if name == "RCPT" and not _is_good((reply,)) and reply.code != CLOSING:
                self._recorder.refused_at(phases.RCPT, reply)

    def _refuse(self, reply: Reply) -> None:
        times = self._times
        stage = self._stage_of(reply)
        if stage != phases.RCPT:  # refused recipients were counted one by one
            self._recorder.refused_at(stage, reply)
            self._counted = reply
        self._recorder.refuse(times.last)
        self._finish(phases.MESSAGE, times.last - times.began, Failed(stage, kind_of(reply)))

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
        case None:
            return phases.MESSAGE, "stopped by us"
        case _:
            return phases.HELLO, str(error)


def _is_good(replies: tuple[Reply, ...]) -> bool:
    """Whether there are replies, and all of them say done or go on."""
    for reply in replies:
        if not 200 <= reply.code < 400:  # all() takes thrice as long, per message
            return False
    return bool(replies)
