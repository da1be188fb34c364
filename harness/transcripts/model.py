"""What a suite is once it has been read: frozen values, each of which knows its place.

Nothing here reads YAML or meets a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.documents import Place
from harness.transcripts.steps import Start, Step
from harness.transcripts.wants import Bounced, Delivered, Template


class Role(StrEnum):
    """The side under test."""

    SERVER = "server"
    CLIENT = "client"
    RELAY = "relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, or one row of a family."""

    suite: str  # rfc5321/4.5.2
    id: str  # leading-dots
    row: str | None = None  # the id of the row of `each:`
    title: str
    checks: tuple[str, ...]  # catalogue ids; the first one gives the grade
    caught_by: str | None = None
    role: Role = Role.SERVER
    start: Start = Start.CONNECT
    drops: bool = False  # `end: drop`: no QUIT at the end
    over: str | None = None
    needs: tuple[str, ...] = ()  # written and inferred, normalised ("ext:SIZE")
    as_written: bool = False  # `segment: as-written`: exempt from --segment
    grade: str | None = None  # raised by the author: MUST, SHOULD, vulnerability
    why: str | None = None  # the reason for a raised grade
    note: str | None = None
    steps: tuple[Step, ...]
    delivered: tuple[Delivered, ...] = ()
    not_delivered: tuple[Delivered, ...] = ()
    bounced: tuple[Bounced, ...] = ()
    values: Mapping[str, Template] = field(default_factory=dict)  # what the row of `each:` sets
    holds_token: bool = False  # whether its data can be told apart in a mailbox
    at: Place

    @property
    def address(self) -> str:
        """rfc5321/4.5.2/leading-dots, with /row for a row of a family."""
        return "/".join(filter(None, (self.suite, self.id, self.row)))

    def is_below(self, address: str) -> bool:
        """Whether it is this case, a row of it, or in what this address is the whole of."""
        return f"{self.address}/".startswith(f"{address.rstrip('/')}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One file."""

    id: str
    title: str
    cases: tuple[Case, ...]
    path: str
