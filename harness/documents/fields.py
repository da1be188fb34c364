"""Fields: the keys of one mapping, taken one by one; what nobody took is unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from types import TracebackType
from typing import TypeVar

from harness.documents.complaints import Complaints
from harness.documents.nodes import ListNode, MappingNode, Node, TextNode
from harness.documents.places import Place
from harness.errors import UsageError

T = TypeVar("T")

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?(B|KB|KiB|MB|MiB|GB|GiB|)")
_OCTETS = {"": 1, "B": 1, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20,
           "GB": 10**9, "GiB": 2**30}  # fmt: skip
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def read_duration(text: str) -> float | None:
    """Seconds in `200ms`, `1.5s`, `5m`, `2h` or `4d`, or None if it is no duration."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * _SECONDS[match[2]] if match else None


def read_size(text: str) -> int | None:
    """Octets in `512`, `10KiB` or `1.5 MB`, or None if it is no size."""
    match = _SIZE.fullmatch(text)
    return round(float(match[1]) * _OCTETS[match[2]]) if match else None


class Fields:
    """Reads a mapping's keys into values; every mistake becomes a complaint, none an exception.

    Used as a context manager, it complains at the end of each key that nobody asked for.  Where a
    value is wrong or a required one is missing, the reader gets the default and may go on.
    """

    def __init__(self, node: Node | None, complaints: Complaints, what: str = "the file") -> None:
        self.complaints = complaints
        self._asked: set[str] = set()
        self._missing: list[str] = []
        self._entries: dict[str, tuple[TextNode, Node]] = {}
        self.at = node.at if node is not None else Place("", 0)
        self._what = what
        self._is_mapping = isinstance(node, MappingNode)
        if isinstance(node, MappingNode):
            self._entries = {key.value: (key, value) for key, value in node.entries}
        elif node is not None:
            complaints.add(node.at, f"{what} must be a mapping: `key: value` lines")

    def __enter__(self) -> Fields:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.done()

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def done(self) -> None:
        """Complains of each key that nobody asked for, and of required ones that are not there."""
        for name, (key, _) in self._entries.items():
            if name not in self._asked:
                meant = self.complaints.unknown(key.at, "key", name, self._asked)
                # A required key that is only mistyped is one mistake, not two.
                self._missing = [it for it in self._missing if it != meant]
        for name in self._missing:
            self.complaints.add(self.at, f"{self._what} has no {name!r}")
        self._missing = []

    def place(self, key: str) -> Place:
        """Where the key's value stands; the mapping itself if there is no such key."""
        return self._entries[key][1].at if key in self._entries else self.at

    def take(self, key: str) -> Node | None:
        """The value's node, or None."""
        self._asked.add(key)
        return self._entries[key][1] if key in self._entries else None

    def rest(self) -> list[tuple[TextNode, Node]]:
        """The entries that nobody asked for yet; they count as asked for from now on."""
        left = [entry for name, entry in self._entries.items() if name not in self._asked]
        self._asked.update(key.value for key, _ in left)
        return left

    def require(self, key: str) -> bool:
        """Whether the key is there; `done` complains if not."""
        self._asked.add(key)
        if key not in self._entries and self._is_mapping:
            self._missing.append(key)
        return key in self._entries

    def node(self, key: str) -> TextNode | None:
        """A text's node, or None."""
        node = self.take(key)
        return None if node is None else self.as_text(node)

    def text(self, key: str) -> str | None:
        """A text, or None."""
        node = self.node(key)
        return None if node is None else node.value

    def required_text(self, key: str) -> str:
        """A text that must be there; empty if it is not, which is complained of."""
        return (self.text(key) or "") if self.require(key) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        return tuple(node.value for node in self.text_nodes(key))

    def text_nodes(self, key: str) -> tuple[TextNode, ...]:
        """The nodes of a list of texts, or of one text."""
        return self.as_texts(self.take(key))

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of a list; one value that is no list counts as a list of one."""
        return _items(self.take(key))

    def choice(self, key: str, words: Collection[str]) -> str | None:
        """One of these words, or None."""
        node = self.node(key)
        if node is None or node.value in words:
            return None if node is None else node.value
        self.complaints.unknown(node.at, key, node.value, words)
        return None

    def flag(self, key: str, default: bool = False) -> bool:
        """yes or no."""
        word = self.choice(key, _FLAGS)
        return default if word is None else _FLAGS[word]

    def number(self, key: str, default: int | None = None, *, minimum: int = 0) -> int | None:
        """A whole number."""
        node = self.node(key)
        if node is None:
            return default
        if not re.fullmatch("[0-9]{1,12}", node.value, re.ASCII):
            self.complaints.add(node.at, f"{key!r} must be a whole number, not {node.value!r}")
            return default
        if int(node.value) < minimum:
            self.complaints.add(node.at, f"{key!r} must be at least {minimum}")
            return default
        return int(node.value)

    def duration(self, key: str, default: float | None = None) -> float | None:
        """Seconds, from `5s` or `200ms`."""
        node = self.node(key)
        seconds = None if node is None else self._duration(node, key)
        return default if seconds is None else seconds

    def _duration(self, node: TextNode, key: str) -> float | None:
        seconds = read_duration(node.value)
        if seconds is None:
            self.complaints.add(node.at, f"{key!r} must be a duration, not {node.value!r}",
                                "such as 5s, 200ms or 2m")  # fmt: skip
        return seconds

    def durations(self, key: str) -> tuple[float, ...]:
        """A list of durations, or one."""
        nodes = self.text_nodes(key)
        read = (self._duration(node, key) for node in nodes)
        return tuple(seconds for seconds in read if seconds is not None)

    def size(self, key: str, default: int | None = None) -> int | None:
        """Octets, from `10KiB` or a whole number."""
        node = self.node(key)
        octets = None if node is None else read_size(node.value)
        if node is not None and octets is None:
            units = ", ".join(filter(None, _OCTETS))
            self.complaints.add(node.at, f"{node.value!r} is no size",
                                f"such as 10KiB; units: {units}")  # fmt: skip
        return default if octets is None else octets

    def made(self, node: TextNode | None, make: Callable[[str], T]) -> T | None:
        """What `make` makes of a text; a UsageError that it raises becomes a complaint there."""
        if node is None:
            return None
        try:
            return make(node.value)
        except UsageError as error:
            self.complaints.add(node.at, str(error))
            return None

    def fields(self, key: str) -> Fields | None:
        """The fields of a mapping within this one, or None."""
        node = self.take(key)
        return None if node is None else Fields(node, self.complaints, repr(key))

    def pairs(self, key: str) -> dict[str, TextNode]:
        """A mapping from texts to texts, whatever its keys."""
        inner = self.fields(key)
        entries = inner.rest() if inner else []
        texts = ((name.value, self.as_text(node)) for name, node in entries)
        return {name: node for name, node in texts if node is not None}

    def as_texts(self, node: Node | None) -> tuple[TextNode, ...]:
        """The texts of a list, or one text; complains of what is no text."""
        nodes = (self.as_text(one) for one in _items(node))
        return tuple(one for one in nodes if one is not None)

    def as_text(self, node: Node) -> TextNode | None:
        """The node if it is text; else complains, and says to quote what YAML took for more."""
        if isinstance(node, TextNode):
            return node
        if isinstance(node, ListNode):
            self.complaints.add(node.at, "a list where text is wanted", _quoting(node.at, "[", "]"))
        else:
            self.complaints.add(
                node.at, "a mapping where text is wanted", _quoting(node.at, "{", "}")
            )
        return None


def _items(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return node.items if isinstance(node, ListNode) else (node,)


def _quoting(at: Place, opening: str, closing: str) -> str:
    """`quote it: "{sender}"` where the author forgot to quote; nothing for a real block."""
    written = at.text[at.column - 1 :]
    end = written.find(closing)
    return f'quote it: "{written[: end + 1]}"' if written.startswith(opening) and end > 0 else ""
