"""The catalogue: what the RFCs ask of mail systems, one entry for each sentence that we test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from harness.documents import ListNode, MappingNode, Node, TextNode, load
from harness.results import Grade

_BY_LEVEL = {
    "MUST": Grade.MUST,
    "MUST NOT": Grade.MUST,
    "SHOULD": Grade.SHOULD,
    "SHOULD NOT": Grade.SHOULD,
    "MAY": Grade.MAY,
    "de-facto": Grade.DE_FACTO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One requirement.  What the fields hold is said at the top of the catalogue itself."""

    id: str
    rfc: str
    section: str
    level: str
    role: str
    area: str
    basis: str
    tier: str
    needs: tuple[str, ...]
    requirement: str
    how: str
    source: str
    restates: str | None = None
    controversial: str | None = None
    first_suite: int | None = None

    @property
    def grade(self) -> Grade:
        """How much it weighs: what we only derived from a sentence never fails a server."""
        grade = _BY_LEVEL[self.level]
        return Grade.SHOULD if grade is Grade.MUST and self.basis == "derived" else grade


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries by id, in the order of the file."""

    entries: Mapping[str, Entry]

    @staticmethod
    def load() -> Catalogue:
        """The catalogue that the suites go by."""
        return _shipped()

    @staticmethod
    def read(path: Path) -> Catalogue:
        """A catalogue from a file."""
        root = load(path)
        items = root.items if isinstance(root, ListNode) else ()
        entries = (_entry(node) for node in items if isinstance(node, MappingNode))
        return Catalogue({entry.id: entry for entry in entries})

    @property
    def needs(self) -> frozenset[str]:
        """Every word that some entry needs."""
        return frozenset(need for entry in self.entries.values() for need in entry.needs)


@cache
def _shipped() -> Catalogue:
    with as_file(files("suites") / "requirements.yaml") as path:
        return Catalogue.read(path)


def _entry(node: MappingNode) -> Entry:
    values = {key.value: value for key, value in node.entries}
    texts = {key: _text(value) for key, value in values.items() if key != "needs"}
    rank = texts.pop("first_suite", None)
    needs = values.get("needs")
    words = tuple(map(_text, needs.items)) if isinstance(needs, ListNode) else ()
    return Entry(needs=words, first_suite=None if rank is None else int(rank), **texts)


def _text(node: Node) -> str:
    return node.value if isinstance(node, TextNode) else ""
