"""Secrets: read from the environment or a file when they are needed, and never shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError

PASSWORD_ENV = "SMTP_HARNESS_PASSWORD"  # where a password is looked for if nobody says


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is: reading one that is not there is an error only for who needs it."""

    env: str | None = None
    file: Path | None = None
    text: str | None = field(default=None, repr=False)  # of our own embedded server

    def reveal(self) -> str:
        """The secret itself; raises UsageError if it is not where it should be."""
        if self.text is not None:
            return self.text
        if self.file is not None:
            return _first_line(self.file)
        assert self.env is not None, "a secret has a source"
        if self.env not in os.environ:
            raise UsageError(f"the password should be in the environment variable {self.env}")
        return os.environ[self.env]

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the target, and where the password is."""

    user: str
    password: Secret


def read_login(text: str) -> Login:
    """`alice`, `alice:env:NAME` or `alice:file:PATH`: a password itself is refused."""
    user, colon, source = text.partition(":")
    kind, _, name = source.partition(":")
    if not user:
        raise UsageError(f"{text!r} names no user")
    if not colon:
        return Login(user, Secret(env=PASSWORD_ENV))
    if kind == "env" and name:
        return Login(user, Secret(env=name))
    if kind == "file" and name:
        return Login(user, Secret(file=Path(name)))
    raise UsageError(
        f"the login of {user!r} names no source of a password: {user}:env:NAME or "
        f"{user}:file:PATH (never the password itself: every user of this machine could read it)"
    )


def _first_line(path: Path) -> str:
    try:
        return path.read_text("utf-8").partition("\n")[0].removesuffix("\r")
    except OSError as problem:
        raise UsageError(f"the password file {path}: {problem.strerror}") from problem
    except UnicodeDecodeError:
        raise UsageError(f"the password file {path} is not UTF-8") from None
