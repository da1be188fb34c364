"""What must have arrived: `delivered:`, `not_delivered:` and `bounced:`."""

from __future__ import annotations

import re

from harness.documents import Complaints, Fields, Node, Place, TextNode
from harness.transcripts.templates import (
    Names,
    joined,
    literal,
    read_octets,
    read_regex,
    read_text,
)
from harness.transcripts.wants import (
    Bounced,
    Delivered,
    ReceivedWant,
    Template,
    Variable,
)

STATUS = r"[245](?:\.[0-9]{1,3}){2}"


class Receipts:
    """Reads these keys of a case, with its names exchanged as in its client lines."""

    def __init__(self, names: Names, complaints: Complaints) -> None:
        self._names = names
        self._complaints = complaints

    def delivered(self, fields: Fields, key: str) -> tuple[Delivered, ...]:
        """The items of `delivered:` or `not_delivered:`."""
        return tuple(self._delivered(node, key) for node in fields.items(key))

    def bounced(self, fields: Fields) -> tuple[Bounced, ...]:
        """The items of `bounced:`."""
        return tuple(self._bounced(node) for node in fields.items("bounced"))

    def _delivered(self, node: Node, key: str) -> Delivered:
        with Fields(node, self._complaints, repr(key)) as fields:
            body, content = self._content(fields)
            return Delivered(
                to=self._text(fields, "to"),
                count=fields.number("count", 1, minimum=1) or 1,
                body=body,
                content=content,
                header=self._header(fields),
                return_path=self._text(fields, "return_path"),
                received=self._received(fields),
                unchanged=self._unchanged(fields),
                fields=self._counts(fields),
                lacks=self._text(fields, "lacks"),
                at=node.at,
            )

    def _bounced(self, node: Node) -> Bounced:
        with Fields(node, self._complaints, "'bounced'") as fields:
            to = self._text(fields, "to") if fields.require("to") else None
            return Bounced(
                to=to or Template(()),
                count=fields.number("count", 1, minimum=0) or 0,
                status=self._status(fields.node("status")),
                return_path=self._text(fields, "return_path"),
                at=node.at,
            )

    def _status(self, node: TextNode | None) -> str | None:
        if node is not None and not re.fullmatch(STATUS, node.value):
            self._complaints.add(node.at, f"{node.value!r} is no status", "such as 5.1.1")
        return node.value if node is not None else None

    def _content(self, fields: Fields) -> tuple[Template | None, Template | None]:
        """body, body! or content!: one of them."""
        text, raw, whole = fields.node("body"), fields.node("body!"), fields.node("content!")
        given = [node for node in (text, raw, whole) if node is not None]
        for node in given[1:]:
            self._complaints.add(node.at, "the body is given twice",
                                 "one of body, body! and content!")  # fmt: skip
        body = self._lines(text) if text is not None else self._octets(raw)
        return body, self._octets(whole)

    def _lines(self, node: TextNode) -> Template:
        """Text whose lines end in CRLF on the wire, the last one too."""
        texts = [
            it
            for line, at in _numbered(node)
            for it in (read_text(line, at, self._names, self._complaints), literal(b"\r\n"))
        ]
        return joined(*texts)

    def _octets(self, node: TextNode | None) -> Template | None:
        """Octets; the lines of a block follow each other like `C!` lines, without a line end."""
        if node is None:
            return None
        lines = _numbered(node) if node.is_literal else [(node.value, node.part(0))]
        return joined(*(read_octets(line, at, self._names, self._complaints) for line, at in lines))

    def _text(self, fields: Fields, key: str) -> Template | None:
        node = fields.node(key)
        return None if node is None else self._template(node)

    def _template(self, node: TextNode) -> Template:
        return read_text(node.value, node.part(0), self._names, self._complaints)

    def _header(self, fields: Fields) -> dict[str, Template]:
        pairs = fields.pairs("header")
        return {name: self._template(node) for name, node in pairs.items()}

    def _received(self, fields: Fields) -> ReceivedWant | None:
        inner = fields.fields("received")
        if inner is None:
            return None
        with inner:
            return ReceivedWant(
                count=inner.number("count"),
                with_=inner.text("with"),
                matches=self._regex(inner.node("matches")),
                lacks=self._regex(inner.node("lacks")),
            )

    def _regex(self, node: TextNode | None) -> Template | None:
        return None if node is None else read_regex(node.value, node.part(0), self._complaints)

    def _counts(self, fields: Fields) -> dict[str, int]:
        """How many fields of a name there are: `{Return-Path: 1, Apparently-To: 0}`."""
        inner = fields.fields("fields")
        if inner is None:
            return {}
        names = [name.value for name, _ in inner.rest()]
        counts = {name: inner.number(name) for name in names}
        return {name: count for name, count in counts.items() if count is not None}

    def _unchanged(self, fields: Fields) -> tuple[str, ...]:
        inner = fields.fields("unchanged")
        if inner is None:
            return ()
        with inner:
            return inner.texts("header")


def _numbered(node: TextNode) -> list[tuple[str, Place]]:
    if node.is_literal:
        return list(node.lines())
    text = node.value.removesuffix("\n")
    return [(line, node.part(0)) for line in text.split("\n")] if text else []


def templates_of_receipts(items: tuple[Delivered | Bounced, ...]) -> list[Template]:
    """The templates of what must arrive; no `to:` is {recipient}."""
    found: list[Template | None] = []
    for item in items:
        found.append(item.to or Template((Variable("recipient", item.at),)))
        found.append(item.return_path)
        if isinstance(item, Delivered):
            found += [item.body, item.content, item.lacks, *item.header.values()]
            found += [item.received.matches, item.received.lacks] if item.received else []
    return [template for template in found if template is not None]
