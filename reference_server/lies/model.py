"""What a lie is, and the few ways in which lies change the honest rules."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.protocol.commands import Objection
from harness.protocol.extensions.model import Check, bad_value
from harness.protocol.extensions.model import no_objection as nothing_wrong
from harness.protocol.order import ORDER, Order, State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Answer, Answers, Occasion, Rules


def as_secure_as_ever(context: ssl.SSLContext) -> None:
    """TLS is left as it is."""


@dataclass(frozen=True, slots=True)
class Lie:
    """What is wrong, in one line, and the rules that are wrong in just that, or TLS that is."""

    what: str
    rules: Rules
    tls: Callable[[ssl.SSLContext], None] = field(default=as_secure_as_ever, kw_only=True)
    one_by_one: bool = field(default=False, kw_only=True)  # cases side by side would all meet it


def order_with(*changes: tuple[State, Verb, State | None]) -> Order:
    """The order with some cells changed; None takes the verb out of that state's row."""
    order = {state: dict(row) for state, row in ORDER.items()}
    for state, verb, leads_to in changes:
        if leads_to is None:
            order[state].pop(verb, None)
        else:
            order[state][verb] = leads_to
    return order


def answers_with(**changed: Answer) -> Answers:
    """The answers with some replaced, by the names of their occasions."""
    return {**ANSWERS, **{Occasion[name]: answer for name, answer in changed.items()}}


def with_limits(**changed: int) -> Rules:
    """The rules with other limits."""
    return replace(RULES, limits=replace(RULES.limits, **changed))


def with_extension(keyword: str, **changed: Any) -> Rules:
    """The rules with one row of the extensions changed."""
    row = replace(RULES.extensions[keyword], **changed)
    return replace(RULES, extensions={**RULES.extensions, keyword: row})


def with_parameter(keyword: str, said: str) -> Rules:
    """The rules where something stands behind a keyword that stands alone."""
    return with_extension(keyword, parameter=lambda facts: said)


def as_it_is(octets: bytes) -> bytes:
    """Nothing is done to it."""
    return octets


def no_objection(content: bytes) -> None:
    """Everything is fine."""


def without_announcing(*keywords: str) -> Rules:
    """The rules where some extensions are understood and not announced."""

    def announce(lines: Sequence[str]) -> Sequence[str]:
        return [line for line in lines if line.split(" ")[0] not in keywords]

    return replace(RULES, announce=announce)


def _anything(value: str | None) -> Objection | None:
    return None


def refusing(keyword: str, name: str, pattern: str) -> Rules:
    """The rules where a parameter that is right is refused if the pattern finds it."""
    row = RULES.extensions[keyword]
    check: Check = row.mail_parameters[name]

    def judge(value: str | None) -> Objection | None:
        return bad_value(name) if re.search(pattern, value or "") else check(value)

    return with_extension(keyword, mail_parameters={**row.mail_parameters, name: judge})


def unchecked(keyword: str) -> Rules:
    """The rules where the parameters of an extension may say anything."""
    names = RULES.extensions[keyword].mail_parameters
    return with_extension(
        keyword,
        mail_parameters=dict.fromkeys(names, _anything),
        object_to_mail=nothing_wrong,
    )
