"""Exit statuses of `send`: by how far the message came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.client import Stage
from harness.errors import (
    NotOffered,
    PeerClosed,
    PeerError,
    PeerSilent,
    TargetUnreachable,
    TlsFailed,
)

SENT = 0
TROUBLE = 3  # nobody there, gone, or silent: as everywhere
NOT_OFFERED = 20

# the stage that was refused -> the status; docs/send.md has the same table
REFUSED: Final[Mapping[Stage, int]] = {
    Stage.GREETING: 21,
    Stage.HELLO: 22,
    Stage.MAIL: 23,
    Stage.RCPT: 24,
    Stage.DATA: 25,
    Stage.MESSAGE: 26,
    Stage.AUTH: 28,
    Stage.TLS: 29,
}


# the keyword that was missing -> the stage that could not begin
_MISSED: Final = {"STARTTLS": Stage.TLS, "AUTH": Stage.AUTH}


def status_of(error: PeerError, stage: Stage) -> int:
    """The status for what went wrong at a stage."""
    match error:
        case TlsFailed():
            return REFUSED[Stage.TLS]
        case NotOffered() if error.keyword in _MISSED:
            return REFUSED[_MISSED[error.keyword]]
        case NotOffered():
            return NOT_OFFERED
        case PeerClosed() | PeerSilent() | TargetUnreachable():
            return TROUBLE
    return REFUSED.get(stage, TROUBLE)
