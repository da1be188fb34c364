"""What an extension is: a row of the table, and the facts that it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.protocol.commands import Objection, Parameters
from harness.protocol.limits import Limits
from harness.protocol.order import Verb
from harness.protocol.services import Service

# Looks at the value of a parameter; None stands for a parameter without `=`.
Check = Callable[[str | None], Objection | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What holds for a session as long as nobody says EHLO or STARTTLS again."""

    service: Service = Service.SMTP
    limits: Limits = field(default_factory=Limits)
    can_secure: bool = False  # there is a certificate
    secure: bool = False  # inside TLS
    has_accounts: bool = False  # somebody may log in, here or inside TLS
    mechanisms: Sequence[str] = ()  # by which the client may log in now
    now: Callable[[], float] | None = None  # seconds since the epoch, if anybody can tell


def always(facts: Facts) -> bool:
    """Offered wherever its service is."""
    return True


def bare(facts: Facts) -> str:
    """The keyword stands alone."""
    return ""


def no_objection(parameters: Parameters, facts: Facts) -> None:
    """Parameters that are good one by one are good together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A service extension (RFC 5321 2.2): its EHLO keyword and what it adds to commands.

    Whoever takes the row out of the table switches all of it off.
    """

    keyword: str
    rfc: int
    services: frozenset[Service] = frozenset(Service)
    needs: str | None = None  # the keyword without which it is not offered
    is_offered: Callable[[Facts], bool] = always
    parameter: Callable[[Facts], str] = bare  # what stands behind the keyword
    verbs: frozenset[Verb] = frozenset()  # commands that there are with it alone
    mail_parameters: Mapping[str, Check] = field(default_factory=dict)
    rcpt_parameters: Mapping[str, Check] = field(default_factory=dict)
    object_to_mail: Callable[[Parameters, Facts], Objection | None] = no_objection
    mail_growth: int = 0  # octets that it adds to the longest MAIL line
    rcpt_growth: int = 0  # and to the longest RCPT line


def bad_value(name: str, enhanced: str = "5.5.4") -> Objection:
    """The objection to a parameter that is known, with a value that is not."""
    return Objection(501, enhanced, f"Bad value of {name}")


def read_by(name: str, read: Callable[[str | None], object], enhanced: str = "5.5.4") -> Check:
    """A check that objects to the values that `read` makes nothing of."""
    objection = bad_value(name, enhanced)
    return lambda value: objection if read(value) is None else None


def without_value(name: str) -> Check:
    """A check that objects to any value."""
    objection = Objection(501, "5.5.4", f"{name} takes no value")
    return lambda value: None if value is None else objection
