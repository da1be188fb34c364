"""Message size declaration (RFC 1870)."""

from __future__ import annotations

import re

from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions.model import Extension, bad_value

_VALUE = re.compile(r"[0-9]{1,20}")


def _check_size(value: str | None) -> Objection | None:
    return None if value is not None and _VALUE.fullmatch(value) else bad_value("SIZE")


def declared_size(parameters: Parameters) -> int:
    """The octets that MAIL announces (RFC 1870 6); 0 if it says nothing, or no number."""
    value = dict(parameters).get("SIZE")
    # Not every server looks at its parameters before it uses them.
    return int(value) if value is not None and _VALUE.fullmatch(value) else 0


SIZE = Extension(
    keyword="SIZE",
    rfc=1870,
    mail_parameters={"SIZE": _check_size},
    mail_growth=26,  # RFC 1870 3
)
