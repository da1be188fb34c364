"""`${NAME}` and `${NAME:-default}` in a target file: a path of one machine need not stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from harness.documents import Complaints, ListNode, MappingNode, Node, TextNode

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?P<mark>:-(?P<default>[^{}]*))?\}")


def filled_in(node: Node, environment: Mapping[str, str], complaints: Complaints) -> Node:
    """The node with every variable of its values replaced; one that is not set is complained of."""
    match node:
        case TextNode():
            return _filled_in(node, environment, complaints)
        case ListNode():
            items = tuple(filled_in(item, environment, complaints) for item in node.items)
            return replace(node, items=items)
        case MappingNode():
            entries = tuple(
                (key, filled_in(value, environment, complaints)) for key, value in node.entries
            )
            return replace(node, entries=entries)


def _filled_in(node: TextNode, environment: Mapping[str, str], complaints: Complaints) -> TextNode:
    def value(match: re.Match[str]) -> str:
        # As in a shell, ":-" stands in for an empty variable too.
        found = environment.get(match["name"])
        if match["mark"]:
            return found or match["default"]
        if found is None:
            at = node.part(match.start(), len(match[0]))
            complaints.add(at, f"the environment variable {match['name']} is not set",
                           f"${{{match['name']}:-default}} would do without it")  # fmt: skip
            return match[0]
        return found

    return replace(node, value=_VARIABLE.sub(value, node.value))
