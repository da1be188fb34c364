"""Manners: how a sender behaves, key by key, on top of what it would do otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from harness.documents import Complaints, Fields
from harness.target.reading import LISTENERS
from loadtests.contents import read_messages
from loadtests.profile.mailboxes import MOST, read_mailboxes
from loadtests.profile.quantities import (
    COUNT,
    DURATION,
    PACE,
    PAUSE,
    RECIPIENTS,
    RESUMED,
    SIZE,
    Quantity,
)
from loadtests.profile.values import Behaviour, Leave, Pipelining, Span, Tls, Whom

UNLIMITED: Final = "unlimited"
_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one mapping, and where its file is."""

    fields: Fields
    folder: Path

    @property
    def is_mixed(self) -> bool:
        """Whether they are above a mix, whose behaviours say more."""
        return "mix" in self.fields

    @property
    def complaints(self) -> Complaints:
        """Where mistakes go."""
        return self.fields.complaints


def read_manners(keys: Keys, before: Behaviour) -> Behaviour:
    """What `before` does, but for what these keys say; mistakes are complained of and left out."""
    said: dict[str, Any] = {}
    for key, read in MANNERS.items():
        if key in keys.fields:
            value = read(keys, key)
            said |= {} if value is None else {key: value}
        else:
            keys.fields.take(key)  # so that it is known
    if said.get("messages_per_connection") == UNLIMITED:
        said["messages_per_connection"] = None
    after = replace(before, **said)
    _check(keys, said, after)
    # Sizes are of generated messages: who names either means it.
    return replace(after, contents=()) if "size" in said and "contents" not in said else after


_Read = Callable[[Keys, str], object | None]


def _span_of(quantity: Quantity) -> _Read:
    def read(keys: Keys, key: str) -> Span | None:
        node = keys.fields.node(key)
        return quantity.span(node, key, keys.complaints) if node else None

    return read


def _number_of(quantity: Quantity) -> _Read:
    def read(keys: Keys, key: str) -> float | None:
        node = keys.fields.node(key)
        return quantity.number(node, key, keys.complaints) if node else None

    return read


def _word_of(words: type[_E]) -> _Read:
    def read(keys: Keys, key: str) -> _E | None:
        word = keys.fields.choice(key, [each.value for each in words])
        return words(word) if word is not None else None

    return read


def _flag(keys: Keys, key: str) -> bool:
    return keys.fields.flag(key)


def _listener(keys: Keys, key: str) -> str | None:
    return keys.fields.choice(key, LISTENERS)


def _messages(keys: Keys, key: str) -> Span | str | None:
    node = keys.fields.node(key)
    if node is None:
        return None
    if node.value == UNLIMITED:
        return UNLIMITED
    if node.value[:1].isdigit():
        return COUNT.span(node, key, keys.complaints)
    keys.complaints.add(node.at, f"{key!r} must be a whole number or {UNLIMITED!r}, not "
                        f"{node.value!r}", f"such as {COUNT.such_as}")  # fmt: skip
    return None


def _contents(keys: Keys, key: str) -> tuple[Path, ...] | None:
    def found(text: str) -> Path:
        path = keys.folder / text
        read_messages(path)
        return path.resolve()

    paths = (keys.fields.made(node, found) for node in keys.fields.text_nodes(key))
    return tuple(path for path in paths if path is not None) or None


def _mailboxes(keys: Keys, key: str) -> tuple[str, ...] | None:
    found: list[str] = []
    for node in keys.fields.text_nodes(key):
        found += keys.fields.made(node, lambda text: read_mailboxes(text, key)) or ()
    if len(found) > MOST:
        keys.complaints.add(
            keys.fields.place(key), f"{key!r} are more than {MOST:,} mailboxes together"
        )
        return None
    return tuple(found) or None


MANNERS: Final[Mapping[str, _Read]] = {
    "messages_per_connection": _messages,
    "connection_age": _number_of(DURATION),
    "think": _span_of(PAUSE),
    "size": _span_of(SIZE),
    "contents": _contents,
    "senders": _mailboxes,
    "mailboxes": _mailboxes,
    "recipients": _span_of(RECIPIENTS),
    "to": _word_of(Whom),
    "pipelining": _word_of(Pipelining),
    "chunking": _flag,
    "tls": _word_of(Tls),
    "resume": _number_of(RESUMED),
    "login": _flag,
    "listener": _listener,
    "pace": _number_of(PACE),
    "leave": _word_of(Leave),
}


def _check(keys: Keys, said: Mapping[str, Any], after: Behaviour) -> None:
    """Complains of keys that contradict each other."""
    for key, words in _contradictions(said, after, is_mixed=keys.is_mixed):
        keys.complaints.add(keys.fields.place(key), words)


def _contradictions(
    said: Mapping[str, Any], after: Behaviour, *, is_mixed: bool
) -> Iterator[tuple[str, str]]:
    if "size" in said and "contents" in said:
        yield "size", "'size' is of messages that we write, and 'contents' names ready ones"
    if said.get("resume") and after.tls is Tls.NONE and not is_mixed:
        yield "resume", "'resume' is about TLS sessions, and 'tls' is none"
    if after.to is Whom.UNKNOWN and "mailboxes" in said and not is_mixed:
        yield "mailboxes", "'mailboxes' says who gets the mail, and 'to' that nobody does"
    if "recipients" in said and 0 < len(after.mailboxes) < after.recipients.most:
        many = len(after.mailboxes)
        yield "recipients", f"'recipients' must be at most {many}: there are no more 'mailboxes'"
