"""What is offered to the client at this moment: extensions, their announcement, their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.protocol.extensions import Extension
from harness.protocol.order import Verb
from harness.protocol.receiver.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The extensions that the client may use now, by keyword."""

    extensions: Mapping[str, Extension]
    line_limit: int  # octets of a command line: 512 and what each extension adds
    mechanisms: Sequence[str] = ()  # of AUTH

    def keywords(self, rules: Rules) -> Sequence[str]:
        """The lines of the EHLO reply below the first, parameters included."""
        parameters = {"SIZE": str(rules.limits.message), "AUTH": " ".join(self.mechanisms)}
        # RFC 5321 4.1.1.1: commands beyond the minimum are listed too.
        commands = [verb.value for verb in (Verb.EXPN, Verb.HELP) if verb in rules.verbs]
        return rules.announce(
            [f"{name} {parameters.get(name, '')}".rstrip() for name in self.extensions] + commands
        )


def make_offer(
    rules: Rules, *, has_tls: bool, secure: bool, mechanisms: Sequence[str] = ()
) -> Offer:
    """STARTTLS is offered in the clear alone (RFC 3207 4.2), AUTH if there is a way to log in."""
    hidden = set()
    if not has_tls or secure:
        hidden.add("STARTTLS")
    if not mechanisms:
        hidden.add("AUTH")
    shown = {name: row for name, row in rules.extensions.items() if name not in hidden}
    growth = sum(row.mail_growth for row in shown.values())
    limit = rules.limits.command_line + growth
    return Offer(extensions=shown, line_limit=limit, mechanisms=mechanisms)
