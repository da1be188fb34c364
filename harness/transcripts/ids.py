"""Ids: names that people type, never positions, never twice."""

from __future__ import annotations

import re

from harness.documents import Complaints, Fields, TextNode

NAME_OF_CASE = r"(?=[0-9._-]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]*"
PATH_OF_SUITE = r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*"


class Ids:
    """Reads the `id:` of cases or rows, each once."""

    def __init__(self, what: str, complaints: Complaints) -> None:
        self._what = what
        self._complaints = complaints
        self._lines: dict[str, int] = {}

    def read(self, fields: Fields) -> str:
        """The id; complains if it is missing, no name, or taken."""
        node = fields.node("id") if fields.require("id") else None
        if node is None:
            return ""
        if not re.fullmatch(NAME_OF_CASE, node.value):
            self._complaints.add(node.at, f"{node.value!r} is no id", _advice(node.value))
        elif node.value in self._lines:
            first = self._lines[node.value]
            self._complaints.add(node.at, f"the id {node.value!r} is repeated",
                                 f"the {self._what} in line {first} has it")  # fmt: skip
        self._lines.setdefault(node.value, node.at.line)
        return node.value


def check_suite_id(node: TextNode, complaints: Complaints) -> None:
    """Complains of a suite's id that is no path of names: `rfc5321/4.5.2`."""
    if not re.fullmatch(PATH_OF_SUITE, node.value):
        complaints.add(node.at, f"{node.value!r} is no id", "such as rfc5321/4.5.2")


def _advice(word: str) -> str:
    if word.isdigit():
        return "ids are names, never positions"
    return "letters, digits, '.', '-' and '_', at least one letter among them"
