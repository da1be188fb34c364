"""Lies about VRFY and EXPN (RFC 5321 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.commands import Who, read_who
from harness.protocol.order import IN_TRANSACTION, State, Verb
from harness.protocol.receiver import RULES, Answer
from reference_server.lies.model import Lie, answers_with, order_with, without_announcing


def _addresses_alone(argument: bytes, international: bool) -> Who | None:
    return read_who(argument, international) if b"@" in argument else None


def _no_parameter(argument: bytes, international: bool) -> Who | None:
    return None if argument.endswith(b" SMTPUTF8") else read_who(argument, international)


VERIFICATION: Final[Mapping[str, Lie]] = {
    "vrfy-250": Lie(
        "VRFY says of everybody that he exists, and nothing else",
        replace(RULES, answers=answers_with(VERIFIED=Answer(250, "2.1.5", "User exists"))),
    ),
    "vrfy-550": Lie(
        "VRFY says of everybody that he does not exist",
        replace(RULES, answers=answers_with(VERIFIED=Answer(550, "5.1.1", "No such user"))),
    ),
    "vrfy-addresses-alone": Lie(
        "VRFY knows no names without a domain", replace(RULES, read_who=_addresses_alone)
    ),
    "vrfy-resets": Lie(
        "VRFY and EXPN forget the transaction",
        replace(
            RULES,
            order=order_with(
                *(
                    (state, verb, State.READY)
                    for state in sorted(IN_TRANSACTION)
                    for verb in (Verb.VRFY, Verb.EXPN)
                )
            ),
        ),
    ),
    "vrfy-without-parameter": Lie(
        "VRFY and EXPN know no SMTPUTF8", replace(RULES, read_who=_no_parameter)
    ),
    "expn-not-announced": Lie("EHLO does not list EXPN", without_announcing("EXPN")),
}
