"""Scope: which variables a dialogue may use, and where each comes from.

A name is known from the line that sets it to the end of its branch or repetition, so that no
case can need a variable that the branch which was taken never set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.documents import Complaints
from harness.transcripts.fullness import FULL
from harness.transcripts.steps import Expect, Hear, HearText, Repeat, Sasl, Step, Write
from harness.transcripts.walking import names_set, templates
from harness.transcripts.wants import Fill, Template, Variable

# What the target or the run knows -> what a case that uses it needs of the target.
FACTS: Mapping[str, str | None] = {
    "token": None,
    "in_an_hour": None,
    "our_name": None,
    "server": None,
    "domain": "domain",
    "DOMAIN": "domain",  # in capitals
    "literal": "ip-address",
    "sender": None,
    "recipient": "local-rcpt",
    "recipient2": "two-rcpts",
    "unknown": "unknown-rcpt",
    "foreign": "remote-rcpt",
    "foreign_domain": "remote-rcpt",
    "many": "many",
    "alias": "alias",
    "list": "list",
    "over_size": "size-limit",
    "too_much": "size-limit",
    "rcpt_max": "rcpt-limit",
    **dict.fromkeys(FULL, "size-limit"),
    "greylist": "greylist",
    "bounce": "bounce",
    "relayed": "relay",
}
COMPUTED = frozenset({"size", "sasl"})  # from the lines around them


class Scope:
    """Walks a dialogue in the order of the file and complains of variables that nothing sets."""

    def __init__(self, known: Iterable[str], complaints: Complaints) -> None:
        self._known = {*FACTS, *known}
        self._complaints = complaints

    def walk(self, steps: Iterable[Step]) -> None:
        """Checks the steps; what they set is known from then on."""
        for step in steps:
            self._step(step)

    def check(self, template: Template) -> None:
        """Complains of each variable of a template that is not known."""
        for variable in template.variables:
            self._check(variable, in_client_line=False)

    def _step(self, step: Step) -> None:
        self._refuse_taken_names(step)
        match step:
            case Write():
                for line in step.lines:
                    self._client_line(line.octets)
                return
            case Repeat():
                self._repeat(step)
                return
            case Sasl():
                self._known.add("sasl")
            case _:
                for template in templates(step):
                    self.check(template)
        self._known.update(names_set(step))
        if isinstance(step, Expect | Hear):
            for branch in step.branches:
                self._inner().walk(branch.steps)

    def _client_line(self, template: Template) -> None:
        for piece in template.pieces:
            if isinstance(piece, Fill) and piece.name:
                self._known.add(piece.name)
            elif isinstance(piece, Variable):
                self._check(piece, in_client_line=True)

    def _repeat(self, step: Repeat) -> None:
        if step.by is not None:
            self._check(step.by, in_client_line=False)
        inner = self._inner()
        inner._known.update(names_set(step))
        inner.walk(step.steps)
        self._known |= inner._known - set(names_set(step))

    def _inner(self) -> Scope:
        return Scope(self._known, self._complaints)

    def _refuse_taken_names(self, step: Step) -> None:
        """What a client says may be named like a fact; what we name ourselves may not."""
        for name in () if isinstance(step, Hear | HearText) else names_set(step):
            if name in FACTS or name in COMPUTED:
                self._complaints.add(step.at, f"{{{name}}} has a meaning of its own",
                                     "take another name")  # fmt: skip

    def _check(self, variable: Variable, *, in_client_line: bool) -> None:
        name = variable.name
        if name in self._known or (name == "size" and in_client_line):
            return
        if name == "size":
            self._complaints.add(variable.at, "{size} is for client lines")
        elif name == "sasl":
            self._complaints.add(variable.at, "{sasl} before any `* sasl`",
                                 "write `* sasl PLAIN` above")  # fmt: skip
        else:
            self._complaints.unknown(variable.at, "variable", name, self._known)
