"""Reports read back as their readers do, and results in which everybody said what they must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from markdown_it import MarkdownIt

from harness.histogram import Histogram

ATTACK = "\x1b[31m\0\r\n\ufffe\u202e"
SHOWN = r"\x1B[31m"  # what is to be seen of how it begins
_CLOSED = frozenset({"who"})  # texts of which there are but a few


class Read(HTMLParser):
    """A page's elements and words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, text: str) -> None:
        self.words.append(text)

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def of(self, tag: str, kind: str = "") -> list[dict[str, Any]]:
        return [it for name, it in self.elements if name == tag and kind in it.get("class", "")]


def rendered(markdown: str) -> str:
    """Markdown as GitHub shows it."""
    return str(MarkdownIt("gfm-like", {"linkify": False}).render(markdown))


def spoiled(value: Any, name: str = "") -> Any:
    """A result in which whatever is text ends in what must not reach a terminal, nor XML."""
    if isinstance(value, str) and not isinstance(value, Enum) and name not in _CLOSED:
        return f"{value}{ATTACK}"
    if isinstance(value, tuple):
        return tuple(spoiled(each) for each in value)
    if isinstance(value, Mapping):
        return {spoiled(name): spoiled(each) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, Histogram):
        names = [each.name for each in fields(value)]
        return replace(value, **{name: spoiled(getattr(value, name), name) for name in names})
    return value


def obeyed(text: str) -> list[str]:
    """The characters that a terminal would obey, or that XML has not."""
    return [char for char in text if not char.isprintable() and char != "\n"]


def unescaped(document: str) -> list[str]:
    """The texts of an XML document that tell of an attack otherwise than as what it was."""
    root = ElementTree.fromstring(document)
    texts = [text for it in root.iter() for text in (*it.attrib.values(), it.text or "")]
    assert any(SHOWN in text for text in texts), "it tells of it somewhere"
    return [text for text in texts if text.count(SHOWN[4:]) != text.count(SHOWN)]
