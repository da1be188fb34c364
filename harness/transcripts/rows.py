"""Rows of `each:`: one dialogue, many values, a case for each row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from harness.documents import Complaints, Fields, Node, Place, TextNode
from harness.transcripts.ids import Ids
from harness.transcripts.scope import COMPUTED, FACTS, Scope
from harness.transcripts.templates import NAME, Names, read_octets, read_text
from harness.transcripts.wants import Template

# What a row may say for itself alone; the other keys of a case hold for all rows.
OWN_KEYS = ("title", "checks", "caught_by", "needs", "start", "grade", "why", "note")

_IN_TITLE = re.compile(rf"\{{({NAME})\}}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its fields for what it says for itself, and its values.

    A product's row has the fields of each table, and their ids with a slash between.
    """

    fields: tuple[Fields, ...]
    id: str | None
    at: Place
    values: Mapping[str, Template] = field(default_factory=dict)
    written: Mapping[str, TextNode] = field(default_factory=dict)  # the values as they were written

    def title(self, node: TextNode | None, complaints: Complaints) -> str | None:
        """A title with this row's values in it."""
        if node is None:
            return None
        for match in _IN_TITLE.finditer(node.value):
            if self.id is not None and match[1] not in self.written:
                at = node.part(match.start(), len(match[0]))
                complaints.unknown(at, "variable", match[1], self.written)
        return _IN_TITLE.sub(
            lambda match: self.written[match[1]].value if match[1] in self.written else match[0],
            node.value,
        )


def read_rows(
    nodes: Iterable[Node], case_keys: Collection[str], complaints: Complaints
) -> list[Row]:
    """The rows of a list, no id twice."""
    ids = Ids("row", complaints)
    rows = []
    for node in nodes:
        with Fields(node, complaints, "a row") as row:
            rows.append(_row(row, ids.read(row), node.at, case_keys, complaints))
    return rows


def check_rows(rows: Iterable[Row], complaints: Complaints) -> frozenset[str]:
    """The names of all values; complains of rows that lack one."""
    rows = list(rows)
    names = {name: row for row in reversed(rows) for name in row.values}
    for row in rows:
        missing = [name for name in names if name not in row.values]
        if missing:
            listed = ", ".join(map(repr, missing[:5]))
            complaints.add(row.at, f"the row {row.id!r} sets no {listed}",
                           f"the row {names[missing[0]].id!r} does")  # fmt: skip
        scope = Scope((), complaints)
        for template in row.values.values():
            scope.check(template)
    return frozenset(names)


def names_in_title(title: str) -> set[str]:
    """The values that a title mentions."""
    return set(_IN_TITLE.findall(title))


def warn_of_unused(rows: Iterable[Row], used: Collection[str], complaints: Complaints) -> None:
    """Warns of values that no line uses: mostly a name that is mistyped on one side."""
    for row in rows:
        for name, node in row.written.items():
            if name not in used:
                complaints.warn(node.at, f"nothing uses the value {name!r}",
                                f"a line would, with {{{name}}}")  # fmt: skip


def _row(
    fields: Fields, id: str, at: Place, case_keys: Iterable[str], complaints: Complaints
) -> Row:
    """The row's values: all its keys but those that it says for itself."""
    for own in OWN_KEYS:
        fields.take(own)
    reserved = set(case_keys)
    values: dict[str, Template] = {}
    written: dict[str, TextNode] = {}
    for key, node in fields.rest():
        name = key.value.removesuffix("!")
        if name in reserved:
            complaints.add(key.at, f"{name!r} holds for all rows", "write it beside `each:`")
        elif name in FACTS or name in COMPUTED:
            complaints.add(key.at, f"{{{name}}} has a meaning of its own", "take another name")
        elif not re.fullmatch(NAME, name):
            complaints.add(key.at, f"{name!r} cannot be the name of a value",
                           "letters, digits, - and _, a letter first")  # fmt: skip
        elif name in values:
            complaints.add(key.at, f"the value {name!r} is given twice")
        else:
            text = fields.as_text(node)
            values[name] = Template(()) if text is None else _value(key, text, complaints)
            written |= {} if text is None else {name: text}
    return Row((fields,), id, at, values, written)


def _value(key: TextNode, text: TextNode, complaints: Complaints) -> Template:
    read = read_octets if key.value.endswith("!") else read_text
    return read(text.value, text.part(0), Names(), complaints)
