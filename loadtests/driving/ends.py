"""How a connection ends before its flow does."""

from __future__ import annotations

from typing import Final

from harness.errors import PeerError, Refused
from harness.protocol.replies import CLOSING, Reply

# What stands for the replies that will never come.  A flow takes a 421 for the last reply there
# is, which is just what the loss of the peer means; who hears of it knows this one by identity.
GONE: Final = Reply(CLOSING, b"")


class Unasked(PeerError):
    """The other end said more than was asked: whose answer the next reply is, nobody knows."""


class Lost(PeerError):
    """The connection ended before its flow did."""

    def __init__(self, stage: str, cause: PeerError) -> None:
        super().__init__(f"{stage}: {cause}")
        self.stage = stage
        self.cause = cause


def explained(refused: Refused, trouble: PeerError | None) -> PeerError:
    """What ended a flow: its peer said no, or was lost by this trouble."""
    if refused.reply is not GONE or trouble is None:
        return refused
    return Lost(refused.doing, trouble)
