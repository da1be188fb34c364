"""Lies about AUTH (RFC 4954), whatever the mechanism."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from harness.protocol import trace
from harness.protocol.extensions import Facts
from harness.protocol.extensions.model import always
from harness.protocol.order import IN_TRANSACTION, Verb
from harness.protocol.receiver import ANSWERS, RULES, Answer, Occasion
from harness.protocol.sasl import Attempt, Challenge, Judging, Spoilt
from harness.protocol.trace import Trace
from reference_server.lies.model import (
    Lie,
    answers_with,
    order_with,
    unchecked,
    with_extension,
    with_limits,
)


def _lax(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets)  # what is no base64 is passed over
    except binascii.Error:
        return b""


class _EqualsIsNothing(Attempt):
    """Takes the sign for an empty response as if nothing had been said."""

    def begin(self, initial: bytes | None) -> Challenge | Judging | Spoilt:
        """Begin as if the AUTH line held nothing."""
        return super().begin(None if initial == b"=" else initial)


def _with_a_dot(facts: Facts) -> str:
    return " ".join([*facts.mechanisms, "X.509"])


def _tokens_at_least(facts: Facts) -> str:
    return " ".join(facts.mechanisms or ("OAUTHBEARER",))


def _anonymously(traced: Trace, content: bytes) -> bytes:
    return trace.stamp(replace(traced, protocol=traced.protocol.removesuffix("A")), content)


def _nothing_behind_235(replies: list[bytes]) -> bytes:
    is_log_in = bool(replies) and replies[0].startswith(b"235")
    return b"".join(replies[:1] if is_log_in else replies)


def _usual_length(usual: int, growth: int) -> int:
    return usual


AUTHENTICATION: Final[Mapping[str, Lie]] = {
    "mechanism-with-dot": Lie(
        "EHLO lists a mechanism whose name is none",
        with_extension("AUTH", parameter=_with_a_dot),
    ),
    "bearer-in-clear": Lie(
        "tokens may be said in the clear",
        with_extension("AUTH", is_offered=always, parameter=_tokens_at_least),
    ),
    "auth-in-clear": Lie(
        "passwords may be said in the clear", replace(RULES, allows_auth_in_clear=True)
    ),
    "auth-in-transaction": Lie(
        "AUTH is taken within a transaction",
        replace(RULES, order=order_with(*((s, Verb.AUTH, s) for s in sorted(IN_TRANSACTION)))),
    ),
    "auth-twice": Lie(
        "AUTH is answered 235 again to who has logged in",
        replace(RULES, answers=answers_with(ALREADY=ANSWERS[Occasion.LOGGED_IN])),
    ),
    "mechanism-case-sensitive": Lie(
        "mechanisms are known in upper case alone", replace(RULES, fold_mechanism=str)
    ),
    "unknown-mechanism-535": Lie(
        "AUTH by a mechanism that is not known is answered 535",
        replace(
            RULES,
            answers=answers_with(
                UNKNOWN_MECHANISM=replace(ANSWERS[Occasion.WRONG_PASSWORD], text="Unknown")
            ),
        ),
    ),
    "cancelled-535": Lie(
        "AUTH that the client gives up is answered 535",
        replace(RULES, answers=answers_with(CANCELLED=Answer(535, "5.7.8", "Not logged in"))),
    ),
    "equals-is-nothing": Lie(
        "an empty response in the AUTH line is taken for none",
        replace(RULES, attempt=_EqualsIsNothing),
    ),
    "base64-lax": Lie(
        "what is no base64 in a response is passed over",
        replace(RULES, attempt=partial(Attempt, decode=_lax)),
    ),
    "short-response-line": Lie(
        "a response may be no longer than a command", with_limits(response_line=512)
    ),
    "logged-in-250": Lie(
        "AUTH that succeeds is answered 250",
        replace(RULES, answers=answers_with(LOGGED_IN=Answer(250, "2.7.0", "Welcome"))),
    ),
    "logged-in-without-code": Lie(
        "the status code of 235 is 2.0.0",
        replace(RULES, answers=answers_with(LOGGED_IN=Answer(235, "2.0.0", "Welcome"))),
    ),
    "wrong-password-550": Lie(
        "AUTH with a wrong password is answered 550",
        replace(RULES, answers=answers_with(WRONG_PASSWORD=Answer(550, "5.7.8", "No"))),
    ),
    "wrong-password-5.7.1": Lie(
        "the status code of 535 is 5.7.1",
        replace(RULES, answers=answers_with(WRONG_PASSWORD=Answer(535, "5.7.1", "No"))),
    ),
    "wrong-password-closes": Lie(
        "a log-in that fails ends the connection",
        replace(
            RULES,
            answers=answers_with(
                WRONG_PASSWORD=replace(ANSWERS[Occasion.WRONG_PASSWORD], closes=True)
            ),
        ),
    ),
    "mail-line-not-longer": Lie(
        "MAIL may be no longer than without extensions",
        replace(RULES, longest_line=_usual_length),
    ),
    "long-line-closes": Lie(
        "a line that is too long ends the connection",
        replace(
            RULES,
            answers=answers_with(
                LINE_TOO_LONG=replace(ANSWERS[Occasion.LINE_TOO_LONG], closes=True)
            ),
        ),
    ),
    "out-of-order-250": Lie(
        "a command that is out of order is answered 250",
        replace(RULES, answers=answers_with(OUT_OF_ORDER=Answer(250, "2.0.0", "If you like"))),
    ),
    "log-in-loses-the-rest": Lie(
        "what comes in one segment with a log-in is lost",
        replace(RULES, arrange=_nothing_behind_235),
    ),
    "auth-parameter-unknown": Lie(
        "MAIL knows no parameter AUTH", with_extension("AUTH", mail_parameters={})
    ),
    "auth-parameter-unchecked": Lie(
        "the parameter AUTH may say anything",
        unchecked("AUTH"),
    ),
    "log-in-not-traced": Lie(
        "the Received field says ESMTPS of who has logged in", replace(RULES, stamp=_anonymously)
    ),
}
