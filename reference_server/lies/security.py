"""Lies about TLS as such, not about what is said in it (RFC 8314)."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol import trace
from harness.protocol.receiver import ANSWERS, RULES, Occasion
from harness.protocol.trace import Trace
from reference_server.lies.model import Lie, answers_with, without_announcing


def _any_version(context: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")


def _without_suite(traced: Trace, content: bytes) -> bytes:
    return trace.stamp(replace(traced, suite=None), content)


SECURITY: Final[Mapping[str, Lie]] = {
    "old-tls": Lie("TLS 1.0 and 1.1 will do", RULES, tls=_any_version),
    "speaks-before-tls": Lie(
        "who begins no handshake is greeted in the clear where TLS comes first",
        replace(RULES, speaks_before_tls=0.2),
    ),
    "no-close-notify": Lie(
        "TLS connections end without a word", replace(RULES, says_close_notify=False)
    ),
    "starttls-not-announced": Lie("EHLO does not list STARTTLS", without_announcing("STARTTLS")),
    "tls-unavailable": Lie(
        "STARTTLS is announced, and answered 454",
        replace(RULES, answers=answers_with(TLS_GO_AHEAD=ANSWERS[Occasion.TLS_UNAVAILABLE])),
    ),
    "suite-not-traced": Lie(
        "the Received field does not tell by which ciphers", replace(RULES, stamp=_without_suite)
    ),
}
