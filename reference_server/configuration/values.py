"""What a server can be told, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.protocol.receiver import RULES
from reference_server.doors import PLAIN, Door
from reference_server.server import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that `smtp-harness serve` can be told."""

    domain: str
    doors: tuple[Door, ...] = (PLAIN,)
    users: Mapping[str, str | None] = field(default_factory=dict)  # name -> password
    anyone_at: tuple[str, ...] = ()
    spool: Path
    voice: str = "default"
    fault: str | None = None
    tls_self_signed: bool = False
    sync: bool = True
    discard: bool = False
    max_size: int = RULES.limits.message
    patience: Patience = field(default_factory=Patience)
