"""Values that may hold passwords: complaints name their place, and do not show the line."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from harness.documents import ListNode, MappingNode, Node, Place, TextNode


def unshown(root: Node, keys: Container[str]) -> Node:
    """The document, with no line to be shown of the values of these keys, or beyond any key."""
    if not isinstance(root, MappingNode):
        return root
    entries = tuple(
        (_alone(key), _hidden(value) if key.value in keys else value) for key, value in root.entries
    )
    return replace(root, entries=entries)


def _alone(key: TextNode) -> TextNode:
    """A key without what follows it, for it may be one of these mistyped."""
    at = key.at
    return replace(key, at=replace(at, text=at.text[: at.column - 1 + at.width]))


def _hidden(node: Node) -> Node:
    match node:
        case TextNode():
            return replace(node, at=_without_line(node.at))
        case ListNode():
            items = tuple(map(_hidden, node.items))
            return ListNode(items, _without_line(node.at))
        case MappingNode():
            entries = tuple(
                (replace(key, at=_without_line(key.at)), _hidden(value))
                for key, value in node.entries
            )
            return MappingNode(entries, _without_line(node.at))


def _without_line(at: Place) -> Place:
    return replace(at, text="")
