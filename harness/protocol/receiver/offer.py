"""What is offered to the client at this moment: extensions, their announcement, their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.protocol.commands import split_verb
from harness.protocol.extensions import EXTENSIONS, Extension, Facts
from harness.protocol.order import Verb
from harness.protocol.receiver.rules import Rules

# Commands that are there with an extension alone.
_EXTENSION_VERBS: Final = frozenset().union(*(row.verbs for row in EXTENSIONS.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The extensions that the client may use now, by keyword, and what they add."""

    extensions: Mapping[str, Extension]
    facts: Facts
    verbs: frozenset[Verb]
    usual_line: int  # octets that a command line may have
    lines: Mapping[bytes, int]  # and where its verb may have others
    longest_line: int

    def is_too_long(self, line: bytes) -> bool:
        """Whether a command line without its CRLF is longer than its verb may have it."""
        verb, _ = split_verb(line)
        return len(line) + 2 > self.lines.get(verb.upper(), self.usual_line)


def keywords(rules: Rules, offer: Offer) -> Sequence[str]:
    """The lines of the EHLO reply below the first, parameters included."""
    rows = offer.extensions.items()
    listed = [f"{name} {row.parameter(offer.facts)}".rstrip() for name, row in rows]
    # RFC 5321 4.1.1.1: commands beyond the minimum are listed too.
    commands = [verb.value for verb in (Verb.EXPN, Verb.HELP) if verb in rules.verbs]
    return rules.announce(listed + commands)


def make_offer(rules: Rules, facts: Facts) -> Offer:
    """What EHLO offers as the facts stand."""
    shown = {
        name: row
        for name, row in rules.extensions.items()
        if facts.service in row.services and row.is_offered(facts)
    }
    shown = {name: row for name, row in shown.items() if row.needs is None or row.needs in shown}
    rows, most = shown.values(), rules.limits.command_line
    usual = rules.longest_line(most, 0)
    lines = {
        b"MAIL": rules.longest_line(most, sum(row.mail_growth for row in rows)),
        b"RCPT": rules.longest_line(most, sum(row.rcpt_growth for row in rows)),
    }
    added = frozenset[Verb]().union(*(row.verbs for row in rows))
    return Offer(
        extensions=shown,
        facts=facts,
        verbs=rules.verbs & added | rules.verbs - _EXTENSION_VERBS,
        usual_line=usual,
        lines=lines,
        longest_line=max(usual, *lines.values()),
    )


def no_offer(rules: Rules, facts: Facts) -> Offer:
    """What there is for a client that has not said EHLO."""
    usual = rules.longest_line(rules.limits.command_line, 0)
    return Offer(
        extensions={},
        facts=facts,
        verbs=rules.verbs - _EXTENSION_VERBS,
        usual_line=usual,
        lines={},
        longest_line=usual,
    )
