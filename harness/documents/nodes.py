"""Nodes: a YAML file as a tree whose every part knows its place.  All scalars are text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.documents.places import Place, Source


@dataclass(frozen=True, slots=True)
class TextNode:
    """A scalar; `style` is `|` for a literal block, a quote, or nothing."""

    value: str
    at: Place
    style: str = ""
    source: Source = field(default=Source("", ()), repr=False, compare=False)

    @property
    def is_literal(self) -> bool:
        """Whether it is written as a literal block."""
        return self.style == "|"

    def lines(self) -> Iterator[tuple[str, Place]]:
        """Each line of a literal block with its place in the file, where it really stands."""
        texts = self.value.removesuffix("\n").split("\n")
        for number, text in enumerate(texts, start=self.at.line):
            # YAML has taken the block's indentation away: what is missing in front is its depth.
            depth = len(self.source.lines[number]) - len(text) if text else 0
            yield text, self.source.place(number, depth, len(text))

    def part(self, offset: int, width: int = 1) -> Place:
        """The place of a part of the text: exact unless it is quoted with escapes or folded."""
        return self.at.onward(offset + (self.style in ('"', "'")), width)


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: tuple[Node, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping, in the order of the file; keys are unique."""

    entries: tuple[tuple[TextNode, Node], ...]
    at: Place

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        return next((value for name, value in self.entries if name.value == key), None)


Node = TextNode | ListNode | MappingNode
