"""The log: one event a line, for machines (JSON) or for people; never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Form(StrEnum):
    """How a line of the log is written."""

    JSON = "json"
    TEXT = "text"


class Level(StrEnum):
    """How much an event matters; what matters less than asked for is not written."""

    DEBUG = "debug"  # each command that was objected to
    INFO = "info"  # sessions, messages, log-ins
    WARNING = "warning"  # what somebody should look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """Where the log goes and what stands in it."""

    path: Path | None = None  # None: standard error
    form: Form = Form.JSON
    level: Level = Level.INFO
