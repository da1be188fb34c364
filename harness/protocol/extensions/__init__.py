"""Service extensions: one row each, a file per RFC family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions.body import EIGHT_BIT_MIME
from harness.protocol.extensions.model import Check, Extension
from harness.protocol.extensions.pipelining import PIPELINING
from harness.protocol.extensions.security import AUTH, STARTTLS
from harness.protocol.extensions.size import SIZE, declared_size
from harness.protocol.extensions.status_codes import ENHANCED_STATUS_CODES

__all__ = ["EXTENSIONS", "Check", "Extension", "check_parameters", "declared_size"]

_ROWS = (PIPELINING, SIZE, EIGHT_BIT_MIME, ENHANCED_STATUS_CODES, STARTTLS, AUTH)

# keyword -> its row, in the order in which EHLO lists them
EXTENSIONS: Final[Mapping[str, Extension]] = {row.keyword: row for row in _ROWS}


def check_parameters(
    parameters: Parameters, offered: Mapping[str, Extension], which: str = "mail"
) -> Objection | None:
    """What is wrong with the parameters of a MAIL ("mail") or RCPT ("rcpt"), if anything."""
    for name, value in parameters:
        check = _find_check(name, offered, which)
        if check is None:
            # RFC 5321 4.1.1.11
            return Objection(555, "5.5.4", f"Parameter {name} is not recognized")
        objection = check(value)
        if objection is not None:
            return objection
    return None


def _find_check(name: str, offered: Mapping[str, Extension], which: str) -> Check | None:
    for extension in offered.values():
        checks = extension.mail_parameters if which == "mail" else extension.rcpt_parameters
        if name in checks:
            return checks[name]
    return None
