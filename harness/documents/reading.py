"""Reading a file into nodes, whatever the file holds.

What is refused here on purpose: anchors, aliases and tags (an alias bomb costs nothing, because
nothing is ever expanded), more than one document, and characters that YAML would silently take
for line ends.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from harness.documents.complaints import Complaints
from harness.documents.nodes import ListNode, MappingNode, Node, TextNode
from harness.documents.places import Place, Source

MAX_SIZE = 4 * 1024 * 1024  # octets; our largest file, the catalogue, has 320 KB
MAX_DEPTH = 40  # of lists and mappings in each other

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # C where PyYAML was built with it

# What YAML 1.1 does not allow, and its exotic line ends, which would part a dialogue's lines.
_NOT_TEXT = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAB_INDENTS = re.compile(r"^ *\t[ \t]*", re.MULTILINE)

_HINTS = {
    "mapping values are not allowed in this context": "quote a text that holds ': '",
    "found character that cannot start any token": "quote a text that begins with this character",
    "did not find expected key": "is the indentation right? quote a text that begins with '{'",
    "did not find expected '-' indicator": "is the indentation right?",
    "found unexpected end of stream": "a quote is not closed",
}


def load(path: str | Path, *, max_size: int = MAX_SIZE) -> Node:
    """A file's nodes; raises DocumentError with all that is wrong with its YAML."""
    complaints = Complaints()
    root = read(path, complaints, max_size=max_size)
    complaints.raise_errors()
    assert root is not None, "a file without a node has a complaint"
    return root


def read(path: str | Path, complaints: Complaints, *, max_size: int = MAX_SIZE) -> Node | None:
    """A file's nodes, as far as it can be read; what is wrong goes to `complaints`."""
    try:
        octets = _octets(Path(path), max_size)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        complaints.add(Place(str(path), 0), reason[0].lower() + reason[1:])
        return None
    if len(octets) > max_size:
        complaints.add(Place(str(path), 0), f"the file is larger than {max_size:,} octets",
                       "is this the right file?")  # fmt: skip
        return None
    text = _decoded(octets, str(path), complaints)
    return None if text is None else parse(text, str(path), complaints)


def parse(text: str, path: str, complaints: Complaints) -> Node | None:
    """The nodes of a YAML text; `path` is for the complaints."""
    text = text.replace("\r\n", "\n")
    source = Source(path, tuple(text.split("\n")))
    found = Complaints()
    text = _without_tabs(_without_controls(text, source, found), source, found)
    tree = _Tree(source, found)
    try:
        tree.build(yaml.parse(text, Loader=_LOADER))
    except _Abandoned:
        pass
    except yaml.MarkedYAMLError as error:
        # A tab in the indentation is the cause, what YAML makes of it a consequence.
        if not found.errors:
            _complain_of_syntax(error, source, found)
    for complaint in found:
        complaints.add(complaint.at, complaint.message, complaint.hint)
    return tree.root


def _octets(path: Path, max_size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(max_size + 1)


def _decoded(octets: bytes, path: str, complaints: Complaints) -> str | None:
    octets = octets.removeprefix(codecs.BOM_UTF8)
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        before, wrong = octets[: error.start], octets[error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        text = octets.split(b"\n", line)[line - 1].decode(errors="replace").rstrip("\r")
        complaints.add(Place(path, line, column, text),
                       f"not UTF-8: octet {wrong:#04x}", "save the file as UTF-8")  # fmt: skip
        return None


def _without_controls(text: str, source: Source, complaints: Complaints) -> str:
    for at, letter in _occurrences(_NOT_TEXT, text, source):
        octets = "".join(f"\\x{octet:02x}" for octet in letter.encode(errors="surrogatepass"))
        complaints.add(at, f"U+{ord(letter):04X} may not stand in YAML",
                       f"in a dialogue, write it as {octets} after C!")  # fmt: skip
    return _NOT_TEXT.sub("?", text)


def _without_tabs(text: str, source: Source, complaints: Complaints) -> str:
    for at, indentation in _occurrences(_TAB_INDENTS, text, source):
        tab = indentation.index("\t")
        complaints.add(at.onward(tab), "a tab in the indentation", "indent by spaces")
    return _TAB_INDENTS.sub(lambda match: match[0].replace("\t", " "), text)


def _occurrences(
    pattern: re.Pattern[str], text: str, source: Source
) -> Iterator[tuple[Place, str]]:
    """Where a pattern occurs within lines, with what it matched."""
    line, begin, seen = 0, 0, 0
    for match in pattern.finditer(text):
        line += text.count("\n", seen, match.start())
        begin = text.rfind("\n", seen, match.start()) + 1 or begin
        seen = match.start()
        yield source.place(line, match.start() - begin), match[0]


def _complain_of_syntax(
    error: yaml.MarkedYAMLError, source: Source, complaints: Complaints
) -> None:
    problem = str(error.problem)
    # What is never closed is shown where it opens.
    is_open = problem == "found unexpected end of stream"
    mark = (error.context_mark if is_open else None) or error.problem_mark
    at = source.place(mark.line, mark.column) if mark else source.place(0, 0)
    complaints.add(at, f"not YAML: {problem}", _HINTS.get(problem, ""))


class _Abandoned(Exception):
    """Reading on would be useless, or dear; there is a complaint already."""


class _Tree:
    """Builds the nodes from YAML's events; what breaks off has no root."""

    def __init__(self, source: Source, complaints: Complaints) -> None:
        self.root: Node | None = None
        self._source = source
        self._complaints = complaints
        self._refused: set[str] = set()

    def build(self, events: Iterator[Any]) -> None:
        """Takes the first document; complains of a second."""
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                if self.root is not None:
                    self._abandon(event, "a second document", "one document in one file")
                self.root = self._node(event, events, 1)
        if self.root is None or (isinstance(self.root, TextNode) and not self.root.value):
            self._complaints.add(self._source.place(0, 0), "the file is empty")
            self.root = None

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._abandon(event, f"more than {MAX_DEPTH} lists and mappings in each other")
        self._refuse_cleverness(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, events, depth)
        value = event.value if isinstance(event, yaml.ScalarEvent) else ""
        style = (event.style or "") if isinstance(event, yaml.ScalarEvent) else ""
        return TextNode(value, self._place(event), style, self._source)

    def _list(self, begin: Any, events: Iterator[Any], depth: int) -> ListNode:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return ListNode(tuple(items), self._place(begin))

    def _mapping(self, begin: Any, events: Iterator[Any], depth: int) -> MappingNode:
        entries: dict[str, tuple[TextNode, Node]] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, TextNode):
                self._complaints.add(key.at, "a key must be text", "quote it")
            elif key.value in entries:
                first = entries[key.value][0].at.line
                self._complaints.add(key.at, f"the key {key.value!r} is repeated",
                                     f"it stands in line {first} already")  # fmt: skip
            else:
                entries[key.value] = (key, value)
        return MappingNode(tuple(entries.values()), self._place(begin))

    def _refuse_cleverness(self, event: Any) -> None:
        """Anchors, aliases and tags: once each, for a bomb has millions."""
        alias = isinstance(event, yaml.AliasEvent)
        tag = None if alias else event.tag
        if event.anchor is not None:
            mark = "*" if alias else "&"
            self._refuse(event, "an alias" if alias else "an anchor", mark + event.anchor,
                         "write the value out")  # fmt: skip
        if tag is not None:
            self._refuse(event, "a tag", tag, "quote a text that begins with '!'")

    def _refuse(self, event: Any, what: str, written: str, hint: str) -> None:
        if what not in self._refused:
            self._refused.add(what)
            self._complaints.add(self._place(event), f"{what}, {written!r}, means nothing here",
                                 hint)  # fmt: skip

    def _abandon(self, event: Any, message: str, hint: str = "") -> NoReturn:
        self._complaints.add(self._place(event), message, hint)
        raise _Abandoned

    def _place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 1
        return self._source.place(start.line, start.column, width)
