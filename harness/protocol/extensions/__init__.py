"""Service extensions: one row each, a file per RFC family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions.body import BINARYMIME, CHUNKING, EIGHT_BIT_MIME, needs_chunks
from harness.protocol.extensions.delivery_status import DSN
from harness.protocol.extensions.international import SMTPUTF8, asks_for_utf8
from harness.protocol.extensions.limiting import LIMITS
from harness.protocol.extensions.model import Check, Extension, Facts
from harness.protocol.extensions.pipelining import PIPELINING
from harness.protocol.extensions.priority import MT_PRIORITY
from harness.protocol.extensions.security import AUTH, REQUIRETLS, STARTTLS
from harness.protocol.extensions.size import SIZE, declared_size
from harness.protocol.extensions.status_codes import ENHANCED_STATUS_CODES
from harness.protocol.extensions.timing import DELIVERBY, FUTURERELEASE
from harness.protocol.extensions.turning import ETRN

__all__ = [
    "EXTENSIONS",
    "Check",
    "Extension",
    "Facts",
    "asks_for_utf8",
    "check_parameters",
    "declared_size",
    "needs_chunks",
    "object_to_mail",
]

_ROWS = (
    PIPELINING,
    SIZE,
    EIGHT_BIT_MIME,
    SMTPUTF8,
    CHUNKING,
    BINARYMIME,
    ENHANCED_STATUS_CODES,
    DSN,
    DELIVERBY,
    FUTURERELEASE,
    MT_PRIORITY,
    LIMITS,
    ETRN,
    STARTTLS,
    REQUIRETLS,
    AUTH,
)

# keyword -> its row, in the order in which EHLO lists them
EXTENSIONS: Final[Mapping[str, Extension]] = {row.keyword: row for row in _ROWS}


def check_parameters(
    parameters: Parameters, offered: Mapping[str, Extension], which: str = "mail"
) -> Objection | None:
    """What is wrong with the parameters of a MAIL ("mail") or RCPT ("rcpt"), if anything."""
    for name, value in parameters:
        objections = [check(value) for check in _find_checks(name, offered, which)]
        if not objections:
            # RFC 5321 4.1.1.11
            return Objection(555, "5.5.4", f"Parameter {name} is not recognized")
        if None not in objections:
            return objections[0]
    return None


def _find_checks(name: str, offered: Mapping[str, Extension], which: str) -> list[Check]:
    """Several rows may know a parameter, each its own values of it."""
    tables = (
        row.mail_parameters if which == "mail" else row.rcpt_parameters for row in offered.values()
    )
    return [table[name] for table in tables if name in table]


def object_to_mail(
    parameters: Parameters, offered: Mapping[str, Extension], facts: Facts
) -> Objection | None:
    """What is wrong with parameters of MAIL that are good one by one, if anything."""
    objections = (row.object_to_mail(parameters, facts) for row in offered.values())
    return next(filter(None, objections), None)
