"""Which message goes first (RFC 6710)."""

from __future__ import annotations

import re

from harness.protocol.extensions.model import Extension, read_by

_VALUE = re.compile(r"-?[1-9]|0")


def read_priority(value: str | None) -> int | None:
    """The number from -9 to 9; None if it is none (RFC 6710 7)."""
    return int(value) if value is not None and _VALUE.fullmatch(value) else None


MT_PRIORITY = Extension(
    keyword="MT-PRIORITY",
    rfc=6710,
    mail_parameters={"MT-PRIORITY": read_by("MT-PRIORITY", read_priority, "5.5.2")},  # 4.1 (1)
    mail_growth=15,  # RFC 6710 3 (6)
)
