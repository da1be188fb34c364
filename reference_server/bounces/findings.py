"""What has become of recipients, and which of it their sender wants to hear (RFC 3461 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harness.protocol.commands import Parameters
from harness.protocol.options import recipient_options
from harness.protocol.replies import Reply


class Action(StrEnum):
    """What the Action field says (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What there is to say of one recipient."""

    address: str
    parameters: Parameters = ()  # of RCPT, as they came
    action: Action
    status: str  # an enhanced code: RFC 3463
    words: str = ""  # why, for people; the reply needs none
    remote: str = ""  # the host that was talked to, or tried
    reply: Reply | None = None  # what it said
    at: float | None = None  # when that was, since the epoch
    retry_until: float | None = None  # of a delay: when we shall give up
    asked_by_deadline: bool = False  # RFC 2852 wants it told, whatever NOTIFY says but NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The message that a notification is about."""

    reverse_path: str  # the empty string is the null reverse-path
    parameters: Parameters = ()  # of MAIL, as they came
    arrived: float | None = None
    content: bytes


_SUCCESS: Final = "SUCCESS"
_ASKED_BY: Final[Mapping[Action, str]] = {
    Action.FAILED: "FAILURE",
    Action.DELAYED: "DELAY",
    Action.DELIVERED: _SUCCESS,
    Action.RELAYED: _SUCCESS,
    Action.EXPANDED: _SUCCESS,
}
# RFC 3461 4.1: without NOTIFY we may tell of delays, and must of failures.
_UNSAID: Final = frozenset({"FAILURE", "DELAY"})
_NEVER: Final = frozenset({"NEVER"})


def to_tell(reverse_path: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that the sender is to be told of."""
    if not reverse_path:
        return ()  # RFC 3461 5.2: never in answer to a null reverse-path, for that ends all loops
    return tuple(finding for finding in findings if _is_asked_for(finding))


def _is_asked_for(finding: Finding) -> bool:
    asked = recipient_options(finding.parameters).notify
    if finding.asked_by_deadline:
        return asked != _NEVER
    return _ASKED_BY[finding.action] in (_UNSAID if asked is None else asked)
