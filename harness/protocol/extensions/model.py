"""What an extension is: a row of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.protocol.commands import Objection

# Looks at the value of a parameter; None stands for a parameter without `=`.
Check = Callable[[str | None], Objection | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A service extension (RFC 5321 2.2): its EHLO keyword and what it adds to commands."""

    keyword: str
    rfc: int
    mail_parameters: Mapping[str, Check] = field(default_factory=dict)
    rcpt_parameters: Mapping[str, Check] = field(default_factory=dict)
    mail_growth: int = 0  # octets that it adds to the longest MAIL line


def bad_value(name: str) -> Objection:
    """The objection to a parameter that is known, with a value that is not."""
    return Objection(501, "5.5.4", f"Bad value of {name}")


def read_by(name: str, read: Callable[[str | None], object]) -> Check:
    """A check that objects to the values that `read` makes nothing of."""
    objection = bad_value(name)
    return lambda value: objection if read(value) is None else None
