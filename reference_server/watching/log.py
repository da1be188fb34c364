"""The log: one event a line, for machines (JSON) or for people.

What a line may hold is decided by who tells it: never what a client said where a password may
stand.  A log that cannot be written stops no mail; how many lines were lost is told afterwards.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from harness.errors import UsageError

Fact = str | int | float | Sequence[str] | None  # None is not written
Now = Callable[[], float]  # seconds since the epoch

STDERR: Final = 2
_READABLE: Final = 0o640  # addresses are nobody else's business


class Form(StrEnum):
    """How a line of the log is written."""

    JSON = "json"
    TEXT = "text"


class Level(StrEnum):
    """How much an event matters; what matters less than asked for is not written."""

    DEBUG = "debug"  # each command that was objected to
    INFO = "info"  # sessions, messages, log-ins
    WARNING = "warning"  # what somebody should look at


_WEIGHT: Final = {level: weight for weight, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """Where the log goes and what stands in it."""

    path: Path | None = None  # None: standard error
    form: Form = Form.JSON
    level: Level = Level.INFO


def log_path(text: str, directory: Path = Path()) -> Path | None:
    """Where `stderr` or a path leads; a relative one begins at the directory."""
    return None if text == "stderr" else directory / Path(text).expanduser()


class Log:
    """Writes events; `always` are facts that stand in each line, such as which worker it was."""

    def __init__(self, logging: Logging, now: Now = time.time, **always: Fact) -> None:
        self._logging = logging
        self._now = now
        self._always = always
        self._write_line = _FORMS[logging.form]
        self._least = _WEIGHT[logging.level]
        self._lost = 0
        self._file = self._open()

    def tell(self, event: str, level: Level = Level.INFO, /, **facts: Fact) -> None:
        """Write an event, if it matters enough."""
        if _WEIGHT[level] < self._least:
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._write(Level.WARNING, "log-lines-lost", {"lines": lost})
        self._write(level, event, facts)

    def reopen(self) -> None:
        """Write to the file that has the name now: whoever rotates logs has renamed the old one."""
        old, self._file = self._file, self._open()
        if old != STDERR:
            os.close(old)

    def close(self) -> None:
        """Write no more."""
        if self._file != STDERR:
            os.close(self._file)

    def _open(self) -> int:
        path = self._logging.path
        if path is None:
            return STDERR
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _READABLE)
        except OSError as problem:
            raise UsageError(f"cannot write the log {path}: {problem.strerror}") from problem

    def _write(self, level: Level, event: str, facts: Mapping[str, Fact]) -> None:
        told: dict[str, Fact] = {"time": _stamp(self._now()), "level": level.value, "event": event}
        told.update((key, value) for key, value in self._always.items() if value is not None)
        told.update((key, value) for key, value in facts.items() if value is not None)
        line = self._write_line(told) + "\n"
        try:
            # One call a line: workers append to one file, and no line lands within another.
            os.write(self._file, line.encode())
        except OSError:
            self._lost += 1


def _stamp(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1_000), 1_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{thousandths:03}Z"


def _as_json(facts: Mapping[str, Fact]) -> str:
    return json.dumps(facts, separators=(", ", ": "))


def _as_text(facts: Mapping[str, Fact]) -> str:
    """`2026-11-26T12:00:00.000Z info login session=19c-1 user=alice`."""
    when, level, event, *rest = facts.items()
    words = [f"{key}={_word(value)}" for key, value in rest]
    return " ".join([str(when[1]), str(level[1]), str(event[1]), *words])


_PLAIN = re.compile(r"[!#-~]+")


def _word(value: Fact) -> str:
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else ",".join(value or ())
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


_FORMS: Final[Mapping[Form, Callable[[Mapping[str, Fact]], str]]] = {
    Form.JSON: _as_json,
    Form.TEXT: _as_text,
}
