"""The grammar: a dialogue's block to steps.

Which side of a connection the harness plays decides what its lines mean: in role server it is the
client, in role client the server, in role relay the client on the connection that a case begins
on and the server on those that it accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from harness.documents import TextNode
from harness.transcripts.acting import names_connection, read_action
from harness.transcripts.dialogue import Row, Setting, Utterance, read_rows, read_utterances
from harness.transcripts.expecting import read_expects
from harness.transcripts.forms import Form, Found, form, read_modifiers
from harness.transcripts.hearing import read_heard, read_said
from harness.transcripts.model import Role
from harness.transcripts.steps import MAIN, Expect, Line, Step, Write
from harness.transcripts.templates import holds_size, joined, literal, read_octets, read_text
from harness.transcripts.wants import WellFormed


def read_dialogue(block: TextNode, setting: Setting) -> tuple[Step, ...]:
    """The steps of a dialogue; what is wrong with it goes to the setting's complaints."""
    rows = read_rows(block, setting.complaints)
    if not rows and block.is_literal:
        setting.complaints.add(block.at, "an empty dialogue")
    return _Dialogue(setting).steps(rows)


_LOOKS_ESCAPED = re.compile(r"\\(?:[rnt0\\]|x[0-9A-Fa-f]{2})")
_EHLO = re.compile("(?:EHLO|LHLO) ", re.IGNORECASE)


class _Dialogue:
    """Reads lines in the order of the file, and so knows which connections are open."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._serves = {MAIN: setting.role is Role.CLIENT}  # connection -> we are the server
        self._greets: dict[str, bool] = {}  # connection -> its next reply answers EHLO

    def steps(self, rows: Iterable[Row]) -> tuple[Step, ...]:
        """The steps of lines of one indentation."""
        steps: list[Step] = []
        utterances = read_utterances(rows, self._setting.complaints)
        for (mark, connection), group in groupby(utterances, lambda it: (it.mark, it.connection)):
            lines = list(group)
            self._check_connection(lines[0], connection)
            if mark == "*":
                steps += self._actions(lines)
            elif mark == "C":
                steps += self._client_lines(lines, connection)
            else:
                steps += self._server_lines(lines, connection)
        self._check_sizes(steps)
        return tuple(steps)

    def _check_connection(self, line: Utterance, connection: str) -> None:
        if connection not in self._serves:
            known = self._serves.keys() - {MAIN}
            self._setting.complaints.unknown(line.at, "connection", connection, known)
            self._serves[connection] = False  # once is enough

    def _actions(self, lines: Sequence[Utterance]) -> list[Step]:
        steps = []
        for line in lines:
            opened = names_connection(line)
            if opened:
                self._open(line, opened)
            serves = self._serves[line.connection]
            step = read_action(line, self._setting, self.steps, serves=serves)
            steps += [step] if step else []
        return steps

    def _open(self, line: Utterance, name: str) -> None:
        complaints = self._setting.complaints
        accepts = line.text.startswith("accept")
        if accepts and self._setting.role is Role.SERVER:
            complaints.add(line.at, "a server under test does not connect to us",
                           "`* accept` is for role client and role relay")  # fmt: skip
        self._serves[name] = accepts

    def _client_lines(self, lines: Sequence[Utterance], connection: str) -> list[Step]:
        if self._serves[connection]:
            heard = [read_heard(line, self._setting, self.steps) for line in lines]
            return [step for step in heard if step is not None]
        written = tuple(self._line(line) for line in lines)
        self._greets[connection] = _EHLO.match(lines[0].text) is not None
        return [Write(lines=written, connection=connection, at=lines[0].at)]

    def _server_lines(self, lines: Sequence[Utterance], connection: str) -> list[Step]:
        if self._serves[connection]:
            return [*read_said(lines, self._setting)]
        expects: list[Step] = [*read_expects(lines, self._setting, self.steps)]
        if self._greets.pop(connection, False):
            expects[:1] = map(_as_answer_to_ehlo, expects[:1])
        return expects

    def _line(self, line: Utterance) -> Line:
        names, complaints = self._setting.names, self._setting.complaints
        if line.is_raw:
            octets = read_octets(line.text, line.text_at, names, complaints)
        else:
            self._warn_of_escape(line)
            text = read_text(line.text, line.text_at, names, complaints)
            octets = joined(text, literal(b"\r\n"))
        more = read_modifiers(line.below, _MODIFIERS, self._setting)
        return Line(octets=octets, at=line.at, **more)

    def _warn_of_escape(self, line: Utterance) -> None:
        escape = _LOOKS_ESCAPED.search(line.text)
        if escape:
            at = line.text_at.onward(escape.start(), len(escape[0]))
            self._setting.complaints.warn(at, f"{escape[0]} goes out as it stands",
                                          "C! knows escapes, C: has none")  # fmt: skip

    def _check_sizes(self, steps: Sequence[Step]) -> None:
        """`{size}` counts what follows in its write, so something must follow."""
        for step in steps:
            last = step.lines[-1].octets if isinstance(step, Write) else None
            if last is not None and holds_size(last):
                at = next(variable.at for variable in last.variables if variable.name == "size")
                self._setting.complaints.add(at, "{size} counts the client lines that follow at "
                                             "once, and none does",
                                             "for a pause, indent `after 200ms`")  # fmt: skip


def _as_answer_to_ehlo(step: Step) -> Step:
    """Its keywords have a grammar of their own, which `wellformed` asks for."""
    if not isinstance(step, Expect):
        return step
    checks = tuple(
        replace(check, to_ehlo=True) if isinstance(check, WellFormed) else check
        for check in step.checks
    )
    return replace(step, checks=checks)


def _split(found: Found) -> dict[str, Any]:
    return {"split": found.number(1)}


_MODIFIERS: tuple[Form, ...] = (
    form("split every byte", "split every byte", lambda _: {"split": 1, "split_every": True}),
    form("split after 3", r"split after (\S+)", _split),
    form("after 200ms", r"after (\S+)", lambda it: {"after": it.duration(1)}),
)
