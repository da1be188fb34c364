"""Message size declaration (RFC 1870)."""

from __future__ import annotations

import re

from harness.protocol.commands import Parameters
from harness.protocol.extensions.model import Extension, Facts, read_by

_VALUE = re.compile(r"[0-9]{1,20}")


def read_size(value: str | None) -> int | None:
    """The number of octets; None if it is no such number (RFC 1870 6)."""
    return int(value) if value is not None and _VALUE.fullmatch(value) else None


def declared_size(parameters: Parameters) -> int:
    """The octets that MAIL announces (RFC 1870 6); 0 if it says nothing, or no number."""
    # Not every server looks at its parameters before it uses them.
    return read_size(dict(parameters).get("SIZE")) or 0


def _most(facts: Facts) -> str:
    return str(facts.limits.message)


SIZE = Extension(
    keyword="SIZE",
    rfc=1870,
    parameter=_most,
    mail_parameters={"SIZE": read_by("SIZE", read_size)},
    mail_growth=26,  # RFC 1870 3
)
