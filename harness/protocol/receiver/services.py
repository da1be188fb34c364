"""What a service changes in the rules: submission (RFC 6409) and LMTP (RFC 2033)."""

from __future__ import annotations

from dataclasses import replace

from harness.protocol.order import State, Verb
from harness.protocol.receiver.answers import Answers, Occasion
from harness.protocol.receiver.rules import Rules
from harness.protocol.services import Service


def rules_for(service: Service, rules: Rules) -> Rules:
    """The rules as they are for that service; what a lie has changed stays as it is."""
    rules = replace(rules, service=service)
    return _for_delivery(rules) if service is Service.LMTP else rules


def _for_delivery(rules: Rules) -> Rules:
    # RFC 2033 4.3: without a recipient the last chunk has no reply, so it is not out of order.
    sender = {**rules.order[State.SENDER], Verb.LAST: State.READY}
    return replace(
        rules, order={**rules.order, State.SENDER: sender}, answers=_introduced(rules.answers)
    )


def _introduced(answers: Answers) -> Answers:
    greeting = answers[Occasion.GREETING]
    text = greeting.text.replace("ESMTP", "LMTP")
    return {**answers, Occasion.GREETING: replace(greeting, text=text)}
