"""Message size declaration (RFC 1870)."""

from __future__ import annotations

import re

from harness.protocol.commands import Objection
from harness.protocol.extensions.model import Extension, bad_value

_VALUE = re.compile(r"[0-9]{1,20}")


def _check_size(value: str | None) -> Objection | None:
    return None if value is not None and _VALUE.fullmatch(value) else bad_value("SIZE")


SIZE = Extension(
    keyword="SIZE",
    rfc=1870,
    mail_parameters={"SIZE": _check_size},
    mail_growth=26,  # RFC 1870 3
)
