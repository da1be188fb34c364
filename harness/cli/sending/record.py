"""What is remembered of a session: its steps, the offers, what became of each message."""

from __future__ import annotations

from collections.abc import Iterable

from harness.cli.sending.conversation import Result
from harness.cli.sending.statuses import SENT, status_of
from harness.client import Stage, stage_of
from harness.errors import PeerError, Refused
from harness.protocol.replies import Capabilities, Reply
from harness.protocol.sender import Exchange, Secure
from harness.protocol.services import Service


class Record:
    """One session."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.steps: list[tuple[str, float]] = []  # what was done, and how many seconds it took
        self.offers: list[tuple[bool, Capabilities]] = []  # within TLS or not
        self.results: list[Result] = []
        self.error: PeerError | None = None
        self.status = SENT
        self._stage = Stage.CONNECT
        self._came = {Stage.CONNECT}

    def connected(self, seconds: float) -> None:
        """There is a connection."""
        self.steps.append(("connect", seconds))

    def observe(
        self, action: Exchange | Secure, replies: tuple[Reply, ...], seconds: float
    ) -> None:
        """An action is over; the driver's `Observe`."""
        self._stage = stage_of(action, self._stage)
        self._came.add(self._stage)
        self.steps.append((_label(action), seconds))

    def offer(self, capabilities: Capabilities, is_secure: bool) -> None:
        """The server has said what it offers."""
        self.offers.append((is_secure, capabilities))

    def tell(self, result: Result) -> None:
        """A message is decided."""
        self.results.append(result)
        if result.error is not None:
            self._fail(result.error)
        elif result.handover is not None and not result.handover.accepted:
            refusal = next(iter(result.handover.refused.values()))
            # By LMTP the end of the message may be what everybody was refused at.
            at_end = self._service is Service.LMTP and self._stage is Stage.MESSAGE
            self._fail(Refused("message" if at_end else "RCPT", refusal))

    def fail(self, error: PeerError) -> None:
        """The session could not go on."""
        self.error = error
        self._fail(error)

    def missed(self, stages: Iterable[Stage]) -> list[Stage]:
        """Those of the stages that never came."""
        return [stage for stage in stages if stage not in self._came]

    def _fail(self, error: PeerError) -> None:
        stage = self._stage
        if isinstance(error, Refused):
            stage = stage_of(Exchange((error.doing,), b""), self._stage)
        if self.status == SENT:
            self.status = status_of(error, stage)


def _label(action: Exchange | Secure) -> str:
    if isinstance(action, Secure):
        return "handshake"
    return " ".join(dict.fromkeys(action.names))
