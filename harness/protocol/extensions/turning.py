"""Sending now what waits for a host (RFC 1985)."""

from __future__ import annotations

from harness.protocol.extensions.model import Extension
from harness.protocol.order import Verb
from harness.protocol.services import Service

ETRN = Extension(
    keyword="ETRN",
    rfc=1985,
    services=frozenset({Service.SMTP}),  # not for submission: RFC 6409 7
    verbs=frozenset({Verb.ETRN}),
)
