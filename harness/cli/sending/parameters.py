"""The parameters of MAIL and RCPT that options ask for, written as their RFCs want them.

What is asked for is said whether the server offers it or not: that is how one finds out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from harness.cli.sending.wishes import Wishes
from harness.errors import UsageError
from harness.protocol.commands import Parameters
from harness.protocol.extensions.xtext import encode_unitext, encode_xtext

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=(.+))?")
_NOTIFY = ("never", "success", "failure", "delay")
_BY = re.compile(r"(-?[0-9]{1,9})(?:;([NR]T?))?", re.IGNORECASE)
_PRIORITIES = range(-9, 10)  # RFC 6710 4.1.1


def mail_parameters(wishes: Wishes) -> Parameters:
    """What MAIL shall say."""
    return _once((*_for_mail(wishes), *map(_parameter, wishes.mail_parameters)))


def rcpt_parameters(wishes: Wishes, recipients: Sequence[str]) -> Mapping[str, Parameters]:
    """What RCPT shall say for each recipient; original recipients are given in their order."""
    if len(wishes.orcpt) > len(recipients):
        raise UsageError("--orcpt: there are more original recipients than recipients")
    common = [*_notify(wishes.notify), *map(_parameter, wishes.rcpt_parameters)]
    said = {to: _once(common) for to in recipients}
    for to, original in zip(recipients, wishes.orcpt, strict=False):
        said[to] = _once((*said[to], ("ORCPT", _orcpt(original))))
    return said


def _for_mail(wishes: Wishes) -> Iterator[tuple[str, str | None]]:
    if wishes.smtputf8:
        yield "SMTPUTF8", None
    if wishes.ret is not None:
        yield "RET", wishes.ret.upper()
    if wishes.envid is not None:
        yield "ENVID", _encode(wishes.envid)
    if wishes.requiretls:
        yield "REQUIRETLS", None
    if wishes.priority is not None:
        if wishes.priority not in _PRIORITIES:
            raise UsageError(f"--priority: -9 to 9 (RFC 6710), not {wishes.priority}")
        yield "MT-PRIORITY", str(wishes.priority)
    if wishes.by is not None:
        yield "BY", _by(wishes.by)
    if wishes.hold_for is not None and wishes.hold_until is not None:
        raise UsageError("--hold-for and --hold-until exclude each other (RFC 4865 5)")
    if wishes.hold_for is not None:
        yield "HOLDFOR", str(wishes.hold_for)
    if wishes.hold_until is not None:
        yield "HOLDUNTIL", _date(wishes.hold_until)


def _notify(text: str | None) -> Iterator[tuple[str, str]]:
    if text is None:
        return
    words = [word.strip().casefold() for word in text.split(",")]
    if not set(words) <= set(_NOTIFY) or ("never" in words and len(words) > 1):
        raise UsageError(f"--notify: never, or some of success,failure,delay; not {text!r}")
    yield "NOTIFY", ",".join(word.upper() for word in words)


def _orcpt(text: str) -> str:
    """`rfc822;bob@example.net` or just the address (RFC 3461 4.2, RFC 6533 3)."""
    kind, semicolon, address = text.partition(";")
    if not semicolon:
        kind, address = "rfc822" if text.isascii() else "utf-8", text
    encode = encode_unitext if kind.casefold() == "utf-8" else _encode
    return f"{kind};{encode(address)}"


def _encode(text: str) -> str:
    return encode_xtext(text.encode())


def _by(text: str) -> str:
    match = _BY.fullmatch(text)
    if match is None:
        raise UsageError(f"--by: seconds and a mode such as 120;R (RFC 2852), not {text!r}")
    return f"{int(match[1])};{(match[2] or 'N').upper()}"


def _date(text: str) -> str:
    """A date as RFC 3339 has it; without a zone it is UTC."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--hold-until: a date such as 2030-01-31T12:00:00Z, not {text!r}"
        ) from None
    date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    return date.isoformat(timespec="seconds").replace("+00:00", "Z")


def _parameter(text: str) -> tuple[str, str | None]:
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise UsageError(f"a parameter is NAME or NAME=VALUE, not {text!r}")
    return match[1], match[2]


def _once(parameters: Sequence[tuple[str, str | None]]) -> Parameters:
    """The parameters, the last said of each name (what was said in so many words wins)."""
    return tuple({name.upper(): (name, value) for name, value in parameters}.values())
