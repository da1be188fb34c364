"""What a server can be told, as values; those of one room alone stand in that room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.protocol.receiver import Limits
from reference_server.configuration.relaying import Relaying
from reference_server.doors.door import LOOPBACK, Door, Endpoint, Kind
from reference_server.doors.limits import Allowance
from reference_server.faults.model import Table
from reference_server.intake.directory import Alias, MailingList
from reference_server.intake.policy import Tells
from reference_server.server import Patience
from reference_server.watching.log import Logging

STANDARD: Final = Door(Kind.SMTP, LOOPBACK, 2525)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that `smtp-harness serve` can be told."""

    # --- whose mail it takes
    domain: str = "example.test"
    users: Mapping[str, str | None] = field(default_factory=dict, repr=False)  # with passwords
    users_file: Path | None = None
    aliases: Mapping[str, Alias] = field(default_factory=dict)  # by local-part, in lower case
    lists: Mapping[str, MailingList] = field(default_factory=dict)
    separator: str = "+"  # of sub-addresses
    anyone_at: tuple[str, ...] = ()
    takes_mail: bool = True  # False: 521 to every host (RFC 7504); users may still submit
    tells: Tells = Tells.NOBODY  # whom VRFY and EXPN tell the truth

    # --- where it goes
    spool: Path | None = None  # None: a temporary directory
    sync: bool = True
    discard: bool = False
    sink: bool = False  # all mail for anybody is taken and counted, none is kept
    tells_postmaster: bool = True  # of what failed and came from the null reverse-path
    relay: Relaying | None = None  # None: nobody's mail goes elsewhere

    # --- how it talks
    doors: tuple[Door, ...] = (STANDARD,)
    voice: str = "default"
    fault: str | None = None
    faults: Table | None = None  # accidents
    tls_self_signed: bool = False
    key_pair: KeyPair | None = None
    auth_in_clear: bool = False  # log-ins outside TLS too
    demand_tls: bool = False  # 530 to everything before STARTTLS
    without: frozenset[str] = frozenset()  # extensions that are not offered, by keyword
    limits: Limits = field(default_factory=Limits)

    # --- how it keeps house
    allowance: Allowance = field(default_factory=Allowance)
    patience: Patience = field(default_factory=Patience)
    workers: int = 1
    log: Logging | None = None
    metrics: Endpoint | None = None
    control: Endpoint | None = None  # of faults, on loopback

    @property
    def keeps_mail(self) -> bool:
        """Whether there are mailboxes, or all mail is thrown away."""
        return not (self.discard or self.sink)
